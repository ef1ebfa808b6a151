"""The mouse in an eye tracker's place."""

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.pointer_source import PointerSource
from GazeSAMLib.signals.validity import merged_eyes


class Hand:
    def __init__(self):
        self.t_ns, self.point = 0, DisplayPoint(0.25, 0.5)

    def source(self) -> PointerSource:
        return PointerSource(lambda: self.point, lambda: self.t_ns)


def test_both_eyes_look_where_the_pointer_is() -> None:
    hand = Hand()
    source = hand.source()
    source.start()
    hand.t_ns = 5
    (sample,) = source.read()
    assert sample.t_ns == 5
    assert merged_eyes(sample) == DisplayPoint(0.25, 0.5)


def test_a_moment_is_read_once() -> None:
    source = Hand().source()
    source.start()
    assert len(source.read()) == 1
    assert source.read() == []


def test_a_pointer_that_is_elsewhere_gives_nothing() -> None:
    hand = Hand()
    hand.point = None
    source = hand.source()
    source.start()
    assert source.read() == []


def test_a_source_that_is_stopped_gives_nothing() -> None:
    source = Hand().source()
    assert source.read() == []
    source.start()
    source.stop()
    source.stop()
    assert source.read() == []


def times_ms(samples):
    return [sample.t_ns // 1_000_000 for sample in samples]


def test_a_pointer_that_rests_while_the_host_is_busy_has_rested_all_the_time() -> None:
    hand = Hand()
    source = hand.source()
    source.start()
    source.read()
    hand.t_ns = 18_000_000
    assert times_ms(source.read()) == [18]
    hand.t_ns = 168_000_000
    samples = source.read()
    assert times_ms(samples) == [50, 82, 114, 146, 168]
    assert {merged_eyes(sample) for sample in samples} == {hand.point}


def test_a_pointer_that_has_moved_meanwhile_or_long_ago_is_not_made_up() -> None:
    hand = Hand()
    source = hand.source()
    source.start()
    source.read()
    hand.t_ns, hand.point = 150_000_000, DisplayPoint(0.3, 0.5)
    assert times_ms(source.read()) == [150]
    hand.t_ns = 5_000_000_000
    assert times_ms(source.read()) == [5000]
