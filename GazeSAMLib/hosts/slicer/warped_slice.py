"""A volume under a transform that is not linear: the displayed plane is no plane of its voxels.

Then the session works in the world. It is given a grid around the warped volume in place of the
scan's; slice images are made here, with the transform, and masks go back through it.
"""

from collections import OrderedDict

import numpy as np
import numpy.typing as npt
import slicer
import slicer.util
import vtk
from scipy import ndimage
from vtk.util.numpy_support import vtk_to_numpy

from GazeSAMLib.geometry.affine import Matrix, apply
from GazeSAMLib.geometry.mask_grid import check_fits
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid, slice_grid, to_8bit
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.transforms import through, transform_between
from GazeSAMLib.segmentation.placement import EMPTY
from GazeSAMLib.segmentation.segment import VoxelPatch

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

OUTSIDE = -1e20
SLICES_KEPT = 8
# The plane's thickness in voxels changes slowly: it is measured every so many pixels.
THICKNESS_STEP_PX = 8
MARGIN = 0.05
TILT_DEG = 1.3


class WarpedScan:
    """A warped volume as a session can use it; to be made anew when volume or transform change.

    Parameters
    ----------
    scene_volume : SceneVolume
        The volume; any parent transform will do.

    Attributes
    ----------
    geometry : VolumeGeometry
        A grid in world RAS that holds the warped volume, at the finest voxel spacing: what the
        session takes for the scan's grid.
    """

    def __init__(self, scene_volume: SceneVolume) -> None:
        self._scene_volume = scene_volume
        # Sampling takes a tenth of a second and more, and looks ask for the same slice again.
        self._sampled: OrderedDict[tuple[float, ...], npt.NDArray[np.float32]] = OrderedDict()
        node = scene_volume.node
        parent = node.GetParentTransformNode()
        self._world_from_local = transform_between(parent, None)
        self._ijk_from_world = transform_between(None, parent)
        self._ijk_from_world.PostMultiply()
        matrix = vtk.vtkMatrix4x4()
        node.GetRASToIJKMatrix(matrix)
        self._ijk_from_world.Concatenate(matrix)
        self.geometry = _world_grid(node, min(scene_volume.volume.spacing_mm))

    def pixels(self, plane: SlicePlane, window: float, level: float) -> Pixels | None:
        """Return the slice image of a plane of the world, as displayed; None beside the volume.

        Parameters
        ----------
        plane : SlicePlane
            In world RAS.
        window, level : float
            As displayed.

        Returns
        -------
        ndarray of uint8 or None
            Of the shape of ``slice_grid(geometry, plane)``; 0 outside the volume.
        """
        grid = slice_grid(self.geometry, plane)
        if grid is None:
            return None
        key = plane.key()
        if key not in self._sampled:
            self._sampled[key] = self._values(grid)
        self._sampled.move_to_end(key)
        if len(self._sampled) > SLICES_KEPT:
            self._sampled.popitem(last=False)
        return to_8bit(self._sampled[key], window, level)

    def place(self, mask: Mask, grid: SliceGrid) -> VoxelPatch:
        """Return the scan's voxels that a mask on a slice image of the world covers.

        As :func:`GazeSAMLib.segmentation.placement.place` does for planes of the scan: the
        voxels that the plane crosses, each with the mask's value at its centre.

        Parameters
        ----------
        mask : ndarray of bool, shape ``grid.shape``
            On the slice image.
        grid : SliceGrid
            The slice image's grid in `geometry`.

        Raises
        ------
        GeometryError
            If the mask does not have the image's shape.
        """
        check_fits(mask, grid)
        rows, columns = np.nonzero(mask)
        if len(rows) == 0:
            return EMPTY
        pixels_ijk = self.ijk_from_world(_world(grid, columns, rows))
        slab = _Slab(self, grid, (columns.min(), columns.max()), (rows.min(), rows.max()))
        near_ijk = self._voxels_near(pixels_ijk, slab.voxels_per_px)
        scan = self._scene_volume.volume
        centres_ras = through(self._world_from_local, apply(scan.local_ras_from_ijk, near_ijk))
        u, v, distance_mm = apply(grid.image_uv_from_local_ras, centres_ras).T
        covered = _value_at(mask, u, v) & slab.holds(u, v, distance_mm)
        # A mask too small to hold a voxel's centre gives the voxels in which its pixels lie.
        chosen = near_ijk[covered] if covered.any() else _inside(np.rint(pixels_ijk), scan)
        return _patch(chosen)

    def ijk_from_world(self, points_ras: npt.ArrayLike) -> Matrix:
        """Map points of the world, shape (n, 3), to continuous voxel indices."""
        return through(self._ijk_from_world, points_ras)

    def _values(self, grid: SliceGrid) -> npt.NDArray[np.float32]:
        """Interpolate the volume on a plane as Slicer's slice views do."""
        height, width = grid.shape
        ijk_from_image_uv = vtk.vtkGeneralTransform()
        ijk_from_image_uv.PostMultiply()
        ijk_from_image_uv.Concatenate(slicer.util.vtkMatrixFromArray(grid.local_ras_from_image_uv))
        ijk_from_image_uv.Concatenate(self._ijk_from_world)
        reslice = vtk.vtkImageReslice()
        reslice.SetInputData(self._scene_volume.node.GetImageData())
        reslice.SetResliceTransform(ijk_from_image_uv)
        reslice.SetInterpolationModeToLinear()
        reslice.SetOutputOrigin(0.0, 0.0, 0.0)
        reslice.SetOutputSpacing(1.0, 1.0, 1.0)
        reslice.SetOutputExtent(0, width - 1, 0, height - 1, 0, 0)
        reslice.SetOutputScalarType(vtk.VTK_FLOAT)
        reslice.SetBackgroundLevel(OUTSIDE)
        reslice.Update()
        return (
            vtk_to_numpy(reslice.GetOutput().GetPointData().GetScalars()).reshape(grid.shape).copy()
        )

    def _voxels_near(self, pixels_ijk: Matrix, voxels_per_px: float) -> npt.NDArray[np.int64]:
        """Return the voxels around some positions, shape (n, 3): all that the plane may cross."""
        reach = 1 + int(voxels_per_px / 2.0)
        nearest = np.rint(pixels_ijk).astype(np.int64)
        low = np.maximum(nearest.min(axis=0) - reach, 0)
        high = np.minimum(nearest.max(axis=0) + reach + 1, self._scene_volume.volume.shape_ijk)
        if (low >= high).any():
            return np.empty((0, 3), dtype=np.int64)
        # Room around the box, so that positions just outside it spread into it.
        box = np.zeros(high - low + 2 * reach, dtype=bool)
        at = nearest - low + reach
        at = at[((at >= 0) & (at < box.shape)).all(axis=1)]
        box[tuple(at.T)] = True
        box = ndimage.binary_dilation(box, np.ones((3, 3, 3)), iterations=reach)
        return np.argwhere(box[reach:-reach, reach:-reach, reach:-reach]) + low


