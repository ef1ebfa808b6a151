"""What a virtual reader does, in time: looks, keys and views become samples and events."""

import heapq
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from GazeSAMLib.frames import DisplayPoint, LocalRasPoint
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.simulation.eye import Eye, Lids
from GazeSAMLib.simulation.layout import on_display
from GazeSAMLib.simulation.options import ReaderOptions
from GazeSAMLib.simulation.tracker import Tracker

START_NS = 1_000_000_000
TIME_JITTER = 0.02  # of the time between samples, standard deviation
DESK_BELOW_DEG = (4.0, 9.0)  # below the display's lower edge
DESK_ACROSS_DEG = 8.0
AWAY_MS = (400.0, 1200.0)

Taker = Callable[[GazeSample | Event], None]


class Performance:
    """One reader at one display; time passes only in :meth:`hold`.

    Parameters
    ----------
    display : DisplayGeometry
        The tracked display.
    options : ReaderOptions
        The tracker's error and the reader's habits.
    seed : int
        The same seed and the same calls give the same samples and events.
    take : callable
        Gets every sample and event, in the order of time.

    Attributes
    ----------
    tracker : Tracker
        Which also says what the recording's constant error is.
    t_ms : float
        Time since the beginning.
    """

    def __init__(
        self, display: DisplayGeometry, options: ReaderOptions, seed: int, take: Taker
    ) -> None:
        # A generator each, so that a worse tracker does not change what the eye does.
        eye, lids, tracker, clock, hand = map(
            np.random.default_rng, np.random.SeedSequence(seed).spawn(5)
        )
        self.tracker = Tracker(display, options, tracker)
        self.t_ms = 0.0
        self._display = display
        self._options = options
        self._take = take
        self._eye = Eye(eye)
        self._lids = Lids(lids, options.blinks_per_min)
        self._clock, self._hand = clock, hand
        self._interval_ms = 1e3 / options.rate_hz
        self._next_sample_ms = self._interval_ms
        self._latest_ns = START_NS
        self._keys: list[tuple[int, int, Event]] = []
        self._key_count = 0
        self._shown: dict[str, dict[str, Any]] = {}
        self._away_at_ms = self._wait_for_look_away()

    def show(self, views: Iterable[SliceView]) -> None:
        """Lay out the slice views now: a ``view`` event for each that differs from before."""
        details = {view.name: view.details() for view in views}
        for name in [name for name in self._shown if name not in details]:
            del self._shown[name]
            self._event_now(EventKind.VIEW, {"name": name, "visible": False})
        for name, detail in details.items():
            if self._shown.get(name) != detail:
                self._shown[name] = detail
                self._event_now(EventKind.VIEW, detail)

    def look_at(self, point: DisplayPoint) -> None:
        """Look at a place on the display (or beside it) and wait until the eye rests there."""
        self.hold(self._eye.look_at(complex(*self._display.degrees_from_display(point))))

    def look_at_target(self, view: SliceView, target: LocalRasPoint) -> None:
        """Look at a point of the scan where `view` shows it."""
        self.look_at(on_display(self._display, view, target))

    def look_away_at_times(self) -> None:
        """Now and then look beside the display, at keys or notes, for a moment."""
        if self.t_ms < self._away_at_ms:
            return
        right_deg, bottom_deg = self._display.degrees_from_display(DisplayPoint(1.0, 1.0))
        across_deg = self._hand.uniform(-1.0, 1.0) * min(DESK_ACROSS_DEG, right_deg)
        below_deg = bottom_deg + self._hand.uniform(*DESK_BELOW_DEG)
        self.look_at(self._display.display_from_degrees(float(across_deg), float(below_deg)))
        self.hold(float(self._hand.uniform(*AWAY_MS)))
        self._away_at_ms = self._wait_for_look_away()

    def key_delay_ms(self) -> float:
        """Draw how long after the beginning of a look the key follows.

        Reaction times are skewed: a few are long (Luce 1986, Response Times).
        """
        shortest, longest = self._options.key_delay_ms
        share = self._hand.beta(2.0, 3.0)
        return float(shortest + (longest - shortest) * share)

    def press(self, kind: EventKind, delay_ms: float = 0.0, **details: str) -> None:
        """Press a key now, or later while the eye does other things."""
        if delay_ms <= 0.0:
            self._event_now(kind, details)
            return
        t_ns = self._ns(self.t_ms + delay_ms)
        self._key_count += 1
        heapq.heappush(self._keys, (t_ns, self._key_count, Event(t_ns, kind.value, details)))

    def hold(self, duration_ms: float) -> None:
        """Let time pass: the eye does what it does, the tracker samples it."""
        end_ms = self.t_ms + duration_ms
        while self._next_sample_ms <= end_ms:
            step_s = 1e-3 * (self._next_sample_ms - self.t_ms)
            self.t_ms = self._next_sample_ms
            gaze_deg, lids = self._eye.advance(step_s), self._lids.advance(step_s)
            jitter_ms = float(self._clock.normal(0.0, TIME_JITTER)) * self._interval_ms
            t_ns = max(self._ns(self.t_ms + jitter_ms), self._latest_ns + 1000)
            self._press_due_keys(t_ns)
            t_ns = max(t_ns, self._latest_ns + 1000)
            self._take(self.tracker.sample(t_ns, 1e-3 * self.t_ms, gaze_deg, lids))
            self._latest_ns = t_ns
            self._next_sample_ms += self._interval_ms
        self._eye.advance(1e-3 * (end_ms - self.t_ms))
        self._lids.advance(1e-3 * (end_ms - self.t_ms))
        self.t_ms = end_ms

    def _press_due_keys(self, t_ns: int) -> None:
        while self._keys and self._keys[0][0] <= t_ns:
            _, _, event = heapq.heappop(self._keys)
            at_ns = max(event.t_ns, self._latest_ns + 1000)
            self._latest_ns = at_ns
            self._take(Event(at_ns, event.kind, event.details))

    def _event_now(self, kind: EventKind, details: dict[str, Any]) -> None:
        self._press_due_keys(self._ns(self.t_ms))
        self._latest_ns = max(self._ns(self.t_ms), self._latest_ns + 1000)
        self._take(Event(self._latest_ns, kind.value, details))

    def _ns(self, t_ms: float) -> int:
        return START_NS + round(1e6 * t_ms)

    def _wait_for_look_away(self) -> float:
        wait = float(self._hand.exponential())
        per_min = self._options.looks_away_per_min
        return self.t_ms + wait * 60e3 / per_min if per_min > 0.0 else float("inf")
