"""Heat maps: time is neither lost nor made, and lies where was looked."""

import nibabel
import numpy as np
import pytest

from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.hosts.cli.research.heat import heat_image, heat_volume, write_heat_volume
from GazeSAMLib.hosts.cli.research.slice_gaze import gaze_by_slice, sample_seconds
from GazeSAMLib.hosts.cli.research.slice_pictures import heat_picture, path_picture
from Testing.recorded_scan import OBLIQUE, ball_centre_ras


@pytest.fixture(scope="module")
def slices(table, opened):
    return gaze_by_slice(table, opened.volume, 0.5)


def test_each_slice_has_its_time_and_its_fixations(slices, table) -> None:
    assert len(slices) == 3
    on_slices_s = sum(gaze.duration_s for gaze in slices)
    whole_s = float(sample_seconds(table.columns["t_ns"]).sum())
    assert 0.8 * whole_s < on_slices_s < whole_s
    assert all(gaze.fixations for gaze in slices)


def test_a_gap_counts_no_longer_than_a_tenth_of_a_second() -> None:
    t_ns = np.array([0, 10, 20, 5_020, 5_030]) * 10**6
    np.testing.assert_allclose(sample_seconds(t_ns), [0.01, 0.01, 0.1, 0.01, 0.01])


def test_a_heat_image_holds_the_time_of_its_slice(slices) -> None:
    for gaze in slices:
        assert heat_image(gaze).sum() == pytest.approx(gaze.duration_s, rel=0.02)


def test_a_point_is_blurred_by_the_gazes_uncertainty(slices) -> None:
    gaze = slices[0]
    point = np.array([[gaze.grid.shape[1] // 2, gaze.grid.shape[0] // 2]], dtype=float)
    gaze = type(gaze)(
        gaze.view, gaze.plane, gaze.grid, [point], [np.ones(1)], [np.zeros(1, np.int64)], [4.0]
    )
    columns = np.arange(gaze.grid.shape[1])
    heat = heat_image(gaze)
    variance = (heat * ((columns - point[0, 0]) ** 2)).sum() / heat.sum()
    assert np.sqrt(variance) == pytest.approx(4.0, rel=0.03)
    assert heat.argmax() == np.ravel_multi_index(point[0, ::-1].astype(int), heat.shape)


def test_uncertainty_in_mm_does_not_depend_on_the_slices_resolution(slices, table) -> None:
    view = slices[0].view
    _, y_mm = view.mm_per_view_px
    expected_mm = 0.5 * table.display.screen_px_per_deg * view.layout.pixel_ratio[1] * y_mm
    assert slices[0].sigma_px[0] * slices[0].grid.pixel_mm == pytest.approx(expected_mm, rel=0.06)


def test_the_volume_is_hottest_where_was_looked(slices, opened) -> None:
    heat = heat_volume(slices, opened.volume)
    assert heat.sum() == pytest.approx(sum(gaze.duration_s for gaze in slices), rel=0.05)
    k, j, i = np.unravel_index(heat.argmax(), heat.shape)
    hottest = apply(opened.volume.local_ras_from_ijk, np.array([i, j, k], dtype=float))
    away_mm = [
        np.linalg.norm(hottest - ball_centre_ras(name, OBLIQUE))
        for name in ("bright ball", "grey ball")
    ]
    assert min(away_mm) < 12.0


def test_the_written_volume_lies_on_the_scan(slices, opened, scan_path, tmp_path) -> None:
    heat = heat_volume(slices, opened.volume)
    write_heat_volume(tmp_path / "heat.nii.gz", heat, opened.volume)
    image, scan = nibabel.load(tmp_path / "heat.nii.gz"), nibabel.load(scan_path)
    assert image.shape == scan.shape
    np.testing.assert_allclose(image.affine, scan.affine, atol=1e-4)
    np.testing.assert_array_equal(np.asarray(image.dataobj).transpose(2, 1, 0), heat)


def test_pictures_differ_from_the_plain_slice_where_was_looked(slices, opened) -> None:
    for draw in (heat_picture, path_picture):
        pixels = np.asarray(draw(opened, slices[0])).astype(int)
        colored = np.ptp(pixels, axis=2) > 40
        assert 20 < colored.sum() < 0.5 * colored.size
