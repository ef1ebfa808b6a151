"""The engine `sam` is Meta's network: same masks as SamPredictor, safe loading, refusals."""

import hashlib
import io
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.sam.architecture import SamArchitecture  # noqa: E402
from GazeSAMLib.engines.sam.checkpoint import load_sam  # noqa: E402
from GazeSAMLib.engines.sam.engine import SamEngine  # noqa: E402
from GazeSAMLib.engines.sam.runtime import import_segment_anything  # noqa: E402
from GazeSAMLib.errors import CheckpointError, EngineError, PromptError  # noqa: E402
from GazeSAMLib.frames import ImagePoint  # noqa: E402
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet  # noqa: E402

try:
    segment_anything = import_segment_anything()
except EngineError as error:
    pytest.skip(str(error), allow_module_level=True)

# The real network with all its parts, thin and shallow so that a test takes a second.
SMALL = SamArchitecture(96, 3, 3, (1,), 14, 16, 1024)
SHAPES = {"square": (96, 96), "wide": (60, 200), "tall": (300, 41), "large": (1024, 700)}


def randomised(model):
    """Fill what Meta's constructor leaves at zero, so that a parity test can see it."""
    generator = torch.Generator().manual_seed(7)
    for name, tensor in model.state_dict().items():
        if "rel_pos" in name or name.endswith("pos_embed"):
            tensor.copy_(0.1 * torch.randn(tensor.shape, generator=generator))
    return model


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    return randomised(SMALL.build())


@pytest.fixture(scope="module")
def checkpoint(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("sam") / "weights.pth"
    torch.save(model.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def engine(checkpoint):
    return SamEngine(checkpoint, device="cpu")


def an_image(shape) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    image = 90 + 60 * np.sin(rows / 9.0) * np.cos(columns / 7.0)
    return (image + np.random.default_rng(1).normal(0, 12, shape)).clip(0, 255).astype(np.uint8)


def prompts_for(shape) -> dict[str, PromptSet]:
    height, width = shape
    centre = ImagePoint(0.5 * width, 0.4 * height)
    point = PromptSet.at(centre)
    box = np.array((0.2 * width, 0.1 * height, 0.7 * width, 0.8 * height))
    previous = np.random.default_rng(2).normal(0, 5, (256, 256)).astype(np.float32)
    return {
        "one point": point,
        "points of both kinds": point.with_point(ImagePoint(3, 4), NOT_THIS).with_point(
            ImagePoint(0.8 * width, 0.7 * height), ADD
        ),
        "box": PromptSet(np.empty((0, 2)), np.empty(0, dtype=np.int64), box_image_uv=box),
        "box and point": PromptSet(point.points_image_uv, point.labels, box_image_uv=box),
        "previous mask": point.refining(previous),
    }


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_masks_and_scores_are_those_of_sam_predictor(engine, model, shape):
    image = an_image(shape)
    predictor = segment_anything.SamPredictor(model)
    predictor.set_image(np.stack((image,) * 3, axis=-1))
    embedding = engine.embed(image)
    engine.embed(255 - image)  # another slice in between leaves the first embedding as it is
    for kind, prompts in prompts_for(shape).items():
        candidates = engine.decode(embedding, prompts)
        points = len(prompts.labels) > 0
        masks, scores, low_res = predictor.predict(
            point_coords=prompts.points_image_uv if points else None,
            point_labels=prompts.labels if points else None,
            box=prompts.box_image_uv,
            mask_input=None if prompts.previous is None else prompts.previous[None],
        )
        assert candidates.logits.shape == (3, *shape), kind
        np.testing.assert_array_equal(candidates.logits > 0.0, masks, err_msg=kind)
        np.testing.assert_allclose(candidates.scores, scores.clip(0, 1), err_msg=kind)
        np.testing.assert_allclose(candidates.low_res, low_res, err_msg=kind)
        assert 0 < masks.mean() < 1, kind  # neither empty nor everything: the test sees a shape


def test_a_mask_can_be_refined_with_what_the_engine_returned(engine):
    embedding = engine.embed(an_image((80, 80)))
    prompts = PromptSet.at(ImagePoint(40, 40))
    first = engine.decode(embedding, prompts)
    second = engine.decode(embedding, prompts.refining(first.low_res[0]))
    assert not np.array_equal(first.logits, second.logits)


def test_a_previous_mask_of_another_size_is_refused(engine):
    prompts = PromptSet.at(ImagePoint(4, 4)).refining(np.zeros((64, 64)))
    with pytest.raises(PromptError, match="256, 256"):
        engine.decode(engine.embed(an_image((40, 40))), prompts)


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("vit_b", SamArchitecture(768, 12, 12, (2, 5, 8, 11), 14, 16, 1024)),
        ("vit_l", SamArchitecture(1024, 24, 16, (5, 11, 17, 23), 14, 16, 1024)),
        ("vit_h", SamArchitecture(1280, 32, 16, (7, 15, 23, 31), 14, 16, 1024)),
    ],
)
def test_metas_models_are_known_by_their_shapes_alone(variant, expected):
    with torch.device("meta"):
        theirs = segment_anything.sam_model_registry[variant]()
    shapes = {name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items()}
    architecture = SamArchitecture.of(shapes)
    assert architecture == expected
    assert architecture.name == variant
    ours = architecture.build("meta").state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in ours.items()} == shapes


