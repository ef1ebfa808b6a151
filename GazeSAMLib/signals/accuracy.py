"""How good a tracker is, measured with marks whose place on the display is known.

References
----------
Holmqvist, Nyström and Mulvey (2012). Eye tracker data quality: what it is and how to measure
it. ETRA '12. https://doi.org/10.1145/2168556.2168563. Accuracy: distance of the mean gaze from
the mark. Precision: root mean square of the step from sample to sample (RMS-S2S), and standard
deviation. Data loss: share of samples without gaze.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import RecordingError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.validity import merged_eyes

Points = npt.NDArray[np.float64]

SETTLE_MS = 800.0
"""After a mark appears: the eye needs some 200 ms to leave, and may correct itself twice."""

LONGEST_MS = 3000.0
FEWEST_SAMPLES = 8
NINE_TARGETS = tuple(DisplayPoint(x, y) for y in (0.1, 0.5, 0.9) for x in (0.1, 0.5, 0.9))
"""Where the marks of a check go: 3 x 3, a tenth of the display from its edges."""


@dataclass(frozen=True, eq=False)
class TargetGaze:
    """The gaze while one mark was looked at.

    Attributes
    ----------
    target_display : DisplayPoint
        The mark's middle.
    target_deg : ndarray, shape (2,)
        The same as visual angle from the display's centre, y down.
    points_deg : ndarray, shape (N, 2)
        The valid samples, in their order.
    sample_count : int
        All samples.
    """

    target_display: DisplayPoint
    target_deg: Points
    points_deg: Points
    sample_count: int

    @property
    def is_usable(self) -> bool:
        """Whether there is enough gaze to measure anything."""
        return len(self.points_deg) >= FEWEST_SAMPLES

    @property
    def centre_deg(self) -> Points:
        """Median of the samples: a glance elsewhere does not move it."""
        centre: Points = np.median(self.points_deg, axis=0)
        return centre


@dataclass(frozen=True, slots=True)
class TargetQuality:
    """What was measured at one mark.

    Attributes
    ----------
    x_display, y_display : float
        The mark.
    offset_deg, offset_px : tuple of float
        Measured minus true gaze, y down.
    accuracy_deg, accuracy_px : float
        Length of that.
    precision_rms_deg, precision_sd_deg : float
        RMS of the step from sample to sample; standard deviation, both over both axes together.
    data_loss : float
        Share of samples without gaze, 0 to 1.
    """

    x_display: float
    y_display: float
    offset_deg: tuple[float, float]
    offset_px: tuple[float, float]
    accuracy_deg: float
    accuracy_px: float
    precision_rms_deg: float
    precision_sd_deg: float
    data_loss: float


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What was measured in a whole check; means over the marks, the worst where it says so."""

    targets: tuple[TargetQuality, ...]
    unusable: int
    offset_deg: tuple[float, float]
    accuracy_deg: float
    accuracy_px: float
    worst_deg: float
    precision_rms_deg: float
    precision_sd_deg: float
    data_loss: float


def gaze_at_targets(
    samples: Iterable[GazeSample], events: Iterable[Event], display: DisplayGeometry
) -> list[TargetGaze]:
    """Return the gaze at each mark that the ``target`` events tell, in order.

    Parameters
    ----------
    samples, events : iterable
        Of a recording, in the order of time.
    display : DisplayGeometry
        The tracked display.

    Raises
    ------
    RecordingError
        If a ``target`` event does not say where.
    """
    times: list[tuple[int, DisplayPoint | None]] = [
        (event.t_ns, _place(event.details)) for event in events if event.kind == EventKind.TARGET
    ]
    spans = [
        (t_ns + SETTLE_MS * 1e6, min(end_ns, t_ns + LONGEST_MS * 1e6), target)
        for (t_ns, target), (end_ns, _) in itertools.pairwise([*times, (2**63, None)])
        if target is not None
    ]
    gathered: list[list[DisplayPoint | None]] = [[] for _ in spans]
    for sample in samples:
        for (start_ns, end_ns, _), points in zip(spans, gathered, strict=True):
            if start_ns <= sample.t_ns < end_ns:
                points.append(merged_eyes(sample))
    found = []
    for (_, _, target), points in zip(spans, gathered, strict=True):
        seen = [display.degrees_from_display(point) for point in points if point is not None]
        target_deg = np.array(display.degrees_from_display(target))
        points_deg = np.array(seen, dtype=np.float64).reshape(-1, 2)
        found.append(TargetGaze(target, target_deg, points_deg, len(points)))
    return found


def measure(gazes: Sequence[TargetGaze], display: DisplayGeometry) -> Accuracy:
    """Return what a check says of the tracker.

    Raises
    ------
    RecordingError
        If at no mark there is enough gaze.
    """
    targets = tuple(_measure_one(gaze, display) for gaze in gazes if gaze.is_usable)
    if not targets:
        raise RecordingError(
            "there is no gaze at any target: it needs 'target' events, each followed by at least "
            "one second of looking at it"
        )
    x_deg, y_deg = np.mean([one.offset_deg for one in targets], axis=0).tolist()
    return Accuracy(
        targets=targets,
        unusable=len(gazes) - len(targets),
        offset_deg=(x_deg, y_deg),
        accuracy_deg=_mean([one.accuracy_deg for one in targets]),
        accuracy_px=_mean([one.accuracy_px for one in targets]),
        worst_deg=max(one.accuracy_deg for one in targets),
        precision_rms_deg=_mean([one.precision_rms_deg for one in targets]),
        precision_sd_deg=_mean([one.precision_sd_deg for one in targets]),
        data_loss=1.0 - _share([len(g.points_deg) for g in gazes], [g.sample_count for g in gazes]),
    )


def _measure_one(gaze: TargetGaze, display: DisplayGeometry) -> TargetQuality:
    points, centre = gaze.points_deg, gaze.centre_deg
    dx_deg, dy_deg = (centre - gaze.target_deg).tolist()
    at_screen = display.screen_from_display(display.display_from_degrees(*centre.tolist()))
    target_screen = display.screen_from_display(gaze.target_display)
    dx_px, dy_px = at_screen.x_px - target_screen.x_px, at_screen.y_px - target_screen.y_px
    steps = np.diff(points, axis=0)
    return TargetQuality(
        x_display=gaze.target_display.x,
        y_display=gaze.target_display.y,
        offset_deg=(dx_deg, dy_deg),
        offset_px=(dx_px, dy_px),
        accuracy_deg=math.hypot(dx_deg, dy_deg),
        accuracy_px=math.hypot(dx_px, dy_px),
        precision_rms_deg=float(np.sqrt(np.mean(np.sum(steps**2, axis=1)))),
        precision_sd_deg=float(np.sqrt(points.var(axis=0, ddof=1).sum())),
        data_loss=1.0 - _share([len(points)], [gaze.sample_count]),
    )


def _place(details: Mapping[str, object]) -> DisplayPoint | None:
    if details.get("visible", True) is False:
        return None
    x, y = details.get("x_display"), details.get("y_display")
    if not isinstance(x, int | float) or not isinstance(y, int | float):
        raise RecordingError("a target event does not say where: x_display and y_display")
    return DisplayPoint(float(x), float(y))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _share(parts: Sequence[int], wholes: Sequence[int]) -> float:
    return sum(parts) / max(1, sum(wholes))
