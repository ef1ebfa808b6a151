"""Training needs packages that the product does not: without them there is nothing to test."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

MISSING = [name for name in ("torch", "onnx", "onnxruntime") if find_spec(name) is None]
collect_ignore_glob = ["test_*.py"] if MISSING else []


def pytest_report_header() -> str | None:
    return f"tests of training are left out: no {', '.join(MISSING)}" if MISSING else None


@pytest.fixture
def label_maps_folder(tmp_path: Path) -> Path:
    """A folder with one small label map, of a left and a right hippocampus."""
    import nibabel

    labels = np.zeros((40, 48, 44), np.int16)
    labels[8:32, 8:40, 8:36] = 17
    labels[14:24, 16:30, 14:28] = 53
    folder = tmp_path / "label-maps"
    folder.mkdir()
    nibabel.save(nibabel.Nifti1Image(labels, np.eye(4)), folder / "head.nii.gz")
    return folder
