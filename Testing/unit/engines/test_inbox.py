"""What the worker does next."""

import threading

import numpy as np

from GazeSAMLib.engines.inbox import OUTDATED_AT_ONCE, Inbox
from GazeSAMLib.engines.messages import Cancel, OpenScan, Outdated, Ping, UseEngine
from GazeSAMLib.engines.segmenter import EMBEDDINGS_IN_MEMORY, EmbedRequest
from Testing.phantom import AXIAL, look

SCAN = OpenScan(1, "scan.raw", "<i2", (1, 1, 1), (0.0,) * 16)
ENGINE = UseEngine(1, "region")


def embed(number):
    return EmbedRequest(number, AXIAL, 400.0, 40.0)


def filled(*messages):
    inbox = Inbox()
    inbox.put(messages)
    return inbox


def test_a_newer_look_drops_the_one_that_waits():
    inbox = filled(look(1), look(2), look(3))
    assert inbox.take() == Outdated((1, 2))
    assert inbox.take().number == 3


def test_orders_come_first_and_in_order():
    ping, ahead, newest = Ping(1, np.zeros(1, dtype=np.uint8)), embed(2), look(1)
    inbox = filled(ahead, newest, ping)
    assert [inbox.take() for _ in range(3)] == [ping, newest, ahead]
    inbox = filled(SCAN, ENGINE, newest)
    assert [inbox.take() for _ in range(3)] == [SCAN, ENGINE, newest]


def test_embedding_ahead_waits_for_looks():
    inbox = filled(embed(1), embed(2), look(7))
    assert inbox.take().number == 7
    inbox.put([look(8)])
    assert [inbox.take().number for _ in range(3)] == [8, 1, 2]


def test_a_new_scan_or_engine_drops_what_was_asked_about_the_old():
    for order in (SCAN, ENGINE):
        inbox = filled(look(1), embed(5), order, look(2))
        assert inbox.take() == Outdated((1,), (5,))
        assert inbox.take() == order
        assert inbox.take().number == 2


def test_cancel_drops_all_that_waits():
    inbox = filled(look(1), embed(5), embed(6), Cancel(), embed(7))
    assert inbox.take() == Outdated((1,), (5, 6))
    assert inbox.take().number == 7


def test_only_so_much_is_embedded_ahead():
    inbox = filled(*(embed(number) for number in range(EMBEDDINGS_IN_MEMORY + 3)))
    assert inbox.take() == Outdated((), (0, 1, 2))
    assert inbox.take().number == 3


def test_a_look_is_wanted_until_a_newer_one_comes():
    inbox = filled(look(1))
    inbox.take()
    assert inbox.is_wanted()
    inbox.put([embed(1)])
    assert inbox.is_wanted()
    inbox.put([look(2)])
    assert not inbox.is_wanted()
    assert not inbox.is_dropped()


def test_a_look_is_dropped_by_cancel_and_by_a_new_scan():
    for order in (Cancel(), SCAN, ENGINE):
        inbox = filled(look(1))
        inbox.take()
        inbox.put([order, look(2)])
        assert inbox.is_dropped()
        assert not inbox.is_wanted()


def test_a_flood_is_told_in_notices_of_bounded_size():
    count = 2 * OUTDATED_AT_ONCE + 10
    inbox = filled(*(look(number) for number in range(count)))
    told = []
    while isinstance(task := inbox.take(), Outdated):
        assert len(task.requests) <= OUTDATED_AT_ONCE
        told += task.requests
    assert told == list(range(count - 1))
    assert task.number == count - 1


def test_taking_waits_until_there_is_something():
    inbox, taken = Inbox(), []
    thread = threading.Thread(target=lambda: taken.append(inbox.take()))
    thread.start()
    thread.join(0.05)
    assert thread.is_alive()
    inbox.put([])
    inbox.put([ENGINE])
    thread.join(10.0)
    assert taken == [ENGINE]
