"""The preview's outline in a slice view, as it is drawn."""

import numpy as np
import pytest
from scipy import ndimage

from GazeSAMLib.geometry.slice_image import sample_slice, slice_grid
from Testing.slicer.test_view_geometry import ORIENTATIONS, PARENTS, VOLUMES, orient, preset_of

pytest.importorskip("slicer", reason="slicer-core is not installed")

from GazeSAMLib.hosts.slicer.outline import Outline, contours_image_uv
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.slice_snapshot import snapshot

GREEN = (0.0, 1.0, 0.0)
SHAPE_KJI = (18, 40, 50)


def bright_block():
    """A bright block in the dark, with a dark hole."""
    voxels = np.zeros(SHAPE_KJI, dtype=np.int16)
    voxels[4:14, 9:31, 12:38] = 1000
    voxels[6:12, 15:22, 20:27] = 0
    return voxels


def shown_volume(a_volume, ras_from_ijk, parent=None):
    volume = a_volume(bright_block(), ras_from_ijk, parent)
    display = volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(1000.0, 500.0)
    return volume


def as_seen(view, scene_volume, ratio=1.0):
    width, height, _ = view.node.GetDimensions()
    return snapshot(view.logic, (0.0, 0.0, width / ratio, height / ratio), scene_volume)


def mask_on(shown, scene_volume):
    grid = slice_grid(scene_volume.volume, shown.geometry.plane)
    return grid, sample_slice(scene_volume.voxels_kji, scene_volume.volume, grid) > 500.0


def painted(picture):
    """Where the picture is as green as the line alone is."""
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    return (green > 150) & (red < 90) & (blue < 90)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize(
    ("volume_name", "parent_name"),
    [
        ("anisotropic", "no parent"),
        ("oblique", "rigid"),
        ("sheared", "no parent"),
        ("left-handed", "rigid"),
    ],
)
def test_it_runs_along_the_edge_that_the_reader_sees(
    a_volume, a_slice_view, a_rendered_view, tmp_path, volume_name, orientation, parent_name
):
    volume = shown_volume(a_volume, VOLUMES[volume_name], PARENTS[parent_name])
    view = a_slice_view(volume, preset_of(orientation), 420, 330)
    orient(view, orientation, volume)
    scene_volume = SceneVolume(volume)
    rendered = a_rendered_view(view)
    bright = rendered.picture()[..., 0] > 127
    shown = as_seen(view, scene_volume)
    grid, mask = mask_on(shown, scene_volume)

    Outline(rendered.renderer).show(mask, grid, shown, GREEN)

    rendered.save(tmp_path / "outline.png")
    line = painted(rendered.picture())
    assert line.sum() > 200
    # A mask has the slice image's pixels: its edge is at most one of them off.
    pixel_view_px = grid.pixel_mm / shown.mm_per_view_px[0]
    edge = bright ^ ndimage.binary_erosion(bright)
    to_edge = ndimage.distance_transform_edt(~edge)
    to_line = ndimage.distance_transform_edt(~line)
    assert to_edge[line].max() < 1.5 * pixel_view_px + 2.0
    assert np.median(to_edge[line]) < 0.5 * pixel_view_px + 1.5
    assert np.percentile(to_line[edge], 99) < 1.5 * pixel_view_px + 2.0


def test_it_lies_exactly_on_the_edge_of_the_voxels(a_volume, a_slice_view, a_rendered_view):
    volume = shown_volume(a_volume, np.diag((-1.0, -1.0, 1.0, 1.0)))
    volume.GetDisplayNode().SetInterpolate(0)
    view = a_slice_view(volume, "Axial", 400, 400)
    # 8 pixels of the view for a voxel, whose edges lie between pixels.
    view.node.SetFieldOfView(50.0, 50.0, 1.0)
    view.node.SetXYZOrigin(0.0625, 0.0625, 0.0)
    rendered = a_rendered_view(view)
    scene_volume = SceneVolume(volume)
    bright = rendered.picture()[..., 0] > 127
    shown = as_seen(view, scene_volume)
    grid, mask = mask_on(shown, scene_volume)

    Outline(rendered.renderer, line_width_px=2.0).show(mask, grid, shown, GREEN)

    line = painted(rendered.picture())
    middle = np.flatnonzero(bright[:, 200]).mean().astype(int) + 40  # beside the hole
    for seen, drawn in ((bright[middle], line[middle]), (bright[:, 120], line[:, 120])):
        first, last = np.flatnonzero(seen)[[0, -1]]
        # One pixel on either side of the edge between dark and bright.
        assert np.flatnonzero(drawn).tolist() == [first - 1, first, last, last + 1]


