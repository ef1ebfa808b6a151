"""Files of weights: read safely, known by their tensors, refused in a sentence."""

import hashlib
import io
import pickle
import zipfile

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.sam.checkpoint import load_sam  # noqa: E402
from GazeSAMLib.engines.sam.engine import SamEngine  # noqa: E402
from GazeSAMLib.engines.torch_runtime.placement import Placement  # noqa: E402
from GazeSAMLib.errors import CheckpointError  # noqa: E402
from Testing.small_sam import MED2D, SMALL, an_image, small_model  # noqa: E402


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


def test_the_name_of_another_known_model_is_told(tmp_path):
    path = tmp_path / "sam_vit_b.pth"  # renamed
    torch.save({"image_encoder.patch_embed.seq.0.c.weight": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="seems to be MobileSAM"):
        SamEngine(path)


def test_adapters_of_another_width_are_refused(tmp_path):
    tensors = small_model(MED2D).state_dict()
    name = "image_encoder.blocks.2.Adapter.spatial.0.weight"
    tensors[name] = torch.zeros(64, 64, 1, 1)
    path = tmp_path / "sam-med2d_b.pth"
    torch.save({"model": tensors}, path)
    with pytest.raises(CheckpointError, match=r"Adapter\.spatial\.0\.weight.*has shape"):
        SamEngine(path)


def test_a_file_that_changes_under_the_engine_is_noticed(model, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(model.state_dict(), path)
    engine = SamEngine(path, device="cpu", precision="fp32")
    engine._loader.keep(Placement("cpu"), None)  # so that the next is read from the file
    torch.save({"model": model.state_dict()}, path)
    with pytest.raises(CheckpointError, match="has been changed"):
        engine._loader(Placement("cpu", "bf16"))


def test_an_engine_goes_on_when_its_file_is_cut_short(model, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(model.state_dict(), path)
    engine = SamEngine(path, device="cpu", precision="fp32")
    before = engine.embed(an_image((50, 60)))
    path.write_bytes(b"")
    np.testing.assert_array_equal(engine.embed(an_image((50, 60))).features, before.features)
