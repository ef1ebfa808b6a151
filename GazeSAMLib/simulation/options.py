"""What a virtual reader and its tracker are like."""

import math
from dataclasses import dataclass, fields

_MAY_BE_ZERO = (
    "accuracy_deg", "precision_rms_deg", "noise_correlation_ms", "eye_disagreement_deg",
    "data_loss", "one_eye_losses_per_min", "blinks_per_min", "looks_away_per_min",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """The tracker's error and the reader's habits; all of it is drawn from one seed.

    Attributes
    ----------
    rate_hz : float
        Samples a second.
    accuracy_deg : float
        Length of the recording's constant gaze error; its direction is drawn.
    offset_deg : tuple of float or None
        Measured minus true gaze (x, y), y down; None draws it from `accuracy_deg`.
    precision_rms_deg : float
        Root mean square of the noise's step from sample to sample, both eyes merged, over
        both axes together.
    noise_correlation_ms : float
        Time constant of the noise: 0 is white, more is smoother and larger at the same
        `precision_rms_deg`, as trackers that filter deliver it.
    eye_disagreement_deg : float
        Standard deviation of the constant distance between the eyes' own gaze points.
    data_loss : float
        Share of samples in which neither eye was found, blinks apart.
    one_eye_losses_per_min : float
        Times a minute that one eye is lost, for some 1.5 s.
    blinks_per_min : float
        Twelve is usual at a display, half as many while reading with care.
    looks_away_per_min : float
        Times a minute that the reader looks beside the display, at keys or notes.
    key_delay_ms : tuple of float
        Shortest and longest time from the beginning of a look to the key that means it.

    Raises
    ------
    ValueError
        If a number is not finite or out of its range.
    """

    rate_hz: float = 120.0
    accuracy_deg: float = 0.5
    offset_deg: tuple[float, float] | None = None
    precision_rms_deg: float = 0.15
    noise_correlation_ms: float = 8.0
    eye_disagreement_deg: float = 0.3
    data_loss: float = 0.01
    one_eye_losses_per_min: float = 1.5
    blinks_per_min: float = 8.0
    looks_away_per_min: float = 1.0
    key_delay_ms: tuple[float, float] = (250.0, 600.0)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            numbers = value if isinstance(value, tuple) else () if value is None else (value,)
            if not all(map(math.isfinite, numbers)):
                raise ValueError(f"{field.name} must be finite, got {value}")
            if field.name in _MAY_BE_ZERO and value < 0.0:
                raise ValueError(f"{field.name} must not be negative, got {value}")
        if self.rate_hz <= 0.0:
            raise ValueError(f"rate_hz must be above zero, got {self.rate_hz}")
        if self.data_loss >= 1.0:
            raise ValueError(f"data_loss is a share below 1, got {self.data_loss}")
        shortest, longest = self.key_delay_ms
        if not 0.0 <= shortest <= longest:
            raise ValueError(
                f"key_delay_ms must be 0 <= shortest <= longest, got {shortest, longest}"
            )
