"""A mask fits the slice image of its plane, or it is refused."""

import numpy as np
import pytest

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.mask_grid import check_fits, grid_of_mask
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry

VOLUME = VolumeGeometry((6, 20, 30), np.eye(4))


def plane(s_mm: float) -> SlicePlane:
    return SlicePlane((0.0, 0.0, s_mm), (1, 0, 0), (0, -1, 0))


def test_a_mask_of_the_image_s_shape_gives_the_image_s_grid() -> None:
    grid = grid_of_mask(VOLUME, plane(2.0), np.zeros((20, 30), dtype=bool))
    assert grid.layer == slice_grid(VOLUME, plane(2.0)).layer


@pytest.mark.parametrize("shape", [(30, 20), (20, 29), (0, 0)])
def test_a_mask_of_another_shape_is_refused(shape) -> None:
    mask = np.zeros(shape, dtype=bool)
    for refuse in (
        lambda: grid_of_mask(VOLUME, plane(2.0), mask),
        lambda: check_fits(mask, slice_grid(VOLUME, plane(2.0))),
    ):
        with pytest.raises(GeometryError, match=r"the image's shape \(20, 30\), got"):
            refuse()


def test_a_plane_beside_the_scan_is_refused() -> None:
    with pytest.raises(GeometryError, match="does not cross the scan"):
        grid_of_mask(VOLUME, plane(40.0), np.zeros((20, 30), dtype=bool))