def test_vit_b_gives_the_masks_of_metas_own_vit_b(tmp_path):
    torch.manual_seed(5)
    theirs = randomised(segment_anything.sam_model_registry["vit_b"]().eval())
    path = tmp_path / "sam_vit_b.pth"
    torch.save(theirs.state_dict(), path)
    engine = SamEngine(path, device="cpu")
    assert engine.architecture.name == "vit_b"
    image = an_image((120, 150))
    prompts = PromptSet.at(ImagePoint(70, 60))
    candidates = engine.decode(engine.embed(image), prompts)
    predictor = segment_anything.SamPredictor(theirs)
    predictor.set_image(np.stack((image,) * 3, axis=-1))
    masks, scores, _ = predictor.predict(prompts.points_image_uv, prompts.labels)
    np.testing.assert_array_equal(candidates.logits > 0.0, masks)
    np.testing.assert_allclose(candidates.scores, scores.clip(0, 1))


def test_the_digest_is_the_files_sha256(engine, checkpoint):
    assert engine.weights_digest == hashlib.sha256(checkpoint.read_bytes()).hexdigest()


def test_weights_in_a_training_scripts_wrapping_are_found(model, tmp_path):
    path = tmp_path / "wrapped.pth"
    torch.save({"model": model.state_dict(), "epoch": 3}, path)
    _, architecture, _ = load_sam(path)
    assert architecture == SMALL


class Malicious:
    def __reduce__(self):
        import os

        return (os.mkdir, (Malicious.target,))


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path):
    Malicious.target = str(tmp_path / "pwned")
    plain, saved = tmp_path / "plain.pth", tmp_path / "saved.pth"
    plain.write_bytes(pickle.dumps(Malicious()))
    torch.save({"image_encoder.pos_embed": Malicious()}, saved)
    for path in (plain, saved):
        with pytest.raises(CheckpointError, match="run code") as raised:
            SamEngine(path)
        assert str(path) in str(raised.value)
    assert not (tmp_path / "pwned").exists()


def zip_of_text() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "not weights")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\x80\x02", zip_of_text(), b"PK\x03\x04" + bytes(500), b"\x00" * 4096],
    ids=["empty", "text", "start of a pickle", "zip of text", "broken zip", "zeros"],
)
def test_a_file_that_is_no_checkpoint_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "sam_vit_b_01ec64.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="sam_vit_b_01ec64"):
        SamEngine(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_checkpoint_is_refused(checkpoint, tmp_path, share):
    whole = checkpoint.read_bytes()
    path = tmp_path / "cut.pth"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CheckpointError, match=r"cut\.pth is damaged"):
        SamEngine(path)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        SamEngine(tmp_path / "nowhere.pth")
    with pytest.raises(CheckpointError, match="needs a checkpoint"):
        SamEngine()


def changed(model, change) -> dict:
    tensors = dict(model.state_dict())
    change(tensors)
    return tensors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("mask_decoder.iou_token.weight"), "no tensor 'mask_decoder.iou_token"),
        (lambda t: t.pop("image_encoder.pos_embed"), "not a Segment Anything checkpoint"),
        (lambda t: t.update({"image_encoder.layers.0.conv": torch.zeros(3)}), "another model"),
        (
            lambda t: t.update({"mask_decoder.iou_token.weight": torch.zeros(2, 256)}),
            r"has shape \(2, 256\), not \(1, 256\)",
        ),
        (lambda t: t.update({"image_encoder.pos_embed": torch.zeros(3)}), "other dimensions"),
        (lambda t: t.clear(), "does not hold"),
        (lambda t: t.update({"epoch": 3}), "does not hold"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused(model, tmp_path, change, message):
    path = tmp_path / "other.pth"
    torch.save(changed(model, change), path)
    with pytest.raises(CheckpointError, match=message) as raised:
        SamEngine(path)
    assert "other.pth" in str(raised.value)


@pytest.mark.parametrize("device", ["cuda:7", "tpu", "nonsense:1"])
def test_a_device_that_is_not_there_is_named(checkpoint, device):
    with pytest.raises(EngineError, match=device):
        SamEngine(checkpoint, device=device)


def test_importing_the_library_does_not_import_torch():
    script = (
        "import sys; import GazeSAMLib.engines.sam.engine, GazeSAMLib.engines.sam.checkpoint\n"
        "assert not {'torch', 'torchvision', 'segment_anything'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
