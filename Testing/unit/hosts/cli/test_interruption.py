"""Ctrl-C during a step."""

import signal

import pytest

from GazeSAMLib.hosts.cli.interruption import Interruption


def test_the_first_ctrl_c_is_noted_and_lets_the_step_finish() -> None:
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        finished = True
    assert finished
    assert interruption.requested


def test_the_second_ctrl_c_stops_at_once() -> None:
    with Interruption():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_ctrl_c_is_what_it_was_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