class _Slab:
    """How thick the plane is in mm so that it holds the voxels which it crosses, pixel by pixel."""

    def __init__(
        self,
        scan: WarpedScan,
        grid: SliceGrid,
        columns: tuple[int, int],
        rows: tuple[int, int],
    ) -> None:
        self._first = (columns[0], rows[0])
        u = np.arange(columns[0], columns[1] + THICKNESS_STEP_PX, THICKNESS_STEP_PX)
        v = np.arange(rows[0], rows[1] + THICKNESS_STEP_PX, THICKNESS_STEP_PX)
        at_u, at_v = (each.ravel() for each in np.meshgrid(u, v))
        here = scan.ijk_from_world(_world(grid, at_u, at_v))
        steps = [
            scan.ijk_from_world(_world(grid, at_u + du, at_v + dv, dw * grid.pixel_mm)) - here
            for du, dv, dw in ((1, 0, 0), (0, 1, 0), (0, 0, 1))
        ]
        self.voxels_per_px = float(np.abs(steps[:2]).max())
        # Columns: the way through the voxels along u, v and w; its inverse's last row says how
        # the distance from the plane grows with i, j and k.
        gradient = np.linalg.pinv(np.stack(steps, axis=2))[:, 2] * grid.pixel_mm
        largest = np.take_along_axis(gradient, np.abs(gradient).argmax(axis=1)[:, None], axis=1)
        self._half_mm = 0.5 * np.abs(gradient).sum(axis=1).reshape(len(v), len(u))
        self._sign = np.sign(largest).reshape(len(v), len(u))

    def holds(self, u: Matrix, v: Matrix, distance_mm: Matrix) -> Mask:
        """Return which of the positions lie in the slab; of its two faces one belongs to it."""
        rows, columns = self._half_mm.shape
        column = np.clip(np.rint((u - self._first[0]) / THICKNESS_STEP_PX), 0, columns - 1)
        row = np.clip(np.rint((v - self._first[1]) / THICKNESS_STEP_PX), 0, rows - 1)
        at = (row.astype(np.int64), column.astype(np.int64))
        side_mm = distance_mm * self._sign[at]
        return (side_mm > -self._half_mm[at]) & (side_mm <= self._half_mm[at])


