"""From a position on the desktop to a voxel, as Slicer's own MRML computes it."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from GazeSAMLib.frames import ImagePoint, ScreenPoint
from GazeSAMLib.geometry.slice import SliceGeometry
from GazeSAMLib.geometry.slice_image import sample_slice, slice_grid, to_8bit
from GazeSAMLib.geometry.view import ViewLayout
from GazeSAMLib.geometry.volume import VolumeGeometry

SHAPE_KJI = (18, 40, 50)
ORIENTATIONS = ["axial", "sagittal", "coronal", "oblique", "turned in the plane", "volume plane"]


def affine(linear, origin=(-21.0, 17.0, 33.0)):
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    matrix[:3, 3] = origin
    return matrix


def turn(*degrees):
    return Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()


VOLUMES = {
    "isotropic": affine(np.diag((-1.0, -1.0, 1.0))),
    "anisotropic": affine(np.diag((-0.7, -0.9, 3.1))),
    "oblique": affine(turn(8.0, -12.0, 31.0) @ np.diag((-0.8, -0.8, 2.5))),
    "sheared": affine(np.array([[-0.6, 0.0, 0.0], [0.0, -0.57, 0.0], [0.0, -0.19, 2.4]])),
    "left-handed": affine(
        np.array([[0.0, 0.0, 1.2], [0.9, 0.0, 0.0], [0.0, 0.8, 0.0]]) @ np.diag((1, 1, -1))
    ),
}
PARENTS = {
    "no parent": None,
    "rigid": affine(turn(20.0, -35.0, 50.0), (12.5, -7.25, 40.0)),
    "scaled and turned": affine(
        turn(-15.0, 10.0, 5.0) @ np.diag((1.3, 0.8, 1.1)), (3.0, 5.0, -8.0)
    ),
}
# Widget size, logical pixels, and slice node dimensions, device pixels, as seen in Slicer.
LAYOUTS = {
    1.0: ((300, 201), (300, 201)),
    1.5: ((318, 205), (477, 308)),
    2.0: ((150, 121), (300, 242)),
}


def random_voxels():
    return np.random.default_rng(6).integers(-800, 1200, SHAPE_KJI, dtype=np.int16)


def orient(view, orientation, volume):
    """Turn a view to one of `ORIENTATIONS`, about the middle of what it shows."""
    # Angles at which no element of xy-to-ijk is tiny: Slicer takes those below 1e-4 for zero.
    turned_by = {"oblique": turn(35.0, -20.0, 0.0), "turned in the plane": turn(0.0, 0.0, 27.0)}
    if orientation == "volume plane":
        view.node.RotateToVolumePlane(volume)
    elif orientation in turned_by:
        view.turn_to(view.directions @ turned_by[orientation])


def preset_of(orientation):
    return orientation.capitalize() if orientation in ("axial", "sagittal", "coronal") else "Axial"


def geometry_of(view, parent):
    """Return the view's geometry as a host makes it: parent transforms taken away."""
    local_ras_from_ras = np.eye(4) if parent is None else np.linalg.inv(parent)
    return SliceGeometry(local_ras_from_ras @ view.ras_from_view_xy)


