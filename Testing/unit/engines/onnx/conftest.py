"""A small Segment Anything, exported once for all tests."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")
for package in ("onnx", "onnxscript"):
    pytest.importorskip(package, reason=f"{package} is not installed: pip install gazesam[export]")

from GazeSAMLib.engines.onnx.export import export_model  # noqa: E402
from GazeSAMLib.engines.onnx.parity import Parity  # noqa: E402
from GazeSAMLib.engines.onnx.source import load_source  # noqa: E402
from GazeSAMLib.engines.sam.architecture import SamArchitecture  # noqa: E402
from GazeSAMLib.engines.torch_runtime.imports import import_segment_anything  # noqa: E402
from GazeSAMLib.errors import EngineError  # noqa: E402

try:
    import_segment_anything()
except EngineError as error:
    pytest.skip(str(error), allow_module_level=True)

# The real network with all its parts: windows with padding, and global attention in two parts.
SMALL = SamArchitecture(64, 2, 2, (1,), 14, 16, 512)


@dataclass(frozen=True)
class Exported:
    """What was exported, what it was made of, and how it was found to compare."""

    folder: Path
    checkpoint: Path
    model: Any
    parity: Parity
    progress: list[tuple[str, int, int]]


@pytest.fixture(scope="session")
def once_exported(tmp_path_factory) -> Exported:
    torch.manual_seed(3)
    model = SMALL.build().requires_grad_(False)
    generator = torch.Generator().manual_seed(7)
    for name, tensor in model.state_dict().items():
        if "rel_pos" in name or name.endswith("pos_embed"):  # at zero, a test would not see them
            tensor.copy_(0.1 * torch.randn(tensor.shape, generator=generator))
    folder = tmp_path_factory.mktemp("onnx")
    checkpoint = folder / "small.pth"
    torch.save(model.state_dict(), checkpoint)
    progress: list[tuple[str, int, int]] = []
    source = load_source("sam", checkpoint)
    parity = export_model(source, folder / "exported", progress=lambda *step: progress.append(step))
    return Exported(folder / "exported", checkpoint, model, parity, progress)


@pytest.fixture
def copied(once_exported, tmp_path) -> Path:
    """The exported model, in a folder that a test may spoil."""
    return Path(shutil.copytree(once_exported.folder, tmp_path / "copied"))
