"""A folder of an exported model that is damaged, a stranger's, or from another version."""

import json
import re

import numpy as np
import pytest

from GazeSAMLib.engines.onnx.description import DESCRIPTION, ModelDescription, file_sha256
from GazeSAMLib.engines.onnx.engine import OnnxEngine
from GazeSAMLib.errors import CheckpointError


def described(folder) -> dict:
    return json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))


def change(folder, **values) -> None:
    text = json.dumps({**described(folder), **values})
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")


def sign(folder) -> None:
    """Give every file its true digest, as a stranger would."""
    change(
        folder, sha256={name: file_sha256(folder / name) for name in described(folder)["sha256"]}
    )


def refused(folder, told: str) -> str:
    with pytest.raises(CheckpointError, match=told) as raised:
        OnnxEngine(folder, device="cpu")
    message = str(raised.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", DESCRIPTION])
def test_a_missing_file_is_named(copied, name):
    (copied / name).unlink()
    assert name in refused(copied, "cannot be read")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    refused(tmp_path / "nowhere", "not an exported model")


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx"])
def test_a_replaced_file_is_refused(copied, name):
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    refused(copied, f"{name} is damaged or was replaced")


def test_a_newer_format_asks_for_a_newer_version(copied):
    change(copied, format=2)
    refused(copied, "install a newer GazeSAM")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 90_000, b"{}" + b" " * 100_001],
    ids=["empty", "cut", "list", "null", "no text", "deep", "long"],
)
def test_what_is_no_description_is_refused(copied, content):
    (copied / DESCRIPTION).write_bytes(content)
    refused(copied, "does not describe an exported model")


@pytest.mark.parametrize(
    "values",
    [
        {"format": "1"},
        {"image_px": 0},
        {"image_px": 1e3},
        {"image_px": 10**9},
        {"embedding_shape": [256, 32]},
        {"embedding_shape": 3},
        {"pixel_std": [0.0, 1.0, 1.0]},
        {"pixel_mean": [float("nan"), 1.0, 1.0]},
        {"pixel_mean": ["1", "1", "1"]},
        {"precision": "fp8"},
        {"sha256": {"encoder.onnx": "0"}},
        {"sha256": ["encoder.onnx"]},
        {"sha256": {"encoder.onnx": 1, "decoder.onnx": 2}},
        {"model": ["x"]},
    ],
    ids=str,
)
def test_values_that_no_model_has_are_refused(copied, values):
    change(copied, **values)
    refused(copied, "does not describe an exported model")


@pytest.mark.parametrize("name", ["../outside.onnx", "/etc/passwd", "encoder.onnx/../x"])
def test_a_description_names_no_paths(copied, name):
    (copied.parent / "outside.onnx").write_bytes(b"")
    change(copied, sha256={**described(copied)["sha256"], name: file_sha256(copied / DESCRIPTION)})
    refused(copied, "sha256 names the model's files")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x08\x0a" * 900], ids=["empty", "text", "zap"]
)
def test_a_strangers_file_that_is_no_network_is_refused(copied, content):
    (copied / "decoder.onnx").write_bytes(content)
    sign(copied)
    refused(copied, "is not a network that onnxruntime")


def test_the_wrong_network_is_refused(copied):
    (copied / "encoder.onnx").write_bytes((copied / "decoder.onnx").read_bytes())
    sign(copied)
    refused(copied, "it takes embedding, points")


def test_a_network_of_another_size_is_refused(copied):
    change(copied, image_px=1024)
    told = refused(copied, "do not have the shapes")
    assert re.search(r"\[1, 3, 1024, 1024\]", told)


def test_weights_outside_the_folder_are_not_read(copied, tmp_path):
    onnx = pytest.importorskip("onnx")
    (tmp_path / "secret").write_bytes(np.zeros(10**6, np.float32).tobytes())
    model = onnx.load(copied / "encoder.onnx")
    tensor = next(one for one in model.graph.initializer if len(one.raw_data) > 10_000)
    length = len(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "../secret"), ("offset", "0"), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)
    (copied / "encoder.onnx").write_bytes(model.SerializeToString())
    sign(copied)
    refused(copied, "is not a network that onnxruntime")


def test_weights_beside_the_network_are_read_and_checked(copied, once_exported):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(copied / "encoder.onnx")
    name = "encoder.onnx.data"
    onnx.save(model, copied / "encoder.onnx", save_as_external_data=True, location=name)
    change(copied, sha256={**described(copied)["sha256"], name: ""})
    sign(copied)
    pixels = np.add.outer(np.arange(60), np.arange(80)).astype(np.uint8)
    whole, beside = (OnnxEngine(one, device="cpu") for one in (once_exported.folder, copied))
    np.testing.assert_array_equal(beside.embed(pixels).features, whole.embed(pixels).features)
    with (copied / name).open("r+b") as file:
        file.write(b"\xff")
    refused(copied, f"{name} is damaged or was replaced")


def test_the_description_survives_being_written(once_exported, tmp_path):
    read = ModelDescription.read(once_exported.folder)
    read.write(tmp_path)
    assert ModelDescription.read(tmp_path) == read