@pytest.mark.parametrize("ratio", LAYOUTS)
@pytest.mark.parametrize("parent_name", PARENTS)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("volume_name", VOLUMES)
def test_a_cursor_finds_the_voxel_that_slicer_finds(
    a_volume, a_slice_view, volume_name, orientation, parent_name, ratio
):
    ras_from_ijk, parent = VOLUMES[volume_name], PARENTS[parent_name]
    (width, height), (view_width, view_height) = LAYOUTS[ratio]
    volume = a_volume(np.zeros(SHAPE_KJI, dtype=np.int16), ras_from_ijk, parent)
    view = a_slice_view(volume, preset_of(orientation), view_width, view_height)
    orient(view, orientation, volume)
    assert view.node.GetDimensions()[:2] == (view_width, view_height)
    left, top = -1280, 96
    layout = ViewLayout(left, top, width, height, view_width, view_height)
    geometry = geometry_of(view, parent)
    scan = VolumeGeometry(SHAPE_KJI, ras_from_ijk)

    for column, row in np.random.default_rng(9).integers((0, 0), (width, height), (40, 2)).tolist():
        # The cursor's pixel centre, in exact fractions of the view.
        x = (Fraction(column) + Fraction(1, 2)) * view_width / width - Fraction(1, 2)
        y = view_height - Fraction(1, 2) - (Fraction(row) + Fraction(1, 2)) * view_height / height
        cursor = ScreenPoint(left + column + 0.5, top + row + 0.5)

        point_view_xy = layout.view_from_screen(cursor)
        point_ijk = scan.ijk_from_point(geometry.point_from_view(point_view_xy))

        assert tuple(point_view_xy) == pytest.approx((float(x), float(y)), abs=1e-9)
        assert tuple(point_ijk) == pytest.approx(view.ijk_from_view(float(x), float(y)), abs=1e-3)


def show_exactly(view, grid, parent):
    """Set a view so that its pixels are the pixels of a slice image."""
    height, width = grid.shape
    world_from_uvw = (np.eye(4) if parent is None else parent) @ grid.local_ras_from_image_uv
    u_mm, v_mm = np.linalg.norm(world_from_uvw[:3, :2], axis=0)
    view.logic.ResizeSliceNode(width, height)
    view.node.SetFieldOfView(width * u_mm, height * v_mm, 1.0)
    right, up = world_from_uvw[:3, 0] / u_mm, -world_from_uvw[:3, 1] / v_mm
    directions = np.stack((right, up, np.cross(right, up)), axis=1)
    view.turn_to(directions, np.zeros(3))
    top_left_ras = (view.ras_from_view_xy @ (0.0, height - 1.0, 0.0, 1.0))[:3]
    view.turn_to(directions, world_from_uvw[:3, 3] - top_left_ras)


