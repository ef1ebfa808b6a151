"""How fast a segmentation becomes a DICOM object."""

import tempfile
import time
from pathlib import Path

import numpy as np

from GazeSAMLib.scans.coded_segments import CodedSegment, CodedSegments, patches_of_labels
from GazeSAMLib.scans.dicom import read_dicom
from GazeSAMLib.scans.write_dicom_seg import write_dicom_seg
from GazeSAMLib.segmentation.segment import new_segment
from Testing.dicom_checks import write_series

SLICES = 300
SEGMENTS = 5
ROUNDS = 3


def dicom_seg_write_s() -> float:
    """Return the best time to write five segments that fill 280 of 300 slices, 512 x 512.

    From patches of voxels to the file on disk, the headers of the scan's slices read included.
    """
    with tempfile.TemporaryDirectory(prefix="gazesam-bench-") as name:
        folder = Path(name, "scan")
        write_series(folder, [(-192.0, -192.0, 1.0 * k) for k in range(SLICES)], (512, 512))
        scan = read_dicom(folder)
        patches = patches_of_labels(_organs(), SEGMENTS)
        coded = (CodedSegment(new_segment(n), one) for n, one in enumerate(patches, start=1))
        found = CodedSegments(scan.volume, tuple(coded))
        return min(
            _seconds(Path(name, "seg.dcm"), found, scan.source_frames) for _ in range(ROUNDS)
        )


def _organs() -> np.ndarray:
    k, j, i = np.ogrid[:SLICES, :512, :512]
    labels = np.zeros((SLICES, 512, 512), dtype=np.uint8)
    for number in range(1, SEGMENTS + 1):
        centre_j = 30 + 70 * number
        mm = ((k - 150) / 140) ** 2 + ((j - centre_j) / 34) ** 2 + ((i - 256) / 120) ** 2
        labels[mm < 1.0] = number
    return labels


def _seconds(path: Path, found: CodedSegments, frames: tuple) -> float:
    start = time.perf_counter()
    write_dicom_seg(path, found, frames)
    return time.perf_counter() - start
