"""The engine `mobile_sam` computes what MobileSAM's own code does, from its own checkpoints.

``shapes.json`` lists the tensors of MobileSAM's model and ``reference.json`` holds values of its
answers; both were made by its own code (ChaoningZhang/MobileSAM, commit 34bbbfd, ``vit_t`` and
``SamPredictor``) with the weights and the image of :mod:`Testing.seeded_weights`.
"""

import hashlib
import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.engine import (  # noqa: E402
    EmbedsBatches,
    EmbedsInSteps,
    PackedEmbedding,
    StoresEmbeddings,
)
from GazeSAMLib.engines.mobile_sam.architecture import MobileSamArchitecture  # noqa: E402
from GazeSAMLib.engines.mobile_sam.checkpoint import our_name  # noqa: E402
from GazeSAMLib.engines.mobile_sam.engine import MobileSamEngine  # noqa: E402
from GazeSAMLib.engines.sam.everything import (  # noqa: E402
    EverythingSettings,
    check_everything,
    segment_everything,
)
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
# The real network with all its parts, thin so that a test takes a second.
THIN = MobileSamArchitecture.of_widths((32, 32, 32, 64))


def saved(tensors: dict, folder: Path, name="weights.pt") -> Path:
    path = folder / name
    torch.save(tensors, path)
    return path


@pytest.fixture(scope="module")
def thin_tensors():
    """A checkpoint's content as MobileSAM would name it."""
    ours = THIN.build().state_dict()
    shapes = {
        name: SHAPES[name] if our_name(name) is None else ours[our_name(name)].shape
        for name in SHAPES
    }
    return seeded_weights(shapes)


@pytest.fixture(scope="module")
def thin_checkpoint(thin_tensors, tmp_path_factory):
    return saved(thin_tensors, tmp_path_factory.mktemp("thin"))


