"""One key: "I am looking at this mark"."""

import numpy as np
import pytest

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.mark_look import FARTHEST_DEG, WINDOW_NS, MarkLook
from GazeSAMLib.signals.types import GazePoint

DISPLAY = DisplayGeometry(0, 0, 1920, 1080, 531, 299, 650)
MARK = DisplayPoint(0.7, 0.3)
MARK_DEG = DISPLAY.degrees_from_display(MARK)
TURNED = DriftCorrection((0.3, 0.1), ((1.05, 0.02, 0.1), (-0.03, 0.96, -0.2)))


def looked(
    offset_deg: tuple[float, float], *, sd_deg: float = 0.2, count: int = 24, rate_hz: float = 60.0
) -> MarkLook:
    look, rng = MarkLook(DISPLAY), np.random.default_rng(3)
    for i in range(count):
        x_deg, y_deg = np.add(MARK_DEG, offset_deg) + rng.normal(0.0, sd_deg, 2)
        eye = EyeSample(DISPLAY.display_from_degrees(x_deg, y_deg), True)
        look.add(GazeSample(round(i * 1e9 / rate_hz), eye, eye))
    return look


def now_ns(count: int = 24, rate_hz: float = 60.0) -> int:
    return round(count * 1e9 / rate_hz)


@pytest.mark.parametrize("before", [DriftCorrection(), TURNED])
def test_afterwards_that_gaze_falls_on_the_mark(before: DriftCorrection) -> None:
    drift = looked((1.2, -0.7), sd_deg=0.0).correction(before, MARK, now_ns())
    corrected = drift.correct(GazePoint(0, *np.add(MARK_DEG, (1.2, -0.7)).tolist()))
    assert (corrected.x_deg, corrected.y_deg) == pytest.approx(MARK_DEG)
    assert drift.affine_deg == before.affine_deg


def test_noise_and_a_glance_elsewhere_hardly_move_it() -> None:
    look = looked((1.2, -0.7))
    elsewhere = EyeSample(DisplayPoint(0.1, 0.9), True)
    for i in range(5):
        look.add(GazeSample(now_ns() + i * 16_000_000, elsewhere, elsewhere))
    drift = look.correction(DriftCorrection(), MARK, now_ns() + 80_000_000)
    assert drift.offset_deg == pytest.approx((1.2, -0.7), abs=0.2)


def test_gaze_of_long_ago_does_not_count() -> None:
    with pytest.raises(TrackerError, match="not seen your eyes"):
        looked((0.0, 0.0)).correction(DriftCorrection(), MARK, now_ns() + WINDOW_NS + 1)


def test_without_eyes_nothing_is_corrected() -> None:
    look = MarkLook(DISPLAY)
    lost = EyeSample(DisplayPoint(0.5, 0.5), False)
    for i in range(30):
        look.add(GazeSample(i * 16_000_000, lost, lost))
    with pytest.raises(TrackerError, match="nothing was corrected"):
        look.correction(DriftCorrection(), MARK, 480_000_000)


def test_a_gaze_that_wanders_is_refused() -> None:
    with pytest.raises(TrackerError, match="did not rest"):
        looked((0.0, 0.0), sd_deg=3.0).correction(DriftCorrection(), MARK, now_ns())


def test_a_look_elsewhere_is_refused() -> None:
    with pytest.raises(TrackerError, match="7 degrees from the mark"):
        looked((FARTHEST_DEG + 2.0, 0.0), sd_deg=0.0).correction(DriftCorrection(), MARK, now_ns())
