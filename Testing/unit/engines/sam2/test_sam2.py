"""The engine `sam2` computes what Meta's own code does, from Meta's own checkpoints.

``shapes.json`` lists the tensors of SAM 2.1 tiny and ``reference.json`` holds values of its
answers; both were made by Meta's code (facebookresearch/sam2, commit 2b90b9f,
``sam2.1_hiera_t.yaml`` and ``SAM2ImagePredictor``) with the weights and the image of
:mod:`Testing.seeded_weights`. So were the digests of the other sizes' tensors.
"""

import hashlib
import json
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam2]")

from GazeSAMLib.engines.engine import (  # noqa: E402
    EmbedsBatches,
    EmbedsInSteps,
    PackedEmbedding,
    StoresEmbeddings,
)
from GazeSAMLib.engines.sam2 import architecture  # noqa: E402
from GazeSAMLib.engines.sam2.checkpoint import our_name  # noqa: E402
from GazeSAMLib.engines.sam2.engine import Sam2Engine  # noqa: E402
from GazeSAMLib.engines.sam2.network import build  # noqa: E402
from GazeSAMLib.engines.torch_runtime.imports import import_beside_torch  # noqa: E402
from GazeSAMLib.errors import CheckpointError, EngineError, PromptError  # noqa: E402
from Testing.reference_answers import (  # noqa: E402
    IMAGE,
    assert_answers,
    overlap,
    reference_prompts,
)
from Testing.seeded_weights import seeded_weights, striped_image  # noqa: E402

try:
    import_beside_torch("timm", "timm")
except EngineError as error:
    pytest.skip(str(error), allow_module_level=True)

HERE = Path(__file__).parent
SHAPES = json.loads((HERE / "shapes.json").read_text())
REFERENCE = json.loads((HERE / "reference.json").read_text())
# Of the sorted lines "name shape" of the image path's tensors, in Meta's code.
DIGESTS = {
    "tiny": "5fb0607672d6c71f0b5f6114c2021001db91705a2649b10be60a229aee2aaf3b",
    "small": "fea35218f350ddfa182d55d436b6bee1aaedf2eb3ae7d4ba8738ac2ae0269bf9",
    "base_plus": "e324e46c530c9452ba45b308b1bbf223f21a354372abb4b9b32b2208df0355e1",
    "large": "a6dea25c6c655953d6c1ca410ff87515a828f8e5a32e5bccc074fb9214aec447",
}
THEIR_NAMES = (
    (r"^(trunk\..*\.mlp)\.fc1\.", r"\1.layers.0."),
    (r"^(trunk\..*\.mlp)\.fc2\.", r"\1.layers.1."),
    (r"^trunk\.", "image_encoder.trunk."),
    (r"^neck\.(\d)\.", r"image_encoder.neck.convs.\1.conv."),
    (r"(transformer\..*\.mlp)\.lin1\.", r"\1.layers.0."),
    (r"(transformer\..*\.mlp)\.lin2\.", r"\1.layers.1."),
    (r"^(prompt_encoder|mask_decoder)\.", r"sam_\1."),
)
# The real network with all its parts, thin so that a test takes a second.
THIN = replace(architecture.VARIANTS[0], name="thin", width=16)


def their_shapes(variant) -> dict[str, tuple[int, ...]]:
    """The tensors of the image path of a size, as Meta's code would name them."""
    shapes = {}
    for name, tensor in build(variant).state_dict().items():
        for pattern, theirs in THEIR_NAMES:
            name = re.sub(pattern, theirs, name)
        shapes[name] = tuple(tensor.shape)
    return shapes


def saved(tensors: dict, folder: Path, name="weights.pt") -> Path:
    path = folder / name
    torch.save({"model": tensors}, path)
    return path


@pytest.fixture(scope="module", autouse=True)
def thin_variant():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(architecture, "VARIANTS", (*architecture.VARIANTS, THIN))
        yield


@pytest.fixture(scope="module")
def thin_tensors():
    """A checkpoint's content as Meta would name it, with what belongs to videos."""
    of_videos = {name: shape for name, shape in SHAPES.items() if our_name(name) is None}
    return seeded_weights({**their_shapes(THIN), **of_videos})


@pytest.fixture(scope="module")
def thin_checkpoint(thin_tensors, tmp_path_factory):
    return saved(thin_tensors, tmp_path_factory.mktemp("thin"))


