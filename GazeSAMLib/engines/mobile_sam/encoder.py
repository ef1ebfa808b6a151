"""MobileSAM's image encoder (Zhang et al. 2023, arXiv:2306.14289): TinyViT, with SAM's neck.

TinyViT (Wu et al. 2022, arXiv:2207.10666) is that of ``timm``, but for one thing: MobileSAM's
last stage does not halve the resolution, so that the features have the 64 x 64 of SAM.
"""

from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING

from GazeSAMLib.engines.torch_runtime.imports import (
    import_beside_torch,
    import_segment_anything,
    import_torch,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

IMAGE_PX = 1024
PATCH_PX = 16
CHANNELS = 256
BLOCKS = (2, 2, 6, 2)
HEAD_CHANNELS = 32


def build_encoder(widths: tuple[int, ...]) -> "nn.Module":
    """Return the encoder: ``patch_embed``, ``stages`` and ``neck``, one after the other.

    Parameters
    ----------
    widths : tuple of int
        Channels of the four stages, multiples of 32.
    """
    import_segment_anything()
    import_beside_torch("timm", "timm")
    from segment_anything.modeling.common import LayerNorm2d
    from timm.models.tiny_vit import TinyVit

    nn = import_torch().nn
    trunk = TinyVit(
        num_classes=0,
        embed_dims=widths,
        depths=BLOCKS,
        num_heads=tuple(width // HEAD_CHANNELS for width in widths),
        window_sizes=(7, 7, 14, 7),
        drop_path_rate=0.0,
    )
    trunk.stages[3].downsample.conv2.conv.stride = (1, 1)
    encoder = nn.Sequential()
    encoder.patch_embed = trunk.patch_embed
    encoder.stages = trunk.stages
    encoder.neck = nn.Sequential(
        nn.Conv2d(widths[-1], CHANNELS, 1, bias=False),
        LayerNorm2d(CHANNELS),
        nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False),
        LayerNorm2d(CHANNELS),
    )
    encoder.img_size = IMAGE_PX  # where segment_anything looks for it
    return encoder.eval().requires_grad_(False)


def fuse(encoder: "nn.Module") -> None:
    """Compute once what depends on the weights alone: the results stay the same.

    Every convolution is joined with the batch normalisation behind it. The relative positions
    of attention become a table for all pairs of tokens in four dimensions: with timm's three
    torch leaves its fused kernel, which is three times as fast. Channels come last in memory,
    as attention wants them.
    """
    torch = import_torch()
    from timm.models.tiny_vit import Attention
    from timm.utils.model import reparameterize_model

    reparameterize_model(encoder, inplace=True)
    for module in encoder.modules():
        if isinstance(module, Attention):
            table = module.attention_biases[:, module.attention_bias_idxs][None]
            module.register_buffer("table", table, persistent=False)
            module.get_attention_biases = MethodType(_table_of, module)
            del module.attention_biases, module.attention_bias_idxs
    encoder.to(memory_format=torch.channels_last).requires_grad_(False)


def _table_of(attention: "nn.Module", device: "torch.device") -> "Tensor":
    """Return the table as torch's fused kernels there want it; processors take it as it is."""
    table: Tensor = attention.table
    return table if device.type == "cpu" else table.to(attention.qkv.weight.dtype)


def encode(encoder: "nn.Module", inputs: "Tensor", between: Callable[[], None]) -> "Tensor":
    """Return the features of normalised inputs, shape (B, 3, 1024, 1024), as float32.

    What the encoder does when it is called, but with `between` called before each block.
    """
    torch = import_torch()
    maps = encoder.patch_embed(inputs.contiguous(memory_format=torch.channels_last))
    first, *others = encoder.stages
    for block in first.blocks:
        between()
        maps = block(maps)
    for stage in others:
        between()
        tokens = stage.downsample(maps).permute(0, 2, 3, 1)
        for block in stage.blocks:
            between()
            tokens = block(tokens)
        maps = tokens.permute(0, 3, 1, 2)
    between()
    features: Tensor = encoder.neck(maps).float()
    return features