@pytest.fixture(scope="module")
def thin(thin_checkpoint):
    return MobileSamEngine(thin_checkpoint, device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def thin_embedding(thin):
    return thin.embed(IMAGE)


def test_answers_are_those_of_mobile_sams_own_code(tmp_path):
    engine = MobileSamEngine(saved(seeded_weights(SHAPES), tmp_path), "cpu", "fp32")
    assert engine.architecture.name == "mobile_sam"
    embedding = engine.embed(IMAGE)
    some = embedding.features[0, ::32, 21, ::16].numpy().ravel()
    np.testing.assert_allclose(some, REFERENCE["features"]["features"], atol=1e-4)
    answers = {kind: engine.decode(embedding, p) for kind, p in reference_prompts().items()}
    assert_answers(answers, REFERENCE["answers"])


def test_the_engine_can_all_that_slow_engines_can(thin, thin_checkpoint):
    assert isinstance(thin, StoresEmbeddings)
    assert isinstance(thin, EmbedsInSteps)
    assert isinstance(thin, EmbedsBatches)
    assert thin.weights_digest == hashlib.sha256(thin_checkpoint.read_bytes()).hexdigest()
    assert thin.runs_on == "cpu, fp32"


def test_a_packed_embedding_draws_the_same_masks(thin, thin_embedding):
    packed = thin.pack(thin_embedding)
    assert sum(array.nbytes for array in packed.arrays.values()) == 2 * 2**20
    arrays = {name: np.frombuffer(a.tobytes(), a.dtype) for name, a in packed.arrays.items()}
    arrays = {name: a.reshape(packed.arrays[name].shape) for name, a in arrays.items()}
    facts = json.loads(json.dumps(packed.facts))
    again = thin.unpack(PackedEmbedding(arrays, facts))  # read-only, as from a file
    for prompts in reference_prompts().values():
        one, other = (thin.decode(e, prompts).inside for e in (thin_embedding, again))
        assert overlap(one, other) > 0.999


def test_what_is_no_embedding_of_it_is_refused(thin, thin_embedding):
    packed = thin.pack(thin_embedding)
    half = {name: array[..., :32] for name, array in packed.arrays.items()}
    for wrong in (
        PackedEmbedding({}, packed.facts),
        PackedEmbedding(half, packed.facts),
        PackedEmbedding(packed.arrays, {}),
    ):
        with pytest.raises(EngineError, match="embedding"):
            thin.unpack(wrong)


def test_embedding_in_steps_makes_room_and_can_be_given_up(thin, thin_embedding):
    calls = []
    stepped = thin.embed_in_steps(IMAGE, lambda: calls.append(None))
    assert len(calls) > 12  # a step is a block
    assert torch.equal(stepped.features, thin_embedding.features)

    def give_up():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        thin.embed_in_steps(IMAGE, give_up)
    assert torch.equal(thin.embed(IMAGE).features, thin_embedding.features)


def test_a_batch_gives_what_single_images_give(thin, thin_embedding):
    thin.batch_size = 2
    other = striped_image(90, 40)
    batch = thin.embed_batch([other, IMAGE, other])
    thin.batch_size = 1
    assert [e.image_shape for e in batch] == [other.shape, IMAGE.shape, other.shape]
    torch.testing.assert_close(batch[1].features, thin_embedding.features, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(batch[2].features, thin.embed(other).features, atol=1e-4, rtol=1e-4)
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
    assert all(np.array_equal(answer, alone) for answer in answers)
    assert answers


def test_half_the_precision_draws_nearly_the_same_masks(thin, thin_embedding, thin_checkpoint):
    halved = MobileSamEngine(thin_checkpoint, device="cpu", precision="bf16")
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


def test_it_can_segment_everything(thin):
    colours = np.stack((IMAGE,) * 3, axis=-1)
    lenient = EverythingSettings(3, 9, -1.0, 0.1)
    steps = []
    masks = segment_everything(
        check_everything(thin), colours, lenient, lambda done, total: steps.append((done, total))
    )
    assert len(steps) > 12  # the encoder's blocks among them
    assert masks
    assert all(mask["segmentation"].shape == IMAGE.shape for mask in masks)


def test_a_checkpoint_without_the_classifier_of_photographs_is_as_good(thin_tensors, tmp_path):
    used = {name: tensor for name, tensor in thin_tensors.items() if our_name(name) is not None}
    assert len(used) == len(thin_tensors) - 4
    assert MobileSamEngine(saved(used, tmp_path), "cpu", "fp32").architecture.image_px == 1024


def foreign(*names: str) -> dict:
    return {name: torch.zeros(2, 2) for name in names}


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (foreign("image_encoder.blocks.0.attn.rel_pos_h"), "seems to be Segment Anything"),
        (foreign("image_encoder.trunk.pos_embed"), "seems to be SAM 2, not MobileSAM"),
        (foreign("backbone.conv.weight"), "not a MobileSAM checkpoint: it has no tensor"),
    ],
)
def test_the_checkpoint_of_another_model_is_called_by_its_name(tensors, message, tmp_path):
    path = saved(tensors, tmp_path, "mobile_sam.pt")
    with pytest.raises(CheckpointError, match=message) as raised:
        MobileSamEngine(path, "cpu", "fp32")
    assert "mobile_sam.pt" in str(raised.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.update(
                {"mask_decoder.iou_token.weight": torch.ones(1, 256).to(torch.int8)}
            ),
            "quantised",
        ),
        (lambda t: t.pop("mask_decoder.iou_token.weight"), "no tensor 'mask_decoder.iou_token"),
        (lambda t: t.update({"image_encoder.neck.0.weight": torch.zeros(3)}), r"has shape \(3,\)"),
        (lambda t: t.update({"image_encoder.layers.9.x": torch.zeros(3)}), "1 tensors such as"),
        (
            lambda t: t.update({"image_encoder.patch_embed.seq.2.c.weight": torch.zeros(33, 1)}),
            "stages are",
        ),
        (
            lambda t: t.update({"image_encoder.patch_embed.seq.2.c.weight": torch.tensor(1.0)}),
            "other dimensions",
        ),
    ],
)
def test_a_checkpoint_with_a_wrong_tensor_is_refused(thin_tensors, change, message, tmp_path):
    tensors = dict(thin_tensors)
    change(tensors)
    with pytest.raises(CheckpointError, match=message):
        MobileSamEngine(saved(tensors, tmp_path), "cpu", "fp32")


def test_a_file_that_is_cut_short_or_missing_is_named(thin_checkpoint, tmp_path):
    cut = tmp_path / "cut.pt"
    cut.write_bytes(thin_checkpoint.read_bytes()[:-5000])
    with pytest.raises(CheckpointError, match=r"cut\.pt is damaged"):
        MobileSamEngine(cut, "cpu", "fp32")
    with pytest.raises(CheckpointError, match=r"nowhere\.pt cannot be read"):
        MobileSamEngine(tmp_path / "nowhere.pt", "cpu", "fp32")
    with pytest.raises(CheckpointError, match="needs a checkpoint"):
        MobileSamEngine()


def test_importing_the_engine_does_not_import_torch():
    script = (
        "import sys; import GazeSAMLib.engines.mobile_sam.engine\n"
        "assert not {'torch', 'timm', 'segment_anything'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
