"""What goes wrong between an eye and a computer, on demand."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

Samples = Sequence[GazeSample]
LOST = EyeSample(DisplayPoint(math.nan, math.nan), False)
HOUR_NS = 3_600_000_000_000


def none(samples: Samples) -> Iterator[GazeSample]:
    """All is well."""
    yield from samples


def dropouts(samples: Samples) -> Iterator[GazeSample]:
    """Every seventh sample never comes, and five in a row now and then."""
    return (one for i, one in enumerate(samples) if i % 7 and i % 97 > 4)


def nan(samples: Samples) -> Iterator[GazeSample]:
    """Every fifth sample calls an eye valid that has no position."""
    hollow = EyeSample(DisplayPoint(math.nan, math.nan), True)
    return (replace(s, left=hollow) if i % 5 == 0 else s for i, s in enumerate(samples))


def one_eye(samples: Samples) -> Iterator[GazeSample]:
    """The left eye is lost from the second quarter on."""
    return (replace(s, left=LOST) if 4 * i > len(samples) else s for i, s in enumerate(samples))


def time_jump_back(samples: Samples) -> Iterator[GazeSample]:
    """The tracker's clock is set back by an hour halfway, as after a calibration."""
    return _jump(samples, -HOUR_NS)


def time_jump_ahead(samples: Samples) -> Iterator[GazeSample]:
    """The tracker's clock is set ahead by an hour halfway."""
    return _jump(samples, HOUR_NS)


def duplicates(samples: Samples) -> Iterator[GazeSample]:
    """Every third sample comes twice."""
    return (one for i, s in enumerate(samples) for one in (s, s)[: 1 + (i % 3 == 0)])


def out_of_order(samples: Samples) -> Iterator[GazeSample]:
    """Every tenth sample comes after the one that followed it."""
    late: GazeSample | None = None
    for i, sample in enumerate(samples):
        if i % 10 == 0:
            late = sample
            continue
        yield sample
        if late is not None:
            yield late
            late = None


FAULTS: dict[str, Callable[[Samples], Iterator[GazeSample]]] = {
    made.__name__: made
    for made in (
        none, dropouts, nan, one_eye, time_jump_back, time_jump_ahead, duplicates, out_of_order,
    )
}  # fmt: skip


def _jump(samples: Samples, by_ns: int) -> Iterator[GazeSample]:
    for i, sample in enumerate(samples):
        device_ns = sample.t_ns if sample.device_t_ns is None else sample.device_t_ns
        yield replace(sample, device_t_ns=device_ns + (by_ns if 2 * i > len(samples) else 0))
