"""The slice image given to an engine: the scan's whole cross-section with the displayed plane.

Zoom and pan do not enter, so an embedding stays valid while the reader moves about. A plane
along the scan's own axes gives the scan's own pixels; any other plane is interpolated
linearly at the finest voxel spacing. Pixels are square, row 0 is the top as displayed, and
the longest side has at most 1024 pixels.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import ImagePoint, LocalRasPoint
from GazeSAMLib.geometry.affine import Matrix, apply, invert
from GazeSAMLib.geometry.interpolation import resample_rows, sample_plane
from GazeSAMLib.geometry.slice import PLANE_STEP_MM, SlicePlane
from GazeSAMLib.geometry.volume import VolumeGeometry

LONGEST_SIDE = 1024
# Header noise tilts planes and axes by up to some 1e-4 against each other: over 512 voxels the
# plane then leaves its layer by less than this many voxels, which no reader sees.
ALIGNED_DRIFT = 0.1

Image = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class VoxelLayer:
    """Which layer of voxels an aligned slice image shows, and how it lies.

    Attributes
    ----------
    u_axis, v_axis, w_axis : int
        The voxel axis (0 = i, 1 = j, 2 = k) along columns, along rows and across.
    u_flipped, v_flipped : bool
        Whether the index falls as u or v grows.
    index : int
        The layer's index along `w_axis`.
    """

    u_axis: int
    v_axis: int
    w_axis: int
    u_flipped: bool
    v_flipped: bool
    index: int


@dataclass(frozen=True, eq=False)
class SliceGrid:
    """The pixel grid of a slice image in space.

    Attributes
    ----------
    shape : (int, int)
        Height and width in pixels.
    local_ras_from_image_uv : ndarray, shape (4, 4)
        Maps (u, v, w): columns, rows, and w in mm along the plane's normal, which
        points away from the reader's side as row x column.
    pixel_mm : float
        Side of a pixel.
    layer : VoxelLayer or None
        Set where the plane lies along the scan's own axes.
    one_to_one : bool
        Whether each pixel is exactly one voxel of `layer`.
    """

    shape: tuple[int, int]
    local_ras_from_image_uv: Matrix
    pixel_mm: float
    layer: VoxelLayer | None
    one_to_one: bool
    image_uv_from_local_ras: Matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.local_ras_from_image_uv.setflags(write=False)
        object.__setattr__(self, "image_uv_from_local_ras", invert(self.local_ras_from_image_uv))

    def image_from_point(self, point: LocalRasPoint) -> ImagePoint:
        """Map a local RAS point to the image, dropping its distance from the plane."""
        u, v, _ = apply(self.image_uv_from_local_ras, tuple(point)).tolist()
        return ImagePoint(u, v)

    def contains(self, point: ImagePoint) -> bool:
        """Whether an image position lies on a pixel of the image."""
        height, width = self.shape
        return -0.5 <= point.u < width - 0.5 and -0.5 <= point.v < height - 0.5

    def point_from_image(self, point: ImagePoint) -> LocalRasPoint:
        """Map an image position to the point of the plane, local RAS."""
        return LocalRasPoint(*apply(self.local_ras_from_image_uv, (point.u, point.v, 0.0)).tolist())


def slice_grid(volume: VolumeGeometry, plane: SlicePlane) -> SliceGrid | None:
    """Return the slice image's grid; None where the plane misses the volume.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    plane : SlicePlane
        The displayed plane in the scan's local RAS.
    """
    plane = plane.rounded()  # so that equal keys give the same grid to the last bit
    layer = _aligned_layer(volume, plane)
    if layer is None:
        return _oblique_grid(volume, plane)
    if not 0 <= layer.index < volume.shape_ijk[layer.w_axis]:
        return None
    return _aligned_grid(volume, plane, layer)


def _slack_ijk(volume: VolumeGeometry) -> npt.NDArray[np.float64]:
    """How far, in voxels, rounding may have moved a plane across each voxel axis."""
    return PLANE_STEP_MM * volume.voxels_per_mm


def _aligned_layer(volume: VolumeGeometry, plane: SlicePlane) -> VoxelLayer | None:
    """Find the voxel layer that `plane` shows, or None where it cuts across voxel axes.

    Aligned means: from one end of the volume to the other the plane's rows and columns leave
    the voxel axes that they follow by less than `ALIGNED_DRIFT` voxels. The layer may lie
    outside the volume.
    """
    linear = volume.ijk_from_local_ras[:3, :3]
    extent_mm = np.array(volume.spacing_mm) * volume.shape_ijk
    directions = (plane.row_direction, plane.column_direction)
    steps = [linear @ direction for direction in directions]  # voxels per mm
    u_axis, v_axis = (int(np.argmax(np.abs(step))) for step in steps)
    if u_axis == v_axis:
        return None
    for step, axis in zip(steps, (u_axis, v_axis), strict=True):
        if np.abs(np.delete(step, axis)).max() * extent_mm[axis] > ALIGNED_DRIFT:
            return None
    w_axis = 3 - u_axis - v_axis
    # Under the volume's centre, so that the drift is shared by both ends.
    centre = apply(volume.local_ras_from_ijk, (np.array(volume.shape_ijk) - 1) / 2.0)
    offset_mm = plane.normal @ (centre - plane.origin_local_ras)
    centre_ijk = apply(volume.ijk_from_local_ras, centre - offset_mm * plane.normal)
    return VoxelLayer(
        u_axis,
        v_axis,
        w_axis,
        bool(steps[0][u_axis] < 0.0),
        bool(steps[1][v_axis] < 0.0),
        _layer_index(centre_ijk[w_axis], volume.shape_ijk[w_axis], _slack_ijk(volume)[w_axis]),
    )


def _layer_index(position: float, count: int, slack: float) -> int:
    """Round a continuous index to a layer: a half upwards, and the far edge to the last layer."""
    if abs(position - (count - 0.5)) <= slack:
        return count - 1
    return math.floor(position + 0.5 + slack)


def _aligned_grid(volume: VolumeGeometry, plane: SlicePlane, layer: VoxelLayer) -> SliceGrid:
    spacing_mm = volume.spacing_mm
    u_mm, v_mm = spacing_mm[layer.u_axis], spacing_mm[layer.v_axis]
    u_count, v_count = volume.shape_ijk[layer.u_axis], volume.shape_ijk[layer.v_axis]
    pixel_mm = max(min(u_mm, v_mm), max(u_count * u_mm, v_count * v_mm) / LONGEST_SIDE)
    # The scan's own pixels, also where its two spacings differ in the fourth digit.
    one_to_one = abs(u_mm - v_mm) < 1e-3 * pixel_mm and max(u_count, v_count) <= LONGEST_SIDE
    if one_to_one:
        shape = (v_count, u_count)
        step_u, step_v = 1.0, 1.0
    else:
        shape = (_pixel_count(v_count * v_mm, pixel_mm), _pixel_count(u_count * u_mm, pixel_mm))
        step_u, step_v = pixel_mm / u_mm, pixel_mm / v_mm
    # Columns: u, v, normal; the image's edge is the edge of the outermost voxels.
    ijk_from_uv = np.zeros((3, 2))
    corner_ijk = np.zeros(3)
    corner_ijk[layer.w_axis] = layer.index
    for column, (axis, step, count, flipped) in enumerate(
        (
            (layer.u_axis, step_u, u_count, layer.u_flipped),
            (layer.v_axis, step_v, v_count, layer.v_flipped),
        )
    ):
        sign = -1.0 if flipped else 1.0
        ijk_from_uv[axis, column] = sign * step
        corner_ijk[axis] = (count - 0.5 if flipped else -0.5) + sign * 0.5 * step
    matrix = np.eye(4)
    matrix[:3, :2] = volume.axes_mm @ ijk_from_uv
    matrix[:3, 2] = plane.normal
    matrix[:3, 3] = apply(volume.local_ras_from_ijk, corner_ijk)
    return SliceGrid(shape, matrix, pixel_mm, layer, one_to_one)


def _oblique_grid(volume: VolumeGeometry, plane: SlicePlane) -> SliceGrid | None:
    outline = _cross_section(volume, plane)
    if len(outline) < 3:
        return None
    offsets = outline - plane.origin_local_ras
    uv_mm = np.stack((offsets @ plane.row_direction, offsets @ plane.column_direction), axis=1)
    low, high = uv_mm.min(axis=0), uv_mm.max(axis=0)
    extent_mm = high - low
    if extent_mm.min() < 1e-3 * min(volume.spacing_mm):  # touches a corner or an edge
        return None
    pixel_mm = max(min(volume.spacing_mm), float(extent_mm.max()) / LONGEST_SIDE)
    shape = (_pixel_count(extent_mm[1], pixel_mm), _pixel_count(extent_mm[0], pixel_mm))
    corner = low + 0.5 * pixel_mm
    matrix = np.eye(4)
    matrix[:3, 0] = plane.row_direction * pixel_mm
    matrix[:3, 1] = plane.column_direction * pixel_mm
    matrix[:3, 2] = plane.normal
    matrix[:3, 3] = (
        plane.origin_local_ras
        + plane.row_direction * corner[0]
        + plane.column_direction * corner[1]
    )
    return SliceGrid(shape, matrix, pixel_mm, None, False)


def _pixel_count(extent_mm: float, pixel_mm: float) -> int:
    # The tolerance keeps rounding noise from adding a pixel beyond the longest side.
    return min(LONGEST_SIDE, max(1, math.ceil(float(extent_mm) / pixel_mm - 1e-3)))


def _cross_section(volume: VolumeGeometry, plane: SlicePlane) -> Matrix:
    """Return where `plane` crosses the edges of the volume's box, shape (n, 3), local RAS."""
    bits = np.indices((2, 2, 2)).reshape(3, -1).T
    beyond_ijk = 0.5 + _slack_ijk(volume)
    corners_ijk = np.where(bits, volume.shape_ijk + beyond_ijk - 1.0, -beyond_ijk)
    corners = apply(volume.local_ras_from_ijk, corners_ijk)
    distances = (corners - plane.origin_local_ras) @ plane.normal
    starts, ends = np.array(
        [(a, b) for a in range(8) for b in range(a + 1, 8) if (bits[a] != bits[b]).sum() == 1]
    ).T
    crossing = (distances[starts] < 0.0) != (distances[ends] < 0.0)
    starts, ends = starts[crossing], ends[crossing]
    fraction = distances[starts] / (distances[starts] - distances[ends])
    points: Matrix = corners[starts] + fraction[:, None] * (corners[ends] - corners[starts])
    return points


