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
