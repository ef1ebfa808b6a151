"""Views that are laid out without Slicer are those that Slicer lays out itself."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.frames import LocalRasPoint
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.layout import PRESETS, arrange, through
from GazeSAMLib.simulation.window import Layout
from Testing.painted_scan import DISPLAY

SHAPE_KJI = (9, 40, 56)  # odd and even: where the middle lies between two slices, either will do
SCANS = {
    "axial CT": np.array([[-0.9, 0, 0, 20.0], [0, -0.9, 0, 30], [0, 0, 2.5, -700], [0, 0, 0, 1]]),
    "coronal MR": np.array([[0.7, 0, 0, -9.0], [0, 0, 4.1, 5], [0, -0.7, 0, 90], [0, 0, 0, 1]]),
    "oblique MR": np.array(
        [[-1.9, 0.1, -0.4, 60.0], [0.05, -1.9, 0.45, 70], [-0.24, 0.21, 5.9, -45], [0, 0, 0, 1]]
    ),
}  # fmt: skip


def scan_of(matrix: np.ndarray) -> Scan:
    voxels = np.zeros(SHAPE_KJI, np.int16)
    return Scan(voxels, VolumeGeometry(SHAPE_KJI, matrix), "scan", Path("scan"))


def orthonormal(matrix: np.ndarray) -> np.ndarray:
    """The same scan without the slight shear that its rounded numbers have."""
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    left, _, right = np.linalg.svd(matrix[:3, :3] / spacing)
    straight = matrix.astype(float).copy()
    straight[:3, :3] = left @ right * spacing
    return straight


@pytest.mark.parametrize(("name", "rotated"), list(product(SCANS, (False, True))))
@pytest.mark.parametrize("layout", list(Layout))
def test_views_are_slicers_own(
    a_volume, a_slice_view, layout: Layout, name: str, rotated: bool
) -> None:
    scan = scan_of(orthonormal(SCANS[name]))
    volume = a_volume(scan.voxels_kji, scan.volume.local_ras_from_ijk)
    for ours in arrange(scan, DISPLAY, layout, rotated=rotated).views:
        orientation, _, _ = PRESETS[ours.name]
        size = (ours.layout.view_width, ours.layout.view_height)
        theirs = a_slice_view(volume, orientation.capitalize(), *size)
        if rotated:
            theirs.node.RotateToVolumePlane(volume)
            theirs.logic.FitSliceToBackground()
            theirs.logic.SnapSliceOffsetToIJK()
        expected = theirs.ras_from_view_xy
        found = ours.geometry.local_ras_from_view_xy
        np.testing.assert_allclose(found[:3, :2], expected[:3, :2], atol=1e-6)
        apart_mm = (found - expected)[:3, 3]
        normal = ours.geometry.plane.normal
        np.testing.assert_allclose(apart_mm - normal * (normal @ apart_mm), 0.0, atol=1e-5)
        slice_mm = 1.0 / np.abs(scan.volume.ijk_from_local_ras[:3, :3] @ normal).max()
        if not rotated and name.startswith("oblique"):
            assert abs(normal @ apart_mm) < slice_mm  # there are no slices to agree on
            continue
        slices_apart = abs(normal @ apart_mm) / slice_mm
        assert slices_apart == pytest.approx(0.0, abs=1e-6) or (
            slices_apart == pytest.approx(1.0, abs=1e-6)
            and scan.volume.shape_ijk[_axis_along(scan, normal)] % 2 == 0
        )


def test_scrolling_is_slicers_own(a_volume, a_slice_view) -> None:
    scan = scan_of(SCANS["axial CT"])
    volume = a_volume(scan.voxels_kji, scan.volume.local_ras_from_ijk)
    ours = arrange(scan, DISPLAY).reading
    theirs = a_slice_view(volume, "Axial", ours.layout.view_width, ours.layout.view_height)
    for k in range(SHAPE_KJI[0]):
        point = scan.volume.local_ras_from_ijk @ (12.0, 30.0, k, 1.0)
        theirs.logic.SetSliceOffset(point[2])
        moved = through(ours, LocalRasPoint(*point[:3].tolist()))
        np.testing.assert_allclose(
            moved.geometry.local_ras_from_view_xy[:3, [0, 1, 3]],
            theirs.ras_from_view_xy[:3, [0, 1, 3]],
            atol=1e-6,
        )


def _axis_along(scan: Scan, normal: np.ndarray) -> int:
    across = scan.volume.ijk_from_local_ras[:3, :3] @ normal
    return int(np.argmax(np.abs(across) * scan.volume.spacing_mm))
