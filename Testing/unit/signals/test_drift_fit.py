"""Corrections fitted to marks, some of which were not looked at."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from GazeSAMLib.errors import GeometryError, TrackerError
from GazeSAMLib.gaze.recording_header import Tracker
from GazeSAMLib.signals.accuracy import NINE_TARGETS
from GazeSAMLib.signals.drift import IDENTITY_DEG, DriftCorrection
from GazeSAMLib.signals.drift_file import DriftFile, settings_folder
from GazeSAMLib.signals.drift_fit import error_left_deg, fit_drift, shifted_to_mark
from GazeSAMLib.signals.types import GazePoint
from Testing.simulated_gaze import DISPLAY

MARKS = np.array([DISPLAY.degrees_from_display(target) for target in NINE_TARGETS])
SMALL = st.floats(-0.15, 0.15)


def corrected(drift: DriftCorrection, points: np.ndarray) -> np.ndarray:
    found = [drift.correct(GazePoint(0, x, y)) for x, y in points.tolist()]
    return np.array([(point.x_deg, point.y_deg) for point in found])


def errors_deg(drift: DriftCorrection, points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(corrected(drift, points) - MARKS, axis=1)


@settings(deadline=None, max_examples=60)
@given(SMALL, SMALL, SMALL, SMALL, st.floats(-2, 2), st.floats(-2, 2))
def test_an_affine_error_is_taken_out_whole(xx, xy, yx, yy, x0, y0) -> None:
    seen = MARKS @ np.array([[1 + xx, yx], [xy, 1 + yy]]) + (x0, y0)
    assert errors_deg(fit_drift(seen, MARKS), seen).max() < 1e-9


@pytest.mark.parametrize("wrong", [1, 2, 3])
def test_marks_that_were_not_looked_at_do_not_count(wrong: int) -> None:
    random = np.random.default_rng(wrong)
    for _ in range(20):
        seen = MARKS * 1.06 + (0.7, -0.4) + random.normal(0.0, 0.1, MARKS.shape)
        elsewhere = random.permutation(9)[:wrong]
        seen[elsewhere] += random.uniform(4.0, 9.0, (wrong, 2)) * random.choice((-1, 1), (wrong, 2))
        left_deg = np.delete(errors_deg(fit_drift(seen, MARKS), seen), elsewhere)
        assert left_deg.mean() < 0.3


def test_noise_alone_hardly_changes_the_gaze() -> None:
    random = np.random.default_rng(0)
    seen = MARKS + random.normal(0.0, 0.1, MARKS.shape)
    drift = fit_drift(seen, MARKS)
    assert np.linalg.norm(corrected(drift, MARKS) - MARKS, axis=1).max() < 0.3


@pytest.mark.parametrize("count", [1, 2, 4])
def test_few_marks_give_an_offset(count: int) -> None:
    drift = fit_drift(MARKS[:count] + np.array((0.5, -0.25)), MARKS[:count])
    assert drift.offset_deg == pytest.approx((0.5, -0.25))
    assert drift.affine_deg == IDENTITY_DEG


def test_marks_on_one_line_give_an_offset() -> None:
    line = np.stack((np.linspace(-10, 10, 9), np.zeros(9)), axis=1)
    drift = fit_drift(line + np.array((0.5, 0.0)), line)
    assert drift.offset_deg == pytest.approx((0.5, 0.0))
    assert drift.affine_deg == IDENTITY_DEG


def test_a_map_unlike_any_trackers_gives_an_offset() -> None:
    assert fit_drift(MARKS * 3.0, MARKS).affine_deg == IDENTITY_DEG


@pytest.mark.parametrize("points", [np.empty((0, 2)), np.array([[np.nan, 0.0]])])
def test_no_gaze_gives_no_correction(points: np.ndarray) -> None:
    with pytest.raises(GeometryError):
        fit_drift(points, np.zeros_like(points))


@given(
    st.tuples(SMALL, SMALL, SMALL, SMALL), st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
    st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
)  # fmt: skip
def test_one_key_puts_the_gaze_on_the_mark(linear, measured, mark) -> None:
    xx, xy, yx, yy = linear
    assume(abs((1 + xx) * (1 + yy) - xy * yx) > 0.1)
    before = DriftCorrection((0.2, 0.1), ((1 + xx, xy, 0.3), (yx, 1 + yy, -0.2)))
    after = shifted_to_mark(before, measured, mark)
    point = after.correct(GazePoint(0, *measured))
    assert (point.x_deg, point.y_deg) == pytest.approx(mark, abs=1e-9)
    assert after.affine_deg == before.affine_deg


def test_corrections_are_kept_for_each_tracker_and_display(tmp_path) -> None:
    path = tmp_path / "new" / "drift.json"
    tobii, gazepoint = Tracker("Tobii", "Spectrum", "1"), Tracker("Gazepoint")
    wide = type(DISPLAY)(0.0, 0.0, 3840.0, 2160.0, 600.0, 340.0, 650.0)
    kept = DriftCorrection((0.125, -0.25), ((1.01, 0.02, 0.3), (0.0, 0.99, -0.1)))
    DriftFile(path).put(tobii, DISPLAY, kept)
    DriftFile(path).put(gazepoint, DISPLAY, DriftCorrection((1.0, 0.0)))
    assert DriftFile(path).get(tobii, DISPLAY) == kept
    assert DriftFile(path).get(gazepoint, DISPLAY) == DriftCorrection((1.0, 0.0))
    assert DriftFile(path).get(tobii, wide) is None
    assert DriftFile(tmp_path / "none.json").get(tobii, DISPLAY) is None
    assert [one.name for one in path.parent.iterdir()] == ["drift.json"]


@pytest.mark.parametrize("text", ["{", "[]", '{"corrections": 3}', "\x00"])
def test_a_damaged_file_is_told(tmp_path, text: str) -> None:
    path = tmp_path / "drift.json"
    path.write_text(text)
    for use in (DriftFile(path).get, lambda *a: DriftFile(path).put(*a, DriftCorrection())):
        with pytest.raises(TrackerError, match=r"drift\.json"):
            use(Tracker("a"), DISPLAY)
    assert path.read_text() == text


def test_settings_lie_where_each_system_wants_them() -> None:
    assert settings_folder("linux", {"XDG_CONFIG_HOME": "/x"}).as_posix() == "/x/gazesam"
    assert settings_folder("linux", {}).parts[-2:] == (".config", "gazesam")
    assert settings_folder("win32", {"APPDATA": "C:/a"}).as_posix() == "C:/a/GazeSAM"
    assert settings_folder("darwin", {}).parts[-2:] == ("Application Support", "GazeSAM")


def test_the_error_left_is_that_of_marks_that_were_not_fitted() -> None:
    true = np.array([(x, y) for y in (-10.0, 0.0, 10.0) for x in (-18.0, 0.0, 18.0)])
    turned = true @ np.array([[1.05, -0.02], [0.03, 0.97]]) + (0.6, -0.4)
    assert error_left_deg(turned, true) == pytest.approx(0.0, abs=1e-9)
    rng, left, fitted = np.random.default_rng(2), [], []
    for _ in range(60):
        measured = turned + rng.normal(0.0, 0.3, true.shape)
        drift = fit_drift(measured, true)
        at = [drift.correct(GazePoint(0, *point)) for point in measured.tolist()]
        fitted.append(
            np.median([math.dist((p.x_deg, p.y_deg), t) for p, t in zip(at, true, strict=True)])
        )
        left.append(error_left_deg(measured, true))
    assert np.mean(left) > 1.2 * np.mean(fitted)


def test_the_error_left_by_a_single_mark_is_its_own() -> None:
    assert error_left_deg(np.array([[1.0, 1.0]]), np.array([[1.0, 0.5]])) == 0.5