def test_it_lies_between_pixels_where_the_edge_does(a_volume, a_slice_view, a_rendered_view):
    volume = shown_volume(a_volume, np.diag((-1.0, -1.0, 1.0, 1.0)))
    view = a_slice_view(volume, "Axial", 400, 400)
    view.node.SetFieldOfView(50.0, 50.0, 1.0)
    rendered = a_rendered_view(view)
    outline = Outline(rendered.renderer, line_width_px=4.0)
    off_px = []
    for shift_px in np.linspace(0.0, 1.0, 16, endpoint=False):
        view.node.SetXYZOrigin(shift_px * 0.125, shift_px * 0.125, 0.0)
        shown = as_seen(view, SceneVolume(volume))
        outline.show(*reversed(mask_on(shown, SceneVolume(volume))), shown, GREEN)
        line = painted(rendered.picture())[::-1]  # row 0 at the bottom, as in view XY
        # Where Slicer shows the edges at i = 37.5 and j = 30.5, pixel centres at whole numbers.
        i, j, _ = view.ijk_from_view(0.0, 0.0)
        x, y = 8.0 * abs(37.5 - i), 8.0 * abs(30.5 - j)
        left, bottom = round(x) - 9, round(y) - 9
        off_px.append(np.flatnonzero(line[round(y) + 30, left : left + 18]).mean() + left - x)
        off_px.append(np.flatnonzero(line[bottom : bottom + 18, round(x) - 30]).mean() + bottom - y)

    assert abs(np.mean(off_px)) < 0.1
    assert np.abs(off_px).max() < 0.75


def test_it_follows_zoom_and_pan(a_volume, a_slice_view, a_rendered_view):
    volume = shown_volume(a_volume, VOLUMES["oblique"])
    view = a_slice_view(volume, "Axial", 420, 330)
    orient(view, "volume plane", volume)
    scene_volume = SceneVolume(volume)
    rendered = a_rendered_view(view)
    shown = as_seen(view, scene_volume)
    grid, mask = mask_on(shown, scene_volume)
    outline = Outline(rendered.renderer)
    outline.show(mask, grid, shown, GREEN)
    field = view.node.GetFieldOfView()
    view.node.SetFieldOfView(field[0] / 1.7, field[1] / 1.7, 1.0)
    view.node.SetXYZOrigin(4.0, -3.0, 0.0)
    stale = painted(rendered.picture())

    outline.move(as_seen(view, scene_volume))

    line = painted(rendered.picture())
    fresh = Outline(rendered.renderer)
    outline.hide()
    fresh.show(mask, grid, as_seen(view, scene_volume), GREEN)
    assert np.array_equal(line, painted(rendered.picture()))
    assert not np.array_equal(line, stale)


def test_nothing_is_left_when_it_goes(a_volume, a_slice_view, a_rendered_view):
    volume = shown_volume(a_volume, VOLUMES["isotropic"])
    view = a_slice_view(volume)
    scene_volume = SceneVolume(volume)
    rendered = a_rendered_view(view)
    before, props = rendered.picture(), rendered.renderer.GetViewProps().GetNumberOfItems()
    shown = as_seen(view, scene_volume)
    outline = Outline(rendered.renderer)
    outline.show(*reversed(mask_on(shown, scene_volume)), shown, GREEN)
    assert outline.is_shown
    assert not np.array_equal(rendered.picture(), before)

    outline.hide()
    assert not outline.is_shown
    assert np.array_equal(rendered.picture(), before)
    outline.move(shown)
    assert np.array_equal(rendered.picture(), before)
    outline.remove()
    assert rendered.renderer.GetViewProps().GetNumberOfItems() == props