@pytest.mark.parametrize("parent_name", ["no parent", "rigid"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("volume_name", VOLUMES)
def test_the_slice_image_is_what_slicer_shows(
    a_volume, a_slice_view, volume_name, orientation, parent_name
):
    ras_from_ijk, parent = VOLUMES[volume_name], PARENTS[parent_name]
    voxels_kji = random_voxels()
    volume = a_volume(voxels_kji, ras_from_ijk, parent)
    display = volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(900.0, 150.0)
    view = a_slice_view(volume, preset_of(orientation))
    orient(view, orientation, volume)
    scan = VolumeGeometry(SHAPE_KJI, ras_from_ijk)

    grid = slice_grid(scan, geometry_of(view, parent).plane)
    image = sample_slice(voxels_kji, scan, grid)
    show_exactly(view, grid, parent)

    # The view now shows the image's pixels, the upper left one at the upper left.
    top_left_ijk = scan.ijk_from_point(grid.point_from_image(ImagePoint(0.0, 0.0)))
    slicer_ijk = view.ijk_from_view(0, grid.shape[0] - 1)
    assert slicer_ijk == pytest.approx(tuple(top_left_ijk), abs=1e-3)
    resliced, shown, pixels = view.resliced(), view.shown(), to_8bit(image, 900.0, 150.0)
    inside = ndimage.binary_erosion(np.isfinite(image))
    assert inside.sum() > 200
    # Slicer rounds what it interpolates to the volume's whole numbers, and positions to 1e-5
    # voxel: 0.02 where neighbours differ by 2000.
    assert np.abs(resliced[inside] - image[inside]).max() <= 0.52
    assert np.abs(shown[inside].astype(int) - pixels[inside]).max() <= 1
    if grid.one_to_one:
        assert np.array_equal(resliced, image)
        assert np.array_equal(shown, pixels)


ALL_AXES = {"axial", "sagittal", "coronal"}


@pytest.mark.parametrize("parent_name", PARENTS)
@pytest.mark.parametrize(
    ("volume_name", "along_axes"),
    [
        ("isotropic", ALL_AXES),
        ("anisotropic", ALL_AXES),
        ("left-handed", ALL_AXES),
        ("oblique", set()),
        ("sheared", {"coronal"}),
    ],
)
def test_the_volume_s_own_planes_and_no_others_are_aligned(
    a_volume, a_slice_view, volume_name, along_axes, parent_name
):
    ras_from_ijk, parent = VOLUMES[volume_name], PARENTS[parent_name]
    scan = VolumeGeometry(SHAPE_KJI, ras_from_ijk)
    volume = a_volume(random_voxels(), ras_from_ijk, parent)
    aligned = set()
    for orientation in ORIENTATIONS:
        view = a_slice_view(volume, preset_of(orientation))
        orient(view, orientation, volume)
        if slice_grid(scan, geometry_of(view, parent).plane).layer is not None:
            aligned.add(orientation)

    # A parent turns the volume away from the patient's axes, but not from its own plane.
    assert aligned == {"volume plane"} | (along_axes if parent is None else set())


@pytest.mark.parametrize("position", [-0.51, -0.5, -0.49, 0.49, 0.5, 1.0, 1.5, 2.49, 2.5, 3.49])
@pytest.mark.parametrize("k_step_mm", [1.0, -1.0, 0.3125, -5.5])
def test_between_two_layers_the_one_that_slicer_shows_is_taken(
    a_volume, a_slice_view, position, k_step_mm
):
    voxels_kji = np.broadcast_to(np.int16([10, 20, 30, 40])[:, None, None], (4, 20, 20)).copy()
    ras_from_ijk = affine(np.diag((-1.0, -1.0, k_step_mm)))
    volume = a_volume(voxels_kji, ras_from_ijk)
    volume.GetDisplayNode().SetInterpolate(0)
    view = a_slice_view(volume)
    view.node.SetSliceOffset(ras_from_ijk[2, 3] + position * k_step_mm)
    scan = VolumeGeometry(voxels_kji.shape, ras_from_ijk)

    grid = slice_grid(scan, geometry_of(view, None).plane)

    shown = view.resliced().max()
    assert shown == (0 if grid is None else sample_slice(voxels_kji, scan, grid).max())


@pytest.mark.parametrize("position", [-0.5, 3.5])
def test_a_plane_on_a_face_of_the_volume_shows_the_outermost_layer(
    a_volume, a_slice_view, position
):
    voxels_kji = np.broadcast_to(np.int16([10, 20, 30, 40])[:, None, None], (4, 20, 20)).copy()
    ras_from_ijk = affine(np.diag((-1.0, -1.0, 2.5)))
    view = a_slice_view(a_volume(voxels_kji, ras_from_ijk))
    view.node.SetSliceOffset(ras_from_ijk[2, 3] + position * 2.5)
    scan = VolumeGeometry(voxels_kji.shape, ras_from_ijk)

    grid = slice_grid(scan, geometry_of(view, None).plane)

    assert view.resliced().max() == sample_slice(voxels_kji, scan, grid).max()


def test_zoom_and_pan_in_slicer_keep_the_plane_s_key(a_volume, a_slice_view):
    volume = a_volume(random_voxels(), VOLUMES["oblique"], PARENTS["rigid"])
    view = a_slice_view(volume)
    orient(view, "oblique", volume)
    key = geometry_of(view, PARENTS["rigid"]).plane.key()
    rng = np.random.default_rng(4)

    for _ in range(50):
        zoom = rng.uniform(0.1, 8.0)
        view.node.SetFieldOfView(60.0 * zoom, 40.0 * zoom, 1.0)
        view.node.SetXYZOrigin(*rng.uniform(-80.0, 80.0, 2), 0.0)
        assert geometry_of(view, PARENTS["rigid"]).plane.key() == key
    view.node.SetSliceOffset(view.node.GetSliceOffset() + 0.01)
    assert geometry_of(view, PARENTS["rigid"]).plane.key() != key
