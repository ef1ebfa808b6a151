"""The network's file: what is there runs, and what is damaged or foreign is refused."""

import subprocess
import sys

import numpy as np
import pytest

from GazeSAMLib.engines.compact import network
from GazeSAMLib.engines.compact.engine import CompactEngine
from GazeSAMLib.engines.compact.network import CHANNELS, MASKS, SHIPPED, SIDE, Network
from GazeSAMLib.errors import CheckpointError, EngineError

LARGEST_FILE_MB = 12


def test_the_shipped_network_runs_and_is_small():
    assert SHIPPED.stat().st_size < LARGEST_FILE_MB * 2**20
    logits, iou = Network().run(np.zeros((2, CHANNELS, SIDE, SIDE), dtype=np.float32))
    assert logits.shape == (2, MASKS, SIDE, SIDE)
    assert ((iou >= 0) & (iou <= 1)).all()


def test_a_batch_gives_what_its_crops_give_alone():
    batch = np.random.default_rng(0).random((3, CHANNELS, SIDE, SIDE), dtype=np.float32)
    shipped = Network()
    together = shipped.run(batch)
    for place in range(3):
        for one, all_ in zip(shipped.run(batch[place : place + 1]), together, strict=True):
            np.testing.assert_allclose(one[0], all_[place], atol=1e-3)


def test_a_copy_elsewhere_is_the_same_engine(tmp_path):
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(SHIPPED.read_bytes())
    assert CompactEngine(copy).weights_digest == CompactEngine().weights_digest


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.onnx: No such file.*'region'"):
        CompactEngine(tmp_path / "none.onnx")


@pytest.mark.parametrize("keep", [0, 1000, -5000])
def test_a_cut_file_is_refused_in_one_sentence(tmp_path, keep):
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(SHIPPED.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"cut\.onnx is not a network") as caught:
        CompactEngine(cut)
    assert "\n" not in str(caught.value)


def test_something_else_is_refused(tmp_path):
    text = tmp_path / "notes.onnx"
    text.write_text("not a network\n" * 1000)
    with pytest.raises(CheckpointError, match=r"notes\.onnx is not a network"):
        CompactEngine(text)


def test_a_shipped_file_that_was_replaced_is_refused(tmp_path, monkeypatch):
    changed = bytearray(SHIPPED.read_bytes())
    changed[len(changed) // 2] ^= 1
    replaced = tmp_path / "compact.onnx"
    replaced.write_bytes(changed)
    monkeypatch.setattr(network, "SHIPPED", replaced)
    with pytest.raises(CheckpointError, match="is damaged, or is not the network that came"):
        CompactEngine()


def test_without_onnxruntime_it_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError, match="pip install onnxruntime, or choose the engine 'region'"):
        CompactEngine()


def test_importing_the_engine_does_not_import_onnxruntime():
    code = "import sys, GazeSAMLib.engines.compact.engine; print('onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
