"""What the stages of the signal chain hand to each other."""

from dataclasses import dataclass
from enum import StrEnum

from GazeSAMLib.frames import DisplayPoint


@dataclass(frozen=True, slots=True)
class GazePoint:
    """One valid gaze position, both eyes merged.

    Attributes
    ----------
    t_ns : int
        Time of the sample.
    x_deg, y_deg : float
        Visual angle from the display's centre, y down.
    """

    t_ns: int
    x_deg: float
    y_deg: float


@dataclass(frozen=True, slots=True)
class Fixation:
    """A time during which the gaze rested on one place.

    Attributes
    ----------
    start_ns, end_ns : int
        Times of the first and the last sample so far.
    centre_display : DisplayPoint
        Mean gaze position.
    spread_deg : float
        Root mean square distance of its samples from the centre.
    sample_count : int
        Number of samples so far.
    """

    start_ns: int
    end_ns: int
    centre_display: DisplayPoint
    spread_deg: float
    sample_count: int

    @property
    def duration_ms(self) -> float:
        """Time from the first to the last sample."""
        return (self.end_ns - self.start_ns) / 1e6


class FixationPhase(StrEnum):
    """Where in its life a fixation is."""

    STARTED = "started"
    CONTINUED = "continued"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class FixationUpdate:
    """What one sample did to a fixation.

    Attributes
    ----------
    phase : FixationPhase
        ``STARTED`` once per fixation, when it has lasted long enough to be one;
        ``CONTINUED`` for each further sample of it; ``ENDED`` once.
    fixation : Fixation
        The fixation up to now. When it ended, the sample that ended it is not in it.
    """

    phase: FixationPhase
    fixation: Fixation
