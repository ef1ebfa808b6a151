"""Files of weights as training scripts save them, and what must not be in them."""

import pickle
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.torch_runtime.weights_file import read_tensors  # noqa: E402
from GazeSAMLib.errors import CheckpointError  # noqa: E402


def trained_layer(kind):
    layer = torch.nn.Linear(3, 2)
    optimizer = kind(layer.parameters(), lr=0.1)
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return layer, optimizer


@pytest.mark.parametrize("is_zipped", [True, False], ids=["zipped", "legacy"])
@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD])
def test_weights_beside_a_whole_optimiser_are_read(tmp_path, kind, is_zipped):
    layer, optimizer = trained_layer(kind)
    path = tmp_path / "sam-med2d_b.pth"
    content = {"model": layer.state_dict(), "optimizer": optimizer}
    torch.save(content, path, _use_new_zipfile_serialization=is_zipped)
    tensors = read_tensors(path)
    assert tensors.keys() == layer.state_dict().keys()
    for name, tensor in layer.state_dict().items():
        torch.testing.assert_close(tensors[name], tensor)


def test_reading_such_a_file_leaves_others_as_strict_as_before(tmp_path):
    layer, optimizer = trained_layer(torch.optim.Adam)
    path = tmp_path / "training.pth"
    torch.save({"model": layer.state_dict(), "optimizer": optimizer}, path)
    read_tensors(path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)


class RunsCode:
    target = ""

    def __reduce__(self):
        import os

        return (os.mkdir, (RunsCode.target,))


@pytest.mark.filterwarnings("error")
def test_a_pickle_of_another_protocol_is_refused_without_torchs_warning(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps({"model": Path(tmp_path)}, protocol=4))
    with pytest.raises(CheckpointError, match="could run code"):
        read_tensors(path)


def test_code_beside_an_optimiser_is_refused_and_does_not_run(tmp_path):
    layer, optimizer = trained_layer(torch.optim.Adam)
    RunsCode.target = str(tmp_path / "ran")
    path = tmp_path / "training.pth"
    content = {"model": layer.state_dict(), "optimizer": optimizer, "more": RunsCode()}
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="could run code"):
        read_tensors(path)
    assert not (tmp_path / "ran").exists()