def test_an_empty_mask_shows_nothing(a_volume, a_slice_view, a_rendered_view):
    volume = shown_volume(a_volume, VOLUMES["isotropic"])
    view = a_slice_view(volume)
    scene_volume = SceneVolume(volume)
    rendered = a_rendered_view(view)
    before = rendered.picture()
    shown = as_seen(view, scene_volume)
    grid, mask = mask_on(shown, scene_volume)
    outline = Outline(rendered.renderer)
    outline.show(mask, grid, shown, GREEN)

    outline.show(np.zeros_like(mask), grid, shown, GREEN)

    assert np.array_equal(rendered.picture(), before)
    assert not outline.is_shown


def test_the_line_is_as_wide_at_every_scaling(a_volume, a_slice_view, a_rendered_view):
    volume = shown_volume(a_volume, np.diag((-1.0, -1.0, 1.0, 1.0)))
    widths = {}
    for ratio in (1.0, 1.5, 2.0):
        view = a_slice_view(volume, "Axial", round(300 * ratio), round(300 * ratio))
        view.node.SetFieldOfView(50.0, 50.0, 1.0)
        rendered = a_rendered_view(view)
        shown = as_seen(view, SceneVolume(volume), ratio)
        outline = Outline(rendered.renderer, line_width_px=4.0)
        outline.show(*reversed(mask_on(shown, SceneVolume(volume))), shown, GREEN)
        widths[ratio] = painted(rendered.picture())[round(200 * ratio)].sum() / 2

    assert widths == {1.0: 4.0, 1.5: 6.0, 2.0: 8.0}


def test_colour_and_opacity_are_as_told(a_volume, a_slice_view, a_rendered_view):
    volume = shown_volume(a_volume, np.diag((-1.0, -1.0, 1.0, 1.0)))
    view = a_slice_view(volume, "Axial", 400, 400)
    rendered = a_rendered_view(view)
    shown = as_seen(view, SceneVolume(volume))
    grid, mask = mask_on(shown, SceneVolume(volume))
    outline = Outline(rendered.renderer)

    outline.show(mask, grid, shown, (1.0, 0.5, 0.0))
    colours = {tuple(pixel) for pixel in rendered.picture().reshape(-1, 3).tolist()}
    assert any(abs(r - 255) + abs(g - 127) + b < 4 for r, g, b in colours)
    outline.show(mask, grid, shown, (1.0, 0.5, 0.0), opacity=0.5)
    colours = {tuple(pixel) for pixel in rendered.picture().reshape(-1, 3).tolist()}
    assert not any(abs(r - 255) + abs(g - 127) + b < 4 for r, g, b in colours)


def areas(outlines):
    """The area inside each outline."""
    found = []
    for u, v in (outline.T for outline in outlines):
        found.append(abs(np.dot(u, np.roll(v, -1)) - np.dot(np.roll(u, -1), v)) / 2)
    return sorted(found)


def test_contours_of_a_mask_pass_between_its_pixels_and_the_others():
    mask = np.zeros((20, 30), dtype=bool)
    mask[4:9, 6:16] = True
    mask[6, 8:10] = False
    mask[14, 20] = True

    outlines = contours_image_uv(mask)

    # Each of the four corners of an outline is cut by an eighth of a pixel.
    assert areas(outlines) == [0.5, 1.5, 49.5]
    points = np.concatenate(outlines)
    assert points.min(axis=0).tolist() == [5.5, 3.5]
    assert points.max(axis=0).tolist() == [20.5, 14.5]
    assert sorted(len(outline) for outline in outlines) == [4, 6, 8]


def test_contours_of_a_whole_image_follow_its_edge():
    outlines = contours_image_uv(np.ones((20, 30), dtype=bool))

    assert areas(outlines) == [599.5]
    assert outlines[0].min() == -0.5


def test_contours_of_logits_lie_where_they_are_zero():
    rows, columns = np.indices((40, 50))
    logits = (12.3 - np.hypot(rows - 19.7, columns - 24.2)).astype(np.float32)

    u, v = contours_image_uv(logits)[0].T

    assert len(u) > 50
    assert np.abs(np.hypot(v - 19.7, u - 24.2) - 12.3).max() < 0.02


@pytest.mark.parametrize("strange", [np.inf, -np.inf, np.nan])
def test_logits_that_are_no_numbers_give_an_outline_all_the_same(strange):
    logits = np.full((10, 10), -3.0, dtype=np.float32)
    logits[3:7, 3:7] = 2.0
    logits[5, 5] = abs(strange)
    logits[0, 0] = strange if strange < 0 else -1.0

    outlines = contours_image_uv(logits)

    assert len(outlines) in (1, 2)
    assert np.isfinite(np.concatenate(outlines)).all()


