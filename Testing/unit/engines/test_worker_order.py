"""In which order the worker does what it is asked, when more comes as it works."""

import gc
import weakref

import pytest

from GazeSAMLib.engines.inbox import Inbox
from GazeSAMLib.engines.look_ahead import LookAhead, ViewAhead
from GazeSAMLib.engines.messages import (
    Cancel,
    Embedded,
    Failure,
    OpenScan,
    Outdated,
    PreparedAhead,
    Shutdown,
    UseEngine,
)
from GazeSAMLib.engines.segmenter import EmbedRequest, SegmentAnswer
from GazeSAMLib.engines.worker import Worker
from GazeSAMLib.hosts.worker import follow
from Testing.phantom import AXIAL, OBLIQUE, VOLUME, look, phantom
from Testing.worker_of_slow_engine import SlowBlur
from Testing.worker_of_test_engines import EqualGreyOnBadDays


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "scan.raw"
    path.write_bytes(phantom().tobytes())
    return path


def replies_when(scan, *messages, while_embedding, count):
    """The first `count` replies of a worker to which more comes during its first embedding."""
    inbox, replies, arriving = Inbox(), [], list(while_embedding)

    class Interrupted(EqualGreyOnBadDays):
        def embed(self, pixels):
            inbox.put(arriving)
            arriving.clear()
            return super().embed(pixels)

    def send(message):
        if isinstance(message, SegmentAnswer | Embedded):
            replies.append((type(message), message.number))
        elif isinstance(message, Outdated):
            replies.append(message)
        if len(replies) == count:
            inbox.put([Shutdown()])

    matrix = tuple(VOLUME.local_ras_from_ijk.ravel().tolist())
    inbox.put([OpenScan(1, str(scan), "<i2", VOLUME.shape_kji, matrix, digest_wanted=False)])
    inbox.put([UseEngine(2, "interrupted"), *messages])
    Worker(lambda _name: Interrupted(), follow, inbox, send).run()
    return replies


def test_the_newest_look_is_answered_and_those_before_it_are_outdated(scan):
    ahead = EmbedRequest(7, OBLIQUE, 400.0, 40.0)
    newer = (ahead, look(2), look(3), look(4))
    assert replies_when(scan, look(1), while_embedding=newer, count=4) == [
        Outdated((1,)),  # though its slice is embedded, the eye has gone on
        Outdated((2, 3)),
        (SegmentAnswer, 4),
        (Embedded, 7),
    ]


def test_a_look_does_not_wait_for_embedding_ahead(scan):
    ahead = [EmbedRequest(number, AXIAL, 100.0 + number, 40.0) for number in (1, 2, 3)]
    assert replies_when(scan, *ahead, while_embedding=(look(1),), count=4) == [
        (Embedded, 1),
        (SegmentAnswer, 1),
        (Embedded, 2),
        (Embedded, 3),
    ]


def test_a_cancelled_look_is_not_answered(scan):
    ahead = EmbedRequest(7, OBLIQUE, 400.0, 40.0)
    newer = (ahead, Cancel(), look(2))
    assert replies_when(scan, look(1), while_embedding=newer, count=3) == [
        Outdated((1,)),
        Outdated((), (7,)),
        (SegmentAnswer, 2),
    ]


def test_a_look_at_a_scan_or_with_an_engine_that_was_replaced_is_not_answered(scan):
    newer = (UseEngine(3, "interrupted"), look(2))
    assert replies_when(scan, look(1), while_embedding=newer, count=2) == [
        Outdated((1,)),
        (SegmentAnswer, 2),
    ]


@pytest.mark.parametrize("fails_ahead", [False, True], ids=["looked ahead", "failed ahead"])
def test_an_engine_is_let_go_before_the_next_is_loaded(scan, tmp_path, monkeypatch, fails_ahead):
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path))
    inbox, made, still_there = Inbox(), [], []

    def make_engine(_name):
        gc.collect()
        still_there.append([engine for engine in (each() for each in made) if engine is not None])
        engine = SlowBlur(fails_ahead=fails_ahead)
        made.append(weakref.ref(engine))
        return engine

    def send(message):
        if isinstance(message, SegmentAnswer):
            inbox.put([LookAhead(1, (ViewAhead(OBLIQUE, 3.0, 1, 1),), 400.0, 40.0)])
        elif isinstance(message, PreparedAhead | Failure) and len(made) == 1:
            inbox.put([UseEngine(3, "second"), Shutdown()])

    matrix = tuple(VOLUME.local_ras_from_ijk.ravel().tolist())
    inbox.put([OpenScan(1, str(scan), "<i2", VOLUME.shape_kji, matrix, digest_wanted=False)])
    inbox.put([UseEngine(2, "first"), look(1)])
    Worker(make_engine, follow, inbox, send).run()
    assert still_there == [[], []]