def _world_grid(node: "slicer.vtkMRMLVolumeNode", spacing_mm: float) -> VolumeGeometry:
    bounds = [0.0] * 6
    node.GetRASBounds(bounds)
    corners = np.array([(r, a, s) for r in bounds[:2] for a in bounds[2:4] for s in bounds[4:]])
    # The planes of ordinary views cut across this grid: along its axes they would be taken for
    # its nearest layer instead of being shown where they are.
    axes = _tilted(np.radians(TILT_DEG))
    along = corners @ axes
    low, high = along.min(axis=0), along.max(axis=0)
    # Slicer looks at 8 x 8 x 8 points of the volume: between them it may bulge further.
    count = np.ceil((high - low) * (1.0 + 2.0 * MARGIN) / spacing_mm).astype(int)
    matrix = np.eye(4)
    matrix[:3, :3] = axes * spacing_mm
    matrix[:3, 3] = axes @ (0.5 * (low + high) - 0.5 * (count - 1) * spacing_mm)
    i, j, k = count.tolist()
    return VolumeGeometry((k, j, i), matrix)


def _tilted(angle: float) -> Matrix:
    """Return axes (columns) that are turned by `angle` about each of r, a and s."""
    cosine, sine = np.cos(angle), np.sin(angle)
    about_r = np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    about_a = np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
    about_s = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return about_r @ about_a @ about_s


def _world(grid: SliceGrid, u: Matrix, v: Matrix, distance_mm: float = 0.0) -> Matrix:
    positions = np.stack((u, v, np.full(len(u), distance_mm)), axis=1)
    return apply(grid.local_ras_from_image_uv, positions)


def _value_at(mask: Mask, u: Matrix, v: Matrix) -> Mask:
    row, column = np.floor(v + 0.5).astype(np.int64), np.floor(u + 0.5).astype(np.int64)
    inside = (row >= 0) & (row < mask.shape[0]) & (column >= 0) & (column < mask.shape[1])
    return inside & mask[np.where(inside, row, 0), np.where(inside, column, 0)]


def _inside(ijk: Matrix, volume: VolumeGeometry) -> npt.NDArray[np.int64]:
    return ijk[((ijk >= 0) & (ijk < volume.shape_ijk)).all(axis=1)].astype(np.int64)


def _patch(ijk: npt.NDArray[np.int64]) -> VoxelPatch:
    if len(ijk) == 0:
        return EMPTY
    low = ijk.min(axis=0)
    mask = np.zeros((ijk.max(axis=0) - low + 1)[::-1], dtype=bool)
    mask[tuple((ijk - low).T[::-1])] = True
    i, j, k = low.tolist()
    return VoxelPatch((k, j, i), mask)