def sample_slice(
    voxels_kji: npt.NDArray[np.generic], volume: VolumeGeometry, grid: SliceGrid
) -> Image:
    """Return the scan's values on `grid`, float32 of ``grid.shape``.

    Pixels outside the scan are NaN. Where an aligned image has fewer pixels than the scan,
    each is the mean over its area; else values between voxel centres are linear.

    Parameters
    ----------
    voxels_kji : ndarray, shape (k, j, i)
        The scan's values; may be a memory map.
    volume : VolumeGeometry
        The grid of `voxels_kji`.
    grid : SliceGrid
        From :func:`slice_grid` for the same volume.

    Raises
    ------
    GeometryError
        If `voxels_kji` does not have the volume's shape.
    """
    volume.check_shape(voxels_kji)
    voxels_kji = np.asarray(voxels_kji)  # a memory map's own type would slow down each step
    layer = grid.layer
    if layer is None:
        ijk_from_image_uv = volume.ijk_from_local_ras @ grid.local_ras_from_image_uv
        return sample_plane(voxels_kji, ijk_from_image_uv, grid.shape, _slack_ijk(volume))
    values = layer_view(voxels_kji, layer).astype(np.float32, order="C")
    if grid.one_to_one:
        return values
    u_mm, v_mm = volume.spacing_mm[layer.u_axis], volume.spacing_mm[layer.v_axis]
    values = resample_rows(values, grid.shape[0], grid.pixel_mm / v_mm)
    return np.ascontiguousarray(resample_rows(values.T, grid.shape[1], grid.pixel_mm / u_mm).T)


