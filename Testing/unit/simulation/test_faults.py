"""What goes wrong on purpose."""

import itertools
import math

import pytest

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.sample import EyeSample, GazeSample
from GazeSAMLib.simulation.faults import JUMP_NS, Fault, deliveries

EYE = EyeSample(DisplayPoint(0.5, 0.5), True)
SAMPLES = [GazeSample(1000 + i * 4_000_000, EYE, EYE) for i in range(600)]
THIRD = slice(201, 399)


def stamps(fault: Fault) -> list[int]:
    return [delivery.sample.t_ns for delivery in deliveries(SAMPLES, [fault])]


def test_without_a_fault_everything_is_sent_as_it_was() -> None:
    sent = deliveries(SAMPLES)
    assert [d.due_ns for d in sent] == [d.sample.t_ns for d in sent]
    assert [d.due_ns for d in sent] == [s.t_ns - 1000 for s in SAMPLES]
    assert all(d.connected and d.sample.left is EYE for d in sent)


def test_nothing_is_sent_of_nothing() -> None:
    assert deliveries([], list(Fault)) == []


def test_dropouts_leave_samples_out() -> None:
    assert 0.7 < len(stamps(Fault.DROPOUTS)) / len(SAMPLES) < 0.9


def test_duplicates_send_samples_twice() -> None:
    sent = stamps(Fault.DUPLICATES)
    assert 1.1 < len(sent) / len(SAMPLES) < 1.3
    assert len(set(sent)) == len(SAMPLES)


def test_out_of_order_sends_each_sample_once() -> None:
    sent = stamps(Fault.OUT_OF_ORDER)
    assert sorted(sent) == [s.t_ns - 1000 for s in SAMPLES]
    assert sum(b < a for a, b in itertools.pairwise(sent)) > 60


def test_nan_claims_to_be_valid() -> None:
    lost = [
        d for d in deliveries(SAMPLES, [Fault.NAN]) if math.isnan(d.sample.left.point_display.x)
    ]
    assert 30 < len(lost) < 90
    assert all(d.sample.left.valid for d in lost)


def test_one_eye_is_lost_in_the_middle() -> None:
    sent = deliveries(SAMPLES, [Fault.ONE_EYE])
    assert not any(d.sample.right.valid for d in sent[THIRD])
    assert all(d.sample.left.valid for d in sent)
    assert sent[0].sample.right.valid
    assert sent[-1].sample.right.valid


def test_the_clock_jumps_in_the_middle() -> None:
    sent = deliveries(SAMPLES, [Fault.TIME_JUMP])
    assert all(d.sample.t_ns == d.due_ns + JUMP_NS for d in sent[THIRD])
    assert sent[-1].sample.t_ns == sent[-1].due_ns


def test_the_stream_is_gone_in_the_middle() -> None:
    sent = deliveries(SAMPLES, [Fault.DISCONNECT])
    assert not any(d.connected for d in sent[THIRD])
    assert sent[0].connected
    assert sent[-1].connected


@pytest.mark.parametrize("fault", list(Fault))
def test_the_same_seed_gives_the_same_faults(fault: Fault) -> None:
    once, again = (repr(deliveries(SAMPLES, [fault], seed=3)) for _ in range(2))
    assert once == again
