"""A scan of one body given by a formula, so that the truth is known on every plane."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.propagation import (
    PropagatedSlice,
    Propagation,
    PropagationSeed,
    StopReason,
)

WINDOW, LEVEL = 200.0, 100.0
AXES = {
    "axial": ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
    "sagittal": ((0.0, -1.0, 0.0), (0.0, 0.0, -1.0)),
    "coronal": ((-1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "oblique": ((-1.0, 0.1, 0.2), (0.1, -1.0, 0.3)),
}

Body = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ShapedScan:
    """A body, bright by `INSIDE` in noise, on a voxel grid around the origin of RAS."""

    body: Body
    volume: VolumeGeometry
    voxels_kji: np.ndarray

    def plane(self, name: str = "axial", at_mm: float = 0.0) -> SlicePlane:
        """The plane of an orientation at a distance from the origin along its normal."""
        through_origin = SlicePlane(np.zeros(3), *AXES[name])
        return SlicePlane(at_mm * through_origin.normal, *AXES[name])

    def truth(self, plane: SlicePlane) -> np.ndarray:
        """The body on the slice image of a plane."""
        grid = slice_grid(self.volume, plane)
        rows, columns = np.indices(grid.shape)
        uvw = np.stack((columns, rows, np.zeros_like(rows)), axis=-1)
        ras = apply(grid.local_ras_from_image_uv, uvw)
        ijk = apply(self.volume.ijk_from_local_ras, ras)
        within = ((ijk > -0.5) & (ijk < np.array(self.volume.shape_ijk) - 0.5)).all(axis=-1)
        return self.body(*np.moveaxis(ras, -1, 0)) & within

    def seed(self, plane: SlicePlane) -> PropagationSeed:
        """The truth on a plane, as if accepted."""
        return PropagationSeed(plane, self.truth(plane), WINDOW, LEVEL)

    def confirmed(self, plane: SlicePlane) -> PropagatedSlice:
        """The truth on a plane, as if a person had confirmed it."""
        return PropagatedSlice(plane, self.truth(plane), 1.0)

    def propagated(
        self, plane: SlicePlane, direction: int, until: frozenset = frozenset()
    ) -> tuple[list[PropagatedSlice], StopReason]:
        """All slices of a propagation from the truth on a plane, and why it stopped."""
        segmenter = Segmenter(RegionEngine(), self.voxels_kji, self.volume)
        running = Propagation(segmenter, self.volume, self.seed(plane), direction, until)
        found = []
        while not isinstance(result := running.advance(), StopReason):
            found.append(result)
        return found, result


def shaped_scan(
    body: Body,
    shape_kji: tuple[int, int, int] = (30, 80, 80),
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0),
    *,
    shear: float = 0.0,
    noise: float = 6.0,
    outside: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> ShapedScan:
    """A scan of a body with grey 140 in surroundings of 60, or what `outside` says."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag(spacing_mm)
    matrix[1, 2] = shear * spacing_mm[2]
    matrix[:3, 3] = -matrix[:3, :3] @ (np.array(shape_kji[::-1]) - 1) / 2.0
    volume = VolumeGeometry(shape_kji, matrix)
    k, j, i = np.indices(shape_kji)
    r, a, s = np.moveaxis(apply(matrix, np.stack((i, j, k), axis=-1)), -1, 0)
    background = np.full(shape_kji, 60.0) if outside is None else outside(r, a, s)
    greys = np.where(body(r, a, s), 140.0, background)
    greys += np.random.default_rng(5).normal(0.0, noise, shape_kji)
    return ShapedScan(body, volume, greys.astype(np.int16))


def dice(mask: np.ndarray, truth: np.ndarray) -> float:
    """The Dice coefficient of two masks."""
    return 2.0 * (mask & truth).sum() / max(mask.sum() + truth.sum(), 1)


def ellipsoid(r: np.ndarray, a: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Half axes of 24, 18 and 12 mm."""
    return (r / 24.0) ** 2 + (a / 18.0) ** 2 + (s / 12.0) ** 2 <= 1.0