def layer_view(voxels_kji: npt.NDArray[np.generic], layer: VoxelLayer) -> npt.NDArray[np.generic]:
    """Return the voxels of `layer` as displayed: a (v, u) view without copy."""
    values = voxels_kji.transpose(2, 1, 0)  # i, j, k
    values = np.moveaxis(values, (layer.v_axis, layer.u_axis, layer.w_axis), (0, 1, 2))
    return values[:: -1 if layer.v_flipped else 1, :: -1 if layer.u_flipped else 1, layer.index]


def to_8bit(values: Image, window: float, level: float) -> Pixels:
    """Map scan values to 0..255 as a display with this window and level shows them.

    Values at ``level - window / 2`` and below are 0, at ``level + window / 2`` and above
    255, as in VTK's ``vtkImageMapToWindowLevelColors``; NaN is 0.

    Raises
    ------
    GeometryError
        If `window` is not positive or a number is not finite.
    """
    if not (math.isfinite(window) and math.isfinite(level) and window > 0.0):
        raise GeometryError(f"window must be positive and level finite, got {window} and {level}")
    scaled = (values - np.float32(level - window / 2.0)) * np.float32(255.0 / window)
    # Of a NaN and a number, fmax and fmin take the number.
    pixels: Pixels = np.fmin(np.fmax(scaled, 0.0), 255.0).astype(np.uint8)
    return pixels
