"""Exporting a model: what is written, and that nothing is kept that differs from PyTorch."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from GazeSAMLib.engines.onnx import export
from GazeSAMLib.engines.onnx.description import ModelDescription
from GazeSAMLib.engines.onnx.engine import OnnxEngine
from GazeSAMLib.engines.onnx.export import check_export, export_model
from GazeSAMLib.engines.onnx.parity import measured_parity
from GazeSAMLib.engines.onnx.quantised import quantise
from GazeSAMLib.engines.onnx.source import check_exportable, load_source
from GazeSAMLib.errors import EngineError, OutputError
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.hosts.cli.main import app
from GazeSAMLib.prompts.prompt_set import PromptSet


def test_the_description_tells_where_a_model_comes_from(once_exported):
    described = ModelDescription.read(once_exported.folder)
    weights = once_exported.checkpoint.read_bytes()
    assert described.weights_sha256 == hashlib.sha256(weights).hexdigest()
    assert (described.engine, described.image_px, described.mask_px) == ("sam", 512, 128)
    assert described.embedding_shape == (256, 32, 32)
    assert described.pixel_mean == pytest.approx((123.675, 116.28, 103.53))
    assert described.parity["mask_iou"] == once_exported.parity.mask_iou
    assert {"gazesam", "torch", "onnx", "onnxruntime"} == described.versions.keys()


def test_it_was_compared_with_pytorch_and_equals_it(once_exported):
    assert once_exported.parity.embedding_error < 1e-5
    assert once_exported.parity.decoder_error < 1e-5
    assert once_exported.parity.mask_iou > 0.999


def test_progress_goes_from_nothing_to_all(once_exported):
    assert [done for _, done, _ in once_exported.progress] == [0, 1, 2, 3]
    assert {total for _, _, total in once_exported.progress} == {3}


def test_a_model_with_other_weights_is_seen_by_the_comparison(once_exported):
    block = once_exported.model.image_encoder.blocks[1].attn
    kept = block.rel_pos_w.clone()
    block.rel_pos_w.zero_()  # as a forgotten relative position would be
    try:
        parity = measured_parity(once_exported.folder, once_exported.model)
    finally:
        block.rel_pos_w.copy_(kept)
    with pytest.raises(EngineError, match="embedding"):
        parity.check("fp32")


@pytest.mark.parametrize("value", ["decoder_error", "score_error", "embedding_error"])
@pytest.mark.parametrize("wrong", [0.2, float("nan")])
def test_each_difference_has_a_bound(once_exported, value, wrong):
    once_exported.parity.check("fp32")
    with pytest.raises(EngineError, match="nothing was kept"):
        replace(once_exported.parity, **{value: wrong}).check("int8")


def test_an_export_that_differs_leaves_nothing_behind(once_exported, tmp_path, monkeypatch):
    def wrong_encoder(_model, path, _described):
        shutil.copy(once_exported.folder / "encoder.onnx", path)

    def wrong_decoder(_model, path, _described):
        shutil.copy(once_exported.folder / "decoder.onnx", path)

    monkeypatch.setattr(export, "_export_encoder", wrong_encoder)
    monkeypatch.setattr(export, "_export_decoder", wrong_decoder)
    source = load_source("sam", once_exported.checkpoint)
    source.model.image_encoder.neck[3].weight.mul_(1.5)
    with pytest.raises(EngineError, match="nothing was kept"):
        export_model(source, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_eight_bits_make_the_encoder_smaller_and_its_masks_nearly_the_same(copied, once_exported):
    before = (copied / "encoder.onnx").stat().st_size
    quantise(copied / "encoder.onnx")
    assert (copied / "encoder.onnx").stat().st_size < 0.95 * before  # it is more tables than layers
    described = ModelDescription.read(copied)
    name = "encoder.onnx"
    sha256 = {**described.sha256, name: hashlib.sha256((copied / name).read_bytes()).hexdigest()}
    replace(described, precision="int8", sha256=sha256).write(copied)
    parity = measured_parity(copied, once_exported.model)
    parity.check("int8")
    assert parity.embedding_error > 1e-4, "the encoder must have become another"
    engine = OnnxEngine(copied, device="cpu")
    prompts = PromptSet.at(ImagePoint(20, 20))
    assert engine.decode(engine.embed(np.zeros((40, 40), np.uint8)), prompts).logits.any()


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something"):
        check_export(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_folder_in_no_folder_is_refused(tmp_path):
    with pytest.raises(OutputError, match="make it first"):
        check_export(tmp_path / "none" / "out")


@pytest.mark.parametrize(
    ("options", "told"), [({"precision": "fp8"}, "no precision 'fp8'"), ({"opset": 9}, "opset")]
)
def test_options_that_do_not_exist_are_named(tmp_path, options, told):
    with pytest.raises(EngineError, match=told):
        check_export(tmp_path / "out", **options)


@pytest.mark.parametrize("name", ["compact", "region", "sam2", "sam2.1_tiny", "medsam", "onnx"])
def test_models_that_cannot_be_exported_are_refused_in_a_sentence(name):
    with pytest.raises(EngineError, match=f"'{name}' cannot be exported"):
        check_exportable(name)


def test_the_command_refuses_before_it_works(tmp_path):
    runner = CliRunner()
    for arguments in (["sam2.1_tiny"], ["sam"], ["nonsense"], ["sam_vit_b", "--checkpoint", "x"]):
        done = runner.invoke(app, ["export-onnx", *arguments, "-o", str(tmp_path / "out")])
        assert done.exit_code == 1, arguments
        assert "error:" in done.stderr
        assert not (tmp_path / "out").exists()


def test_the_command_writes_a_model_and_says_how_it_compares(once_exported, tmp_path, monkeypatch):
    def copy_of(name):
        return lambda _model, path, _described: shutil.copy(once_exported.folder / name, path)

    # Exporting takes seconds and was done once; all else is real.
    monkeypatch.setattr(export, "_export_encoder", copy_of("encoder.onnx"))
    monkeypatch.setattr(export, "_export_decoder", copy_of("decoder.onnx"))
    out = tmp_path / "out"
    out.mkdir()
    command = ["export-onnx", "sam", "--checkpoint", str(once_exported.checkpoint)]
    done = CliRunner().invoke(app, [*command, "--output", str(out), "--json"])
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["parity"]["mask_iou"] > 0.999
    assert told["precision"] == "fp32"
    assert OnnxEngine(out, device="cpu").model.image_px == 512
