"""A scan's voxel grid in space."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import IjkPoint, LocalRasPoint
from GazeSAMLib.geometry.affine import Matrix, apply, as_affine, invert


@dataclass(frozen=True, eq=False)
class VolumeGeometry:
    """Shape and position of a voxel grid; shear and left-handed axes are allowed.

    Parameters
    ----------
    shape_kji : tuple of int
        Number of voxels in numpy order.
    local_ras_from_ijk : array_like, shape (4, 4)
        From voxel index to the volume's own RAS in mm; integers are voxel centres.

    Raises
    ------
    GeometryError
        If a dimension is less than one or the matrix is singular or not finite.
    """

    shape_kji: tuple[int, int, int]
    local_ras_from_ijk: Matrix
    ijk_from_local_ras: Matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape_kji)
        if len(shape) != 3 or min(shape) < 1:
            raise GeometryError(f"a volume needs three dimensions of at least 1, got {shape}")
        matrix = as_affine(self.local_ras_from_ijk, "local_ras_from_ijk")
        object.__setattr__(self, "shape_kji", shape)
        object.__setattr__(self, "local_ras_from_ijk", matrix)
        object.__setattr__(self, "ijk_from_local_ras", invert(matrix))

    @property
    def shape_ijk(self) -> tuple[int, int, int]:
        """Number of voxels along i, j, k."""
        k, j, i = self.shape_kji
        return (i, j, k)

    @property
    def axes_mm(self) -> Matrix:
        """Columns: the step from one voxel to the next along i, j, k, in local RAS, mm."""
        return self.local_ras_from_ijk[:3, :3]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Length of a voxel step along i, j, k, mm."""
        i, j, k = np.linalg.norm(self.axes_mm, axis=0).tolist()
        return (i, j, k)

    @property
    def voxels_per_mm(self) -> npt.NDArray[np.float64]:
        """How fast each index grows, at most, along a way through local RAS, shape (3,)."""
        lengths: npt.NDArray[np.float64] = np.linalg.norm(self.ijk_from_local_ras[:3, :3], axis=1)
        return lengths

    def check_shape(self, voxels_kji: npt.NDArray[np.generic]) -> None:
        """Raise GeometryError if `voxels_kji` does not have the volume's shape."""
        if voxels_kji.shape != self.shape_kji:
            raise GeometryError(
                f"voxels must have the volume's shape {self.shape_kji}, got {voxels_kji.shape}"
            )

    def ijk_from_point(self, point: LocalRasPoint) -> IjkPoint:
        """Map a point of the volume's own RAS to a continuous voxel index."""
        return IjkPoint(*apply(self.ijk_from_local_ras, tuple(point)).tolist())

    def point_from_ijk(self, point: IjkPoint) -> LocalRasPoint:
        """Map a continuous voxel index to the volume's own RAS."""
        return LocalRasPoint(*apply(self.local_ras_from_ijk, tuple(point)).tolist())

    def contains(self, point: IjkPoint) -> bool:
        """Whether a continuous index lies in a voxel of the volume (edges at -0.5 and n - 0.5)."""
        return all(-0.5 <= p < n - 0.5 for p, n in zip(point, self.shape_ijk, strict=True))