@pytest.fixture(scope="module")
def thin(thin_checkpoint):
    return Sam2Engine(thin_checkpoint, device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def thin_embedding(thin):
    return thin.embed(IMAGE)


def test_answers_are_those_of_metas_own_code(tmp_path):
    engine = Sam2Engine(saved(seeded_weights(SHAPES), tmp_path), "cpu", "fp32")
    assert engine.model.name == "sam2.1_tiny"
    embedding = engine.embed(IMAGE)
    for (name, theirs), tensor in zip(
        REFERENCE["features"].items(), embedding.tensors, strict=True
    ):
        _, channels, height, width = tensor.shape
        some = tensor[0, :: channels // 8, height // 3, :: width // 4].numpy().ravel()
        np.testing.assert_allclose(some, theirs, atol=1e-4, err_msg=name)
    answers = {kind: engine.decode(embedding, p) for kind, p in reference_prompts().items()}
    assert_answers(answers, REFERENCE["answers"])


@pytest.mark.parametrize("variant", architecture.VARIANTS, ids=lambda variant: variant.name)
def test_every_size_has_the_tensors_of_metas_own_and_is_known_by_them(variant):
    shapes = their_shapes(variant)
    lines = "".join(f"{name} {shapes[name]}\n" for name in sorted(shapes))
    assert hashlib.sha256(lines.encode()).hexdigest() == DIGESTS[variant.name]
    assert architecture.architecture_of(shapes) == variant


def test_the_first_release_is_called_by_its_name(thin_tensors, tmp_path):
    older = {name: t for name, t in thin_tensors.items() if name != "no_obj_embed_spatial"}
    assert Sam2Engine(saved(older, tmp_path), "cpu", "fp32").model.name == "sam2_thin"


def test_the_engine_can_all_that_slow_engines_can(thin, thin_checkpoint):
    assert isinstance(thin, StoresEmbeddings)
    assert isinstance(thin, EmbedsInSteps)
    assert isinstance(thin, EmbedsBatches)
    assert thin.weights_digest == hashlib.sha256(thin_checkpoint.read_bytes()).hexdigest()
    assert thin.runs_on == "cpu, fp32"


def test_a_packed_embedding_draws_the_same_masks(thin, thin_embedding):
    packed = thin.pack(thin_embedding)
    assert sum(array.nbytes for array in packed.arrays.values()) == 8 * 2**20
    arrays = {
        name: np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape)
        for name, array in packed.arrays.items()
    }
    facts = json.loads(json.dumps(packed.facts))
    again = thin.unpack(PackedEmbedding(arrays, facts))  # read-only, as from a file
    for prompts in reference_prompts().values():
        one, other = (thin.decode(e, prompts).inside for e in (thin_embedding, again))
        assert overlap(one, other) > 0.999


def test_what_is_no_embedding_of_it_is_refused(thin, thin_embedding):
    packed = thin.pack(thin_embedding)
    wide = {name: array.astype(np.float32) for name, array in packed.arrays.items()}
    for wrong in (
        PackedEmbedding({"features": packed.arrays["features"]}, packed.facts),
        PackedEmbedding(wide, packed.facts),
        PackedEmbedding(packed.arrays, {}),
        PackedEmbedding(packed.arrays, {"image_shape": [0, 4]}),
    ):
        with pytest.raises(EngineError, match="not one of SAM 2"):
            thin.unpack(wrong)


def test_embedding_in_steps_makes_room_and_can_be_given_up(thin, thin_embedding):
    calls = []
    stepped = thin.embed_in_steps(IMAGE, lambda: calls.append(None))
    assert len(calls) >= 12  # a step is a block
    for one, other in zip(stepped.tensors, thin_embedding.tensors, strict=True):
        assert torch.equal(one, other)

    def give_up():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        thin.embed_in_steps(IMAGE, give_up)
    assert torch.equal(thin.embed(IMAGE).tensors[0], thin_embedding.tensors[0])


def test_a_batch_gives_what_single_images_give(thin, thin_embedding):
    thin.batch_size = 2
    other = striped_image(90, 40)
    batch = thin.embed_batch([other, IMAGE])
    thin.batch_size = 1
    assert [e.image_shape for e in batch] == [other.shape, IMAGE.shape]
    for one, alone in zip(batch[1].tensors, thin_embedding.tensors, strict=True):
        torch.testing.assert_close(one, alone, atol=1e-4, rtol=1e-4)
    assert not torch.equal(batch[0].tensors[0], batch[1].tensors[0])
    assert thin.embed_batch([]) == []


def test_one_thread_embeds_while_another_decodes(thin, thin_embedding):
    prompts = reference_prompts()["box and point"]
    alone = thin.decode(thin_embedding, prompts).logits
    made, answers = [], []
    ahead = threading.Thread(target=lambda: made.append(thin.embed(striped_image(64, 64))))
    ahead.start()
    while ahead.is_alive():
        answers.append(thin.decode(thin_embedding, prompts).logits)
    ahead.join()
    assert made[0].image_shape == (64, 64)
    assert answers
    assert all(np.array_equal(answer, alone) for answer in answers)


def test_half_the_precision_draws_nearly_the_same_masks(thin, thin_embedding, thin_checkpoint):
    halved = Sam2Engine(thin_checkpoint, device="cpu", precision="bf16")
    assert halved.runs_on == "cpu, bf16"
    prompts = reference_prompts()["point"]
    one = thin.decode(thin_embedding, prompts).inside
    other = halved.decode(halved.embed(IMAGE), prompts).inside
    assert overlap(one, other) > 0.97


def test_a_mask_can_be_refined_and_one_of_another_size_is_refused(thin, thin_embedding):
    prompts = reference_prompts()["point"]
    first = thin.decode(thin_embedding, prompts)
    second = thin.decode(thin_embedding, prompts.refining(first.low_res[0]))
    assert not np.array_equal(first.logits, second.logits)
    with pytest.raises(PromptError, match="256, 256"):
        thin.decode(thin_embedding, prompts.refining(np.zeros((64, 64))))


def foreign(*names: str) -> dict:
    return {name: torch.zeros(2, 2) for name in names}


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (foreign("image_encoder.blocks.0.attn.rel_pos_h"), "seems to be Segment Anything"),
        (foreign("image_encoder.patch_embed.seq.0.c.weight"), "seems to be MobileSAM, not SAM 2"),
        (foreign("vision_encoder.backbone.pos_embed"), "in another library's naming"),
        (foreign("backbone.conv.weight"), "not a SAM 2 checkpoint: it has no tensor"),
        (foreign("image_encoder.trunk.pos_embed"), "other dimensions"),
    ],
)
def test_the_checkpoint_of_another_model_is_called_by_its_name(tensors, message, tmp_path):
    path = saved(tensors, tmp_path, "sam2.1_hiera_tiny.pt")
    with pytest.raises(CheckpointError, match=message) as raised:
        Sam2Engine(path, "cpu", "fp32")
    assert "sam2.1_hiera_tiny.pt" in str(raised.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.update(
                {"sam_mask_decoder.iou_token.weight": torch.ones(1, 256).to(torch.int8)}
            ),
            "quantised",
        ),
        (lambda t: t.pop("sam_mask_decoder.conv_s0.weight"), "no tensor 'mask_decoder.conv_s0"),
        (lambda t: t.update({"no_mem_embed": torch.zeros(3)}), r"has shape \(3,\)"),
        (lambda t: t.update({"image_encoder.extra": torch.zeros(3)}), "1 tensors such as"),
        (
            lambda t: t.update({"image_encoder.trunk.pos_embed": torch.zeros(1, 24, 7, 7)}),
            "unknown size .24 channels, 12 blocks",
        ),
    ],
)
def test_a_checkpoint_with_a_wrong_tensor_is_refused(thin_tensors, change, message, tmp_path):
    tensors = dict(thin_tensors)
    change(tensors)
    with pytest.raises(CheckpointError, match=message):
        Sam2Engine(saved(tensors, tmp_path), "cpu", "fp32")


def test_a_file_that_is_cut_short_or_missing_is_named(thin_checkpoint, tmp_path):
    cut = tmp_path / "cut.pt"
    cut.write_bytes(thin_checkpoint.read_bytes()[:-5000])
    with pytest.raises(CheckpointError, match=r"cut\.pt is damaged"):
        Sam2Engine(cut, "cpu", "fp32")
    with pytest.raises(CheckpointError, match=r"nowhere\.pt cannot be read"):
        Sam2Engine(tmp_path / "nowhere.pt", "cpu", "fp32")
    with pytest.raises(CheckpointError, match="needs a checkpoint"):
        Sam2Engine()


def test_importing_the_engine_does_not_import_torch():
    script = (
        "import sys; import GazeSAMLib.engines.sam2.engine\n"
        "assert not {'torch', 'timm', 'segment_anything'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
