"""One sample of an eye tracker, as every source delivers it."""

from dataclasses import dataclass

from GazeSAMLib.frames import DisplayPoint


@dataclass(frozen=True, slots=True)
class EyeSample:
    """What a tracker says of one eye.

    Attributes
    ----------
    point_display : DisplayPoint
        Where the eye looks; may be NaN where `valid` is false.
    valid : bool
        The tracker's own verdict.
    pupil_mm : float or None
        Pupil diameter, None where unknown.
    """

    point_display: DisplayPoint
    valid: bool
    pupil_mm: float | None = None


@dataclass(frozen=True, slots=True)
class GazeSample:
    """One sample of both eyes.

    Attributes
    ----------
    t_ns : int
        Monotonic clock of the machine that records, whole nanoseconds.
    left, right : EyeSample or None
        None where the tracker does not deliver that eye. A tracker (or mouse) that gives
        one combined point delivers it as both eyes.
    device_t_ns : int or None
        The tracker's own clock.
    """

    t_ns: int
    left: EyeSample | None
    right: EyeSample | None
    device_t_ns: int | None = None
