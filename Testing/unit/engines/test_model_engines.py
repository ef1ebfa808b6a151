"""A model is pulled, found by its name, and loaded: with the real network, thin and shallow."""

import hashlib

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.catalogue import models  # noqa: E402
from GazeSAMLib.engines.catalogue.entry import ModelEntry, Prompt  # noqa: E402
from GazeSAMLib.engines.catalogue.pull import pull_from  # noqa: E402
from GazeSAMLib.engines.catalogue.shelf import ModelShelf  # noqa: E402
from GazeSAMLib.engines.registry import make_engine  # noqa: E402
from GazeSAMLib.engines.sam.architecture import SamArchitecture  # noqa: E402
from GazeSAMLib.errors import CheckpointError, EngineError  # noqa: E402

SMALL = SamArchitecture(48, 2, 3, (1,), 7, 16, 256)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A model of the catalogue that lies on this machine."""
    path = tmp_path / "weights.pth"
    try:
        torch.save(SMALL.build().state_dict(), path)
    except EngineError as error:
        pytest.skip(str(error))
    entry = ModelEntry(
        "toy_sam",
        "Toy",
        "sam",
        "tests",
        path.name,
        path.stat().st_size,
        1,
        256,
        1,
        "Apache-2.0",
        "https://example.org",
        digests={"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        prompts=(Prompt.BOX,),
        options={"prompts": "box"},
    )
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(models, "MODELS", (entry,))
    pull_from(entry, path, ModelShelf())
    return entry


def test_a_model_on_this_machine_is_an_engine(toy):
    engine = make_engine(toy.name, device="cpu")
    assert engine.name == toy.name
    assert engine.weights_digest.startswith(toy.digests["sha256"])
    # What the catalogue says of the model has reached the engine.
    assert engine.weights_digest != make_engine("sam", checkpoint=_file(toy)).weights_digest
    assert engine.embed(np.zeros((32, 32), dtype=np.uint8)) is not None


def test_a_model_damaged_since_is_not_loaded(toy):
    _file(toy).write_bytes(_file(toy).read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="cut short"):
        make_engine(toy.name)


def _file(entry):
    return ModelShelf().file_of(entry)