@pytest.mark.parametrize("seed", range(20))
def test_outlines_of_any_mask_enclose_it(seed):
    noise = ndimage.gaussian_filter(
        np.random.default_rng(seed).normal(size=(40, 50)), 1.0 + seed / 5
    )
    mask = noise > np.percentile(noise, 20 + 3 * seed)

    outlines = contours_image_uv(mask)

    # Even-odd rule at every pixel's centre, along a ray in the direction of u.
    inside = np.zeros(mask.shape, dtype=bool)
    rows, columns = np.indices(mask.shape)
    for outline in outlines:
        for (u0, v0), (u1, v1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
            spans = (v0 > rows) != (v1 > rows)
            with np.errstate(divide="ignore", invalid="ignore"):
                crossing = u0 + (rows - v0) * (u1 - u0) / (v1 - v0)
            inside ^= spans & (columns < crossing)
    assert np.array_equal(inside, mask)


def test_a_line_has_no_gaps(a_volume, a_slice_view, a_rendered_view):
    volume = shown_volume(a_volume, np.diag((-1.0, -1.0, 1.0, 1.0)))
    for zoom_mm in (60.0, 55.1, 50.0, 47.3, 44.4, 41.7, 40.0):
        view = a_slice_view(volume, "Axial", 300, 300)
        view.node.SetFieldOfView(zoom_mm, zoom_mm, 1.0)
        rendered = a_rendered_view(view)
        bright = rendered.picture()[..., 0] > 127
        shown = as_seen(view, SceneVolume(volume))
        outline = Outline(rendered.renderer)
        outline.show(*reversed(mask_on(shown, SceneVolume(volume))), shown, GREEN)

        # What is not line falls into parts: none of them lies on both sides of the edge.
        parts = ndimage.label(~painted(rendered.picture()))[0]

        within = set(parts[ndimage.binary_erosion(bright, iterations=5)]) - {0}
        beyond = set(parts[ndimage.binary_erosion(~bright, iterations=5)]) - {0}
        assert within
        assert len(beyond) >= 2  # around the block, and in its hole
        assert not within & beyond


@pytest.mark.parametrize("field_mm", [60.0, 40.0])
def test_a_dashed_line_has_equal_dashes_at_every_zoom(
    a_volume, a_slice_view, a_rendered_view, field_mm
):
    volume = shown_volume(a_volume, np.diag((-1.0, -1.0, 1.0, 1.0)))
    view = a_slice_view(volume, "Axial", 400, 400)
    rendered = a_rendered_view(view)
    scene_volume = SceneVolume(volume)
    outline = Outline(rendered.renderer, dashed=True)
    grid, mask = mask_on(as_seen(view, scene_volume), scene_volume)
    outline.show(mask, grid, as_seen(view, scene_volume), GREEN)
    view.node.SetFieldOfView(field_mm, field_mm, 1.0)
    outline.move(as_seen(view, scene_volume))
    dashes = painted(rendered.picture())
    outline.hide()
    solid = Outline(rendered.renderer)
    solid.show(mask, grid, as_seen(view, scene_volume), GREEN)
    line = painted(rendered.picture())

    # The halo makes a dash's ends wider by a pixel or two, but not green.
    assert 0.5 < dashes.sum() / line.sum() < 0.67
    assert (dashes & ~line).mean() < 1e-4
    _, count = ndimage.label(dashes, np.ones((3, 3)))
    assert count == pytest.approx(line.sum() / 2.0 / 12.0, rel=0.1)


def test_an_empty_mask_has_no_dashes(a_volume, a_slice_view, a_rendered_view):
    volume = shown_volume(a_volume, VOLUMES["isotropic"])
    view = a_slice_view(volume)
    rendered = a_rendered_view(view)
    shown = as_seen(view, SceneVolume(volume))
    grid, mask = mask_on(shown, SceneVolume(volume))
    outline = Outline(rendered.renderer, dashed=True)

    outline.show(np.zeros_like(mask), grid, shown, GREEN)

    assert not outline.is_shown
