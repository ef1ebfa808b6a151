"""Fused attention is Meta's attention, relative positions and all."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.sam import attention as fused  # noqa: E402
from GazeSAMLib.engines.sam.attention import fuse_attention  # noqa: E402
from GazeSAMLib.engines.torch_runtime.precision import lower_precision  # noqa: E402
from Testing.small_sam import an_image  # noqa: E402


@pytest.fixture(scope="module")
def tokens():
    return torch.randn((2, 6, 9, 96), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def attention(segment_anything):  # noqa: ARG001 - where it can be imported
    from segment_anything.modeling.image_encoder import Attention

    torch.manual_seed(2)
    layer = Attention(96, 3, use_rel_pos=True, input_size=(6, 9)).eval().requires_grad_(False)
    layer.rel_pos_h.normal_()  # Meta's constructor leaves zeros
    layer.rel_pos_w.normal_()
    return layer


@pytest.mark.parametrize("way", ["_with_bias", "_with_columns"])
@pytest.mark.parametrize("at_once", [1, 2**30], ids=["head by head", "all heads"])
def test_both_ways_give_metas_result(attention, tokens, monkeypatch, way, at_once):
    monkeypatch.setattr(fused, "_with_bias", getattr(fused, way))  # what processors take
    monkeypatch.setattr(fused, "BIAS_BYTES", at_once)
    np.testing.assert_allclose(fused._forward(attention, tokens), attention(tokens), atol=3e-6)


def test_relative_positions_matter(attention, tokens):
    without = copy.deepcopy(attention)
    without.rel_pos_h.zero_()
    assert not torch.allclose(fused._forward(without, tokens), attention(tokens), atol=0.01)


def test_the_scores_of_all_heads_are_never_written_down(segment_anything):  # noqa: ARG001
    from segment_anything.modeling import ImageEncoderViT

    encoder = ImageEncoderViT(
        img_size=512, embed_dim=64, depth=1, num_heads=8, use_rel_pos=True, global_attn_indexes=(0,)
    ).requires_grad_(False)
    image = torch.zeros((1, 3, 512, 512))
    plain = largest_tensor(encoder, image)
    assert plain == 8 * 1024 * 1024  # eight heads, 32 x 32 tokens with each other
    fuse_attention(encoder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "BIAS_BYTES", 1)
        assert largest_tensor(encoder, image) <= plain // 8


def largest_tensor(encoder, image) -> int:
    """Numbers in the largest tensor that an encoder makes on its way."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        numbers = 0

        def __torch_dispatch__(self, function, _types, args=(), kwargs=None):
            made = function(*args, **(kwargs or {}))
            for one in made if isinstance(made, tuple | list) else (made,):
                if isinstance(one, torch.Tensor):
                    Largest.numbers = max(Largest.numbers, one.numel())
            return made

    with torch.no_grad(), Largest():
        encoder(image)
    return Largest.numbers


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_an_encoder_in_fewer_bits_is_close(model, engine, dtype):
    encoder = lower_precision(fuse_attention(copy.deepcopy(model.image_encoder)), dtype)
    pixels = an_image((320, 320))
    square = engine._sam.recipe.normalised(torch.as_tensor(pixels), 320)
    with torch.inference_mode():
        exact, rounded = model.image_encoder(square), encoder(square)
    assert rounded.dtype == torch.float32
    assert encoder.blocks[0].mlp.lin1.weight.dtype == dtype
    assert encoder.blocks[0].norm1.weight.dtype == torch.float32
    error = (rounded - exact).square().mean().sqrt() / exact.std()
    assert 1e-6 < error < 0.02
