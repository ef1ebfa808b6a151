"""A reader who goes through a scan and segments the structures that are known to be in it."""

from collections.abc import Sequence

import numpy as np

from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.scans.progress import Progress, silent
from GazeSAMLib.simulation.attempt import AFTER_KEY_MS, Attempt, Reading
from GazeSAMLib.simulation.desk import Desk
from GazeSAMLib.simulation.layout import Arrangement, on_display
from GazeSAMLib.simulation.performance import Performance
from GazeSAMLib.simulation.truth import StructureSlice

ARRIVAL_MS = 500.0
MOST_SCROLLED = 8  # slices that are passed with the key; the slider skips the others
SCROLL_MS = (60.0, 140.0)
MOST_GLANCES = 2
GLANCE_MS = (180.0, 320.0)
GLANCE_SPREAD_DEG = 3.0


class VirtualReader:
    """Scrolls, glances about, and makes an :class:`Attempt` at each structure.

    Parameters
    ----------
    arrangements : sequence of Arrangement
        The views on each slice of the scan.
    display : DisplayGeometry
        The tracked display.
    desk : Desk
        The session and what the reader sees of it.
    performance : Performance
        The reader's body; feeds the desk.
    rng : Generator
        Of the reader's choices.
    """

    def __init__(
        self,
        arrangements: Sequence[Arrangement],
        display: DisplayGeometry,
        desk: Desk,
        performance: Performance,
        rng: np.random.Generator,
    ) -> None:
        self._arrangements = arrangements
        self._display = display
        self._desk = desk
        self._performance = performance
        self._rng = rng
        self._layer: int | None = None

    def read(self, cases: Sequence[StructureSlice], progress: Progress = silent) -> list[Reading]:
        """Segment structures slice by slice, in the given order."""
        readings: list[Reading] = []
        segment: str | None = None
        for case in cases:
            self._scroll_to(case.layer)
            if case.structure.name != segment:
                segment = case.structure.name
                self._performance.press(EventKind.NEXT_SEGMENT, segment=segment)
            self._performance.look_away_at_times()
            self._glance_near(case)
            view = self._arrangements[case.layer].reading
            attempt = Attempt(case, view, self._display, self._desk, self._performance, self._rng)
            readings.append(attempt.run())
            progress("reading", len(readings), len(cases))
        self._performance.hold(AFTER_KEY_MS)
        return readings

    def _scroll_to(self, layer: int) -> None:
        if self._layer is None:
            self._performance.show(self._arrangements[layer].views)
            self._performance.hold(ARRIVAL_MS)
        elif self._layer != layer:
            down = layer > self._layer
            passed = range(self._layer, layer, 1 if down else -1)[1:]
            for shown in (*passed[-MOST_SCROLLED:], layer):
                self._performance.press(EventKind.NEXT_SLICE if down else EventKind.PREVIOUS_SLICE)
                self._performance.show(self._arrangements[shown].views)
                self._performance.hold(float(self._rng.uniform(*SCROLL_MS)))
        self._layer = layer

    def _glance_near(self, case: StructureSlice) -> None:
        """Look at a place or two around the structure, as one who searches."""
        view = self._arrangements[case.layer].reading
        centre = on_display(self._display, view, case.innermost_local_ras)
        x_deg, y_deg = self._display.degrees_from_display(centre)
        for _ in range(int(self._rng.integers(0, MOST_GLANCES + 1))):
            dx_deg, dy_deg = self._rng.normal(0.0, GLANCE_SPREAD_DEG, 2).tolist()
            glance = self._display.display_from_degrees(x_deg + dx_deg, y_deg + dy_deg)
            self._performance.look_at(glance)
            self._performance.hold(float(self._rng.uniform(*GLANCE_MS)))
