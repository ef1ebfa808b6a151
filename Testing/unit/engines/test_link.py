"""What a host tells a worker that takes the place of a lost one."""

import numpy as np
import pytest

from GazeSAMLib.engines.codec import frame, parse
from GazeSAMLib.engines.link import ENDS_IN_A_ROW, WorkerLink
from GazeSAMLib.engines.look_ahead import LookAhead, ViewAhead
from GazeSAMLib.engines.messages import (
    Cancel,
    Failure,
    Hello,
    OpenScan,
    Outdated,
    ScanDigest,
    UseEngine,
)
from GazeSAMLib.engines.protocol import FrameDecoder
from GazeSAMLib.engines.segmenter import EmbedRequest, SegmentAnswer
from GazeSAMLib.errors import ProtocolError, WorkerError
from GazeSAMLib.prompts.candidates import MaskCandidates
from Testing.phantom import AXIAL, look

SCAN = OpenScan(1, "scan.raw", "<i2", (1, 1, 1), (0.0,) * 16)
ENGINE = UseEngine(2, "region", {"rings": 3})
MASK = MaskCandidates(np.ones((1, 2, 2), np.float32), np.ones(1, np.float32))


def told(link):
    return [parse(message) for message in FrameDecoder().feed(link.begin())]


def hear(link, *messages):
    return list(link.hear(b"".join(frame(message) for message in messages)))


def linked(*messages):
    link = WorkerLink()
    for message in messages:
        assert link.say(message) == frame(message)
    return link


def answer(number):
    return SegmentAnswer(number, MASK, 0.0, 1.0)


def test_a_first_worker_is_told_nothing():
    assert WorkerLink().begin() == b""


def test_a_new_worker_is_told_scan_engine_and_the_newest_request():
    link = linked(ENGINE, SCAN, EmbedRequest(1, AXIAL, 1.0, 1.0), look(1), look(2))
    scan, engine, request = told(link)
    assert (scan, engine, request.number) == (SCAN, ENGINE, 2)


@pytest.mark.parametrize(
    "reply",
    [answer(2), Outdated((1, 2)), Failure("decode", 2, "EngineError", "it failed")],
    ids=["answer", "outdated", "failure"],
)
def test_a_request_that_has_its_reply_is_not_sent_again(reply):
    link = linked(SCAN, ENGINE, look(1), look(2))
    hear(link, answer(1))
    assert link.pending.number == 2
    hear(link, reply)
    assert link.pending is None
    assert told(link) == [SCAN, ENGINE]


@pytest.mark.parametrize("message", [Cancel(), SCAN, ENGINE], ids=["cancel", "scan", "engine"])
def test_what_drops_a_request_in_the_worker_drops_it_here(message):
    link = linked(look(1), message)
    assert link.pending is None


def test_what_the_worker_cannot_do_is_not_asked_of_the_next():
    link = linked(SCAN, ENGINE)
    hear(link, Failure("open_scan", 7, "EngineError", "an older scan"))
    hear(link, Failure("use_engine", 2, "EngineError", "no such engine"))
    assert told(link) == [SCAN]
    hear(link, Failure("open_scan", 1, "EngineError", "no such scan"))
    assert told(link) == []


def test_what_the_host_gave_up_is_not_asked_of_the_next():
    request = look(1)
    link = linked(SCAN, ENGINE, request)
    for message, left in ((request, 2), (ENGINE, 1), (SCAN, 0)):
        link.forget(message)
        assert len(told(link)) == left


def test_a_digest_is_computed_once():
    link = linked(SCAN)
    hear(link, ScanDigest(9, "of an older scan"))
    assert link.scan_digest is None
    assert told(link)[0].digest_wanted
    hear(link, ScanDigest(1, "ab" * 32))
    assert link.scan_digest == "ab" * 32
    assert not told(link)[0].digest_wanted


def ahead(number, *views):
    return LookAhead(number, views, 400.0, 40.0)


VIEW = ViewAhead(AXIAL, 3.0, 1, 1)


def test_a_new_worker_is_told_what_to_prepare():
    link = linked(SCAN, ENGINE, ahead(1, VIEW), ahead(2, VIEW))
    assert [type(message) for message in told(link)] == [OpenScan, UseEngine, LookAhead]
    assert told(link)[-1].number == 2


@pytest.mark.parametrize("message", [SCAN, ENGINE, ahead(2)], ids=["scan", "engine", "no views"])
def test_what_ends_preparing_in_the_worker_ends_it_here(message):
    assert linked(ahead(1, VIEW), message).ahead is None


def test_what_failed_ahead_is_not_tried_by_the_next():
    link = linked(SCAN, ENGINE, ahead(1, VIEW))
    hear(link, Failure("look_ahead", 1, "EngineError", "no room"))
    assert told(link) == [SCAN, ENGINE]


def test_preparing_that_ends_workers_is_given_up_before_the_session_is():
    link = linked(SCAN, ENGINE, ahead(1, VIEW))
    link.ended("signal SIGKILL")
    assert len(told(link)) == 3
    link.ended("signal SIGKILL")
    assert told(link) == [SCAN, ENGINE]


def test_half_a_frame_of_a_lost_worker_does_not_disturb_the_next():
    link = linked(SCAN)
    assert list(link.hear(frame(answer(1))[:-1])) == []
    link.ended("signal SIGKILL")
    link.begin()
    assert hear(link, Hello(("region",), "0.1.0", 1)) == [Hello(("region",), "0.1.0", 1)]


def test_what_no_worker_says_is_refused():
    with pytest.raises(ProtocolError, match="open_scan"):
        hear(WorkerLink(), SCAN)


def test_several_ends_in_a_row_are_an_error_that_names_the_last():
    link = linked(SCAN, ENGINE, look(1))
    hear(link, Hello((), "0.1.0", 1))
    for _ in range(ENDS_IN_A_ROW - 1):
        link.ended("signal SIGKILL")
    with pytest.raises(WorkerError, match=rf"{ENDS_IN_A_ROW} times in a row .* \(exit code 3\)"):
        link.ended("exit code 3")
    # The request that it may have died of is not tried any more.
    assert told(link) == [SCAN, ENGINE]
    link.ended("counted from the start again")


def test_a_worker_that_never_greeted_does_not_start():
    link = WorkerLink()
    for _ in range(ENDS_IN_A_ROW - 1):
        link.ended("exit code 1: No module named numpy")
    with pytest.raises(WorkerError, match=r"does not start .*No module named numpy"):
        link.ended("exit code 1: No module named numpy")


def test_an_answer_between_makes_ends_harmless():
    link = linked(look(1))
    for number in range(3 * ENDS_IN_A_ROW):
        link.ended("signal SIGKILL")
        hear(link, answer(number))
