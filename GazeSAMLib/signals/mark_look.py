"""The gaze of the last moments, for a reader who says "I am looking at this mark"."""

import math
from collections import deque
from typing import Final

import numpy as np

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.drift_fit import shifted_to_mark
from GazeSAMLib.signals.validity import merged_eyes

WINDOW_NS: Final = 400_000_000
"""Shorter than a look at a mark, and so long that half of it was before the hand moved."""

FEWEST_SAMPLES: Final = 5
FARTHEST_DEG: Final = 5.0
"""No tracker that works is off by so much: the reader looked elsewhere."""

MOST_RESTLESS_DEG: Final = 1.5
"""Median distance from the middle of the gaze, above which the eye did not rest."""


class MarkLook:
    """Keeps the uncorrected gaze of the last 0.4 s.

    Parameters
    ----------
    display : DisplayGeometry
        The tracked display.
    """

    def __init__(self, display: DisplayGeometry) -> None:
        self._display = display
        self._recent: deque[tuple[int, tuple[float, float]]] = deque()

    def add(self, sample: GazeSample) -> None:
        """Take in the next sample."""
        point_display = merged_eyes(sample)
        if point_display is not None:
            at_deg = self._display.degrees_from_display(point_display)
            self._recent.append((sample.t_ns, at_deg))
        self._expire(sample.t_ns)

    def correction(
        self, drift: DriftCorrection, mark_display: DisplayPoint, now_ns: int
    ) -> DriftCorrection:
        """Return `drift` with its offset changed so that the gaze falls on the mark.

        Parameters
        ----------
        drift : DriftCorrection
            The correction so far.
        mark_display : DisplayPoint
            The mark.
        now_ns : int
            On the samples' clock.

        Raises
        ------
        TrackerError
            If there is too little gaze, it does not rest, or it is too far from the mark.
        """
        self._expire(now_ns)
        if len(self._recent) < FEWEST_SAMPLES:
            raise TrackerError("the tracker has not seen your eyes just now: nothing was corrected")
        points_deg = np.array([at_deg for _, at_deg in self._recent])
        middle_deg = np.median(points_deg, axis=0)
        if np.median(np.linalg.norm(points_deg - middle_deg, axis=1)) > MOST_RESTLESS_DEG:
            raise TrackerError("your gaze did not rest: look at the mark, then press the key")
        x_deg, y_deg = middle_deg.tolist()
        mark_deg = self._display.degrees_from_display(mark_display)
        shifted = shifted_to_mark(drift, (x_deg, y_deg), mark_deg)
        away_deg = math.dist(shifted.offset_deg, drift.offset_deg)
        if away_deg > FARTHEST_DEG:
            raise TrackerError(
                f"your gaze is {away_deg:.0f} degrees from the mark: look at it, then press the key"
            )
        return shifted

    def _expire(self, now_ns: int) -> None:
        while self._recent and now_ns - self._recent[0][0] > WINDOW_NS:
            self._recent.popleft()
