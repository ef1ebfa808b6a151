"""A volume under transforms that are not linear."""

import numpy as np
import pytest
from scipy import ndimage

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import ScreenPoint, ViewPoint
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.shown_slices import ShownSlices
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.segmentation.placement import place
from GazeSAMLib.segmentation.segment import Edit
from Testing.slicer.test_view_geometry import (
    ORIENTATIONS,
    PARENTS,
    VOLUMES,
    affine,
    orient,
    preset_of,
    show_exactly,
    turn,
)

pytest.importorskip("slicer", reason="slicer-core is not installed")

import slicer
import slicer.util
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from GazeSAMLib.hosts.slicer.slice_snapshot import snapshot
from GazeSAMLib.hosts.slicer.warped_slice import WarpedScan
from Testing.slicer.segments import LIVER, disc, filled, voxels_of

SHAPE_KJI = (20, 44, 50)


def noise():
    smooth = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=SHAPE_KJI), 2.0)
    return (smooth * 4000).astype(np.int16)


def bend(points_ras, mm):
    """How far points are displaced: smoothly, by up to some `mm`."""
    r, a, s = np.moveaxis(np.asarray(points_ras), -1, 0) / 25.0
    return mm * np.stack((np.sin(a + s), np.cos(r - 0.5 * s), np.sin(0.7 * r + a)), axis=-1)


def displacements(mm, spacing_mm, count):
    """How far the points of a cube of 240 mm are displaced, as an image."""
    field = vtk.vtkImageData()
    field.SetOrigin(-120.0, -120.0, -120.0)
    field.SetSpacing(spacing_mm, spacing_mm, spacing_mm)
    field.SetDimensions(count, count, count)
    k, j, i = np.indices((count, count, count))
    points = np.stack((i, j, k), axis=-1) * spacing_mm - 120.0
    vectors = np.ascontiguousarray(bend(points, mm).reshape(-1, 3))
    field.GetPointData().SetScalars(numpy_to_vtk(vectors, deep=True))
    return field


def grid_transform(mm):
    transform = slicer.vtkOrientedGridTransform()
    transform.SetDisplacementGridData(displacements(mm, 6.0, 41))
    transform.SetInterpolationModeToCubic()
    return transform


def bspline_transform(mm):
    transform = slicer.vtkOrientedBSplineTransform()
    transform.SetCoefficientData(displacements(mm, 20.0, 13))
    return transform


# Where the displacement is stored: to the world, or from it as registration writes it.
WARPS = {
    "grid to world": ("vtkMRMLGridTransformNode", grid_transform, False),
    "grid from world": ("vtkMRMLGridTransformNode", grid_transform, True),
    "B-spline from world": ("vtkMRMLBSplineTransformNode", bspline_transform, True),
}


@pytest.fixture
def a_warped_volume(mrml, a_volume):
    """Return a factory: ``a_warped_volume(warp, ras_from_ijk, above=None)``."""
    made = []

    def make(warp, ras_from_ijk, above=None, voxels=None):
        volume = a_volume(noise() if voxels is None else voxels, ras_from_ijk)
        class_name, make_transform, from_world = WARPS[warp]
        node = mrml.scene.AddNewNodeByClass(class_name, warp)
        made.append(node)
        transform = make_transform(4.0)
        if from_world:
            node.SetAndObserveTransformFromParent(transform)
        else:
            node.SetAndObserveTransformToParent(transform)
        volume.SetAndObserveTransformNodeID(node.GetID())
        if above is not None:
            parent = mrml.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "above")
            made.append(parent)
            parent.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(above))
            node.SetAndObserveTransformNodeID(parent.GetID())
        return volume

    yield make
    for node in made:
        mrml.scene.RemoveNode(node)


def a_view_of(a_slice_view, volume, orientation, width=300, height=220):
    view = a_slice_view(volume, preset_of(orientation), width, height)
    orient(view, orientation, volume)
    return view


def look_at(view, scene_volume, warped, x, y):
    width, height, _ = view.node.GetDimensions()
    shown = snapshot(view.logic, (0.0, 0.0, width, height), scene_volume)
    slices = ShownSlices(warped.geometry)
    slices.show(shown)
    return slices.locate(shown.layout.screen_from_view(ViewPoint(x, y)))


