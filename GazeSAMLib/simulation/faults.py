"""What goes wrong between a tracker and its reader, put into a recording on purpose."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

JUMP_NS = 3_600_000_000_000
_NAN = DisplayPoint(math.nan, math.nan)


class Fault(StrEnum):
    """What goes wrong; where it says so, in the middle third of the recording."""

    DROPOUTS = "dropouts"
    """One sample in five never arrives."""
    NAN = "nan"
    """One sample in ten has no position and claims to be valid."""
    ONE_EYE = "one-eye"
    """The right eye is lost in the middle third."""
    TIME_JUMP = "time-jump"
    """The sender's clock is an hour ahead in the middle third."""
    DUPLICATES = "duplicates"
    """One sample in five arrives twice."""
    OUT_OF_ORDER = "out-of-order"
    """One sample in five arrives after its successor."""
    DISCONNECT = "disconnect"
    """The stream ends for the middle third, and begins anew."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A sample on its way.

    Attributes
    ----------
    due_ns : int
        When it is sent, from the beginning.
    sample : GazeSample
        What is sent; `t_ns` is its stamp from the beginning, as the sender's clock has it.
    connected : bool
        Whether there is a stream at that time; where not, it is not sent.
    """

    due_ns: int
    sample: GazeSample
    connected: bool = True


def deliveries(
    samples: Sequence[GazeSample], faults: Collection[Fault] = (), seed: int = 0
) -> list[Delivery]:
    """Return what a sender does with the samples of a recording, in its order.

    Parameters
    ----------
    samples : sequence of GazeSample
        Of a recording.
    faults : collection of Fault
        What goes wrong.
    seed : int
        Of what is drawn.
    """
    if not samples:
        return []
    rng = np.random.default_rng(seed)
    begin_ns = samples[0].t_ns
    length_ns = samples[-1].t_ns - begin_ns
    sent: list[Delivery] = []
    for taken in samples:
        due_ns = taken.t_ns - begin_ns
        in_middle = length_ns < 3 * due_ns < 2 * length_ns
        fate = rng.random(4)
        if Fault.DROPOUTS in faults and fate[0] < 0.2:
            continue
        sample = replace(taken, t_ns=due_ns)
        if Fault.NAN in faults and fate[1] < 0.1:
            sample = replace(sample, left=EyeSample(_NAN, True), right=EyeSample(_NAN, True))
        if Fault.ONE_EYE in faults and in_middle:
            sample = replace(sample, right=EyeSample(_NAN, False))
        if Fault.TIME_JUMP in faults and in_middle:
            sample = replace(sample, t_ns=due_ns + JUMP_NS)
        delivery = Delivery(due_ns, sample, not (Fault.DISCONNECT in faults and in_middle))
        if Fault.OUT_OF_ORDER in faults and sent and fate[2] < 0.2:
            earlier = sent.pop()
            sent += (replace(delivery, due_ns=earlier.due_ns), replace(earlier, due_ns=due_ns))
        else:
            sent.append(delivery)
        if Fault.DUPLICATES in faults and fate[3] < 0.2:
            sent.append(sent[-1])
    return sent
