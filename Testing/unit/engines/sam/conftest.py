"""The small model, its file, and the engine on it; nothing where torch is not installed."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.sam.engine import SamEngine  # noqa: E402
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything  # noqa: E402
from GazeSAMLib.errors import EngineError  # noqa: E402
from Testing.small_sam import MED2D, small_model  # noqa: E402


@pytest.fixture(scope="session")
def segment_anything():
    try:
        return import_segment_anything()
    except EngineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def model(segment_anything):  # noqa: ARG001 - where it can be imported
    return small_model()


def saved(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("sam") / "weights.pth"
    torch.save(model.state_dict(), path)
    return path


@pytest.fixture(scope="session")
def checkpoint(model, tmp_path_factory):
    return saved(model, tmp_path_factory)


@pytest.fixture(scope="session")
def engine(checkpoint):
    return SamEngine(checkpoint, device="cpu", precision="fp32")


@pytest.fixture(scope="session")
def medsam(checkpoint):
    return SamEngine(checkpoint, device="cpu", precision="fp32", prompts="box")


@pytest.fixture(scope="session")
def sam_med2d(segment_anything, tmp_path_factory):  # noqa: ARG001 - where it can be imported
    path = saved(small_model(MED2D), tmp_path_factory)
    return SamEngine(path, device="cpu", precision="fp32")