@pytest.mark.parametrize("above", [None, affine(turn(15.0, -8.0, 20.0))], ids=["", "and turned"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("warp", WARPS)
def test_a_look_falls_on_the_voxel_that_slicer_finds(
    a_warped_volume, a_slice_view, warp, orientation, above
):
    volume = a_warped_volume(warp, VOLUMES["oblique"], above)
    view = a_view_of(a_slice_view, volume, orientation)
    scene_volume = SceneVolume(volume)
    assert scene_volume.is_warped
    assert scene_volume.local_ras_from_ras is None
    warped = WarpedScan(scene_volume)

    shown = snapshot(view.logic, (0.0, 0.0, 300.0, 220.0), scene_volume)

    assert not view.layer.GetXYToIJKTransform().GetInverse().IsA("vtkLinearTransform")
    for u, v in np.random.default_rng(5).uniform((0, 0), (300, 220), (40, 2)):
        point = shown.layout.view_from_screen(ScreenPoint(u, v))
        ijk = warped.ijk_from_world([tuple(shown.geometry.point_from_view(point))])[0]
        assert tuple(ijk) == pytest.approx(view.ijk_from_view(*point), abs=1e-3)


def test_the_session_s_grid_holds_the_whole_warped_volume(a_warped_volume):
    volume = a_warped_volume("grid to world", VOLUMES["anisotropic"])
    scene_volume = SceneVolume(volume)
    warped = WarpedScan(scene_volume)
    ijk = np.argwhere(np.ones(SHAPE_KJI, dtype=bool))[:, ::-1]
    local = apply(scene_volume.volume.local_ras_from_ijk, ijk)
    world = local + bend(local, 4.0)

    inside = apply(warped.geometry.ijk_from_local_ras, world)

    assert (inside > 0).all()
    assert (inside < np.array(warped.geometry.shape_ijk) - 1).all()


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("warp", WARPS)
def test_the_slice_image_is_what_slicer_shows(a_warped_volume, a_slice_view, warp, orientation):
    volume = a_warped_volume(warp, VOLUMES["oblique"])
    display = volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(900.0, 50.0)
    view = a_view_of(a_slice_view, volume, orientation)
    scene_volume = SceneVolume(volume)
    warped = WarpedScan(scene_volume)
    plane = snapshot(view.logic, (0, 0, 300, 220), scene_volume).geometry.plane
    grid = slice_grid(warped.geometry, plane)

    pixels = warped.pixels(plane, 900.0, 50.0)

    assert pixels.shape == grid.shape
    show_exactly(view, grid, None)
    shown = view.shown()
    v, u = np.indices(grid.shape).reshape(2, -1)
    world = apply(grid.local_ras_from_image_uv, np.stack((u, v, 0 * u), axis=-1))
    ijk = warped.ijk_from_world(world)
    inside = ((ijk > -0.4) & (ijk < np.array(SHAPE_KJI[::-1]) - 0.6)).all(axis=1)
    inside = inside.reshape(grid.shape)
    beside = ((ijk < -0.6) | (ijk > np.array(SHAPE_KJI[::-1]) - 0.4)).any(axis=1)
    assert inside.sum() > 1000
    assert pixels[inside].std() > 20
    # Slicer rounds what it interpolates to the volume's whole numbers: 255 / 900 grey.
    assert np.abs(shown.astype(int) - pixels)[inside].max() <= 1
    assert not pixels[beside.reshape(grid.shape)].any()
    # The image lies in the very plane that the view shows.
    assert np.abs((world - plane.origin_local_ras) @ plane.normal).max() < 1e-4


def test_a_slice_is_sampled_once_and_windowed_each_time(a_warped_volume, a_slice_view):
    volume = a_warped_volume("grid to world", VOLUMES["oblique"])
    view = a_view_of(a_slice_view, volume, "axial")
    scene_volume = SceneVolume(volume)
    warped = WarpedScan(scene_volume)
    planes = []
    for offset in range(12):
        view.node.SetSliceOffset(volume_middle_mm(volume) + 0.5 * offset)
        planes.append(snapshot(view.logic, (0, 0, 300, 220), scene_volume).geometry.plane)
    first = [warped.pixels(plane, 900.0, 50.0) for plane in planes]

    again = [warped.pixels(plane, 900.0, 50.0) for plane in planes]
    darker = warped.pixels(planes[-1], 900.0, 350.0)

    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert len({one.tobytes() for one in first}) == len(planes)
    assert darker.mean() < first[-1].mean() - 5


def volume_middle_mm(volume):
    bounds = [0.0] * 6
    volume.GetRASBounds(bounds)
    return 0.5 * (bounds[4] + bounds[5])


def test_beside_the_volume_there_is_no_slice_image(a_warped_volume, a_slice_view):
    volume = a_warped_volume("grid from world", VOLUMES["isotropic"])
    view = a_view_of(a_slice_view, volume, "axial")
    scene_volume = SceneVolume(volume)
    view.node.SetSliceOffset(500.0)
    plane = snapshot(view.logic, (0, 0, 300, 220), scene_volume).geometry.plane

    assert WarpedScan(scene_volume).pixels(plane, 100.0, 50.0) is None


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize(
    ("volume_name", "parent_name"),
    [
        ("anisotropic", "no parent"),
        ("oblique", "scaled and turned"),
        ("sheared", "rigid"),
        ("left-handed", "scaled and turned"),
    ],
)
def test_where_the_transform_is_linear_masks_go_where_they_always_go(
    a_volume, a_slice_view, volume_name, orientation, parent_name
):
    parent = PARENTS[parent_name]
    volume = a_volume(noise(), VOLUMES[volume_name], parent)
    view = a_view_of(a_slice_view, volume, orientation)
    scene_volume = SceneVolume(volume)
    warped = WarpedScan(scene_volume)
    shown = snapshot(view.logic, (0.0, 0.0, 300.0, 220.0), scene_volume)
    local_grid = slice_grid(scene_volume.volume, shown.geometry.plane)
    # The same plane, off any tie, in the world.
    parent = np.eye(4) if parent is None else parent
    plane = type(shown.geometry)(parent @ shown.geometry.local_ras_from_view_xy).plane
    grid = slice_grid(warped.geometry, plane)
    rows, columns = np.indices(grid.shape)
    mask = np.hypot(columns - grid.shape[1] / 2, rows - grid.shape[0] / 2) < 9.0

    patch = warped.place(mask, grid)

    # The same mask on the volume's own slice image, sampled at its pixels.
    v, u = np.indices(local_grid.shape)
    local = apply(local_grid.local_ras_from_image_uv, np.stack((u, v, 0 * u), axis=-1))
    at_u, at_v, _ = np.moveaxis(apply(grid.image_uv_from_local_ras, apply(parent, local)), -1, 0)
    off_px = np.hypot(at_u - grid.shape[1] / 2, at_v - grid.shape[0] / 2)
    expected = filled(place(off_px < 9.0, local_grid, scene_volume.volume), SHAPE_KJI)
    loose = filled(place(off_px < 11.0, local_grid, scene_volume.volume), SHAPE_KJI)
    tight = filled(place(off_px < 7.0, local_grid, scene_volume.volume), SHAPE_KJI)
    held = filled(patch, SHAPE_KJI)
    assert held.sum() > 10
    if local_grid.layer is None:
        assert not (held & ~loose).any()
        assert not (tight & ~held).any()
        assert abs(int(held.sum()) - int(expected.sum())) <= 0.1 * expected.sum() + 6
    else:  # a plane along the axes shows one layer; ties of the layer aside
        layers = np.flatnonzero(
            held.any(axis=tuple(np.delete(range(3), 2 - local_grid.layer.w_axis)))
        )
        assert len(layers) == 1


@pytest.mark.parametrize("orientation", ["axial", "coronal", "oblique"])
@pytest.mark.parametrize("warp", WARPS)
def test_an_accepted_mask_lies_where_the_reader_looked(
    a_warped_volume, a_slice_view, a_segmentation, warp, orientation
):
    volume = a_warped_volume(warp, VOLUMES["anisotropic"])
    view = a_view_of(a_slice_view, volume, orientation)
    scene_volume = SceneVolume(volume)
    warped = WarpedScan(scene_volume)
    node = a_segmentation(scene_volume)
    assert node.GetTransformNodeID() == volume.GetTransformNodeID()
    hit = look_at(view, scene_volume, warped, 150.0, 110.0)

    patch = warped.place(disc(hit, 10.0), hit.grid)
    SegmentationNodeWriter(node, scene_volume).apply(Edit(LIVER, patch))

    held = voxels_of(node, LIVER, volume)
    assert np.array_equal(held, filled(patch, SHAPE_KJI))
    # Slicer's own transform says which voxel each position of the view shows.
    random = np.random.default_rng(1)
    positions = np.concatenate(
        (random.uniform((0, 0), (300, 220), (500, 2)), random.normal((150, 110), 14.0, (500, 2)))
    )
    ras = np.array([view.ras_from_view_xy @ (*p, 0.0, 1.0) for p in positions])[:, :3]
    centre = (view.ras_from_view_xy @ (150.0, 110.0, 0.0, 1.0))[:3]
    off_mm = np.linalg.norm(ras - centre, axis=1)
    nearest = np.floor([np.add(view.ijk_from_view(*p), 0.5) for p in positions]).astype(int)
    inside = ((nearest >= 0) & (nearest < SHAPE_KJI[::-1])).all(axis=1)
    i, j, k = nearest[inside].T
    blur_mm = 1.3 * 0.5 * np.linalg.norm(scene_volume.volume.spacing_mm) + hit.grid.pixel_mm
    radius_mm = 10.0 * hit.grid.pixel_mm
    within, beside = off_mm[inside] < radius_mm - blur_mm, off_mm[inside] > radius_mm + blur_mm
    assert within.sum() > 40
    assert beside.sum() > 100
    assert held[k, j, i][within].all()
    assert not held[k, j, i][beside].any()


def test_it_shows_there_too(
    a_warped_volume, a_slice_view, a_segmentation, a_rendered_view, tmp_path
):
    grey = np.full(SHAPE_KJI, 100, dtype=np.int16)
    volume = a_warped_volume("grid from world", VOLUMES["anisotropic"], voxels=grey)
    view = a_view_of(a_slice_view, volume, "oblique")
    scene_volume = SceneVolume(volume)
    warped = WarpedScan(scene_volume)
    node = a_segmentation(scene_volume)
    hit = look_at(view, scene_volume, warped, 150.0, 110.0)
    rendered = a_rendered_view(view)

    patch = warped.place(disc(hit, 10.0), hit.grid)
    SegmentationNodeWriter(node, scene_volume).apply(Edit(LIVER, patch))

    rendered.save(tmp_path / "warped.png")
    picture = rendered.picture().astype(int)
    tinted = (picture.max(axis=2) - picture.min(axis=2) > 20)[::-1]
    mm_per_px = np.linalg.norm(view.ras_from_view_xy[:3, 0])
    rows, columns = np.indices(tinted.shape)
    off_mm = np.hypot(columns - 150.0, rows - 110.0) * mm_per_px
    assert tinted[off_mm < 10.0 * hit.grid.pixel_mm - 2.5].mean() > 0.999
    assert not tinted[off_mm > 10.0 * hit.grid.pixel_mm + 2.5].any()


def test_a_voxel_belongs_to_a_plane_that_crosses_it(a_warped_volume, a_slice_view):
    volume = a_warped_volume("grid to world", VOLUMES["isotropic"])
    view = a_view_of(a_slice_view, volume, "oblique")
    scene_volume = SceneVolume(volume)
    warped = WarpedScan(scene_volume)
    plane = snapshot(view.logic, (0, 0, 300, 220), scene_volume).geometry.plane
    grid = slice_grid(warped.geometry, plane)

    held = filled(warped.place(np.ones(grid.shape, dtype=bool), grid), SHAPE_KJI)

    # Every voxel of the volume: its corners' distances from the plane, transformed one by one.
    ijk = np.argwhere(np.ones(SHAPE_KJI, dtype=bool))[:, ::-1]
    corners = np.array([(a, b, c) for a in (-0.5, 0.5) for b in (-0.5, 0.5) for c in (-0.5, 0.5)])
    to_world = vtk.vtkGeneralTransform()
    volume.GetParentTransformNode().GetTransformToWorld(to_world)
    local = apply(scene_volume.volume.local_ras_from_ijk, ijk[:, None] + corners)
    world = np.array([to_world.TransformPoint(point) for point in local.reshape(-1, 3)])
    offsets = world.reshape(local.shape) - plane.origin_local_ras
    distances = (offsets @ plane.normal).reshape(*SHAPE_KJI, 8)
    crossed = (distances.min(axis=-1) < 0) & (distances.max(axis=-1) > 0)
    # A voxel that the plane only just touches with a corner may count or not.
    sure = np.abs(np.sort(distances, axis=-1)[..., [0, -1]]).min(axis=-1) > 0.05
    assert crossed.sum() > 1000
    assert np.array_equal(held[sure], crossed[sure])
    assert (held != crossed).mean() < 0.002


def test_a_mask_of_another_size_is_refused(a_warped_volume, a_slice_view):
    volume = a_warped_volume("grid to world", VOLUMES["isotropic"])
    view = a_view_of(a_slice_view, volume, "axial")
    scene_volume = SceneVolume(volume)
    warped = WarpedScan(scene_volume)
    plane = snapshot(view.logic, (0, 0, 300, 220), scene_volume).geometry.plane
    grid = slice_grid(warped.geometry, plane)

    assert warped.place(np.zeros(grid.shape, dtype=bool), grid).mask.size == 0
    with pytest.raises(GeometryError, match="must have the image's shape"):
        warped.place(np.zeros((3, 3), dtype=bool), grid)


def test_a_mask_of_one_pixel_is_not_lost(a_warped_volume, a_slice_view):
    volume = a_warped_volume("grid from world", VOLUMES["anisotropic"])
    view = a_view_of(a_slice_view, volume, "oblique")
    scene_volume = SceneVolume(volume)
    warped = WarpedScan(scene_volume)
    hit = look_at(view, scene_volume, warped, 150.0, 110.0)
    mask = np.zeros(hit.grid.shape, dtype=bool)
    mask[round(hit.point_image_uv.v), round(hit.point_image_uv.u)] = True

    assert warped.place(mask, hit.grid).mask.any()
