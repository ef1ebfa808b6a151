"""From one look to a whole structure, with the key P, as a reader sees it."""

import os
import signal

import numpy as np
import pytest

from Testing.host.reader import actors_in_views, bend


@pytest.fixture
def a_seed(a_reader, a_ball):
    """A ball of which one slice is accepted."""
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    return a_reader


def found(reader):
    return reader.panel.session.run.live._parts.session.propagator.preview


def shown(reader, name="Red"):
    outline = reader.panel.session.run.live._propagated._outlines._outlines.get(name)
    return outline is not None and outline.is_shown


def propagate(reader):
    reader.host.press("p")
    reader.host.spin(
        until=lambda: found(reader) is None or not found(reader).running, timeout_ms=60_000
    )


def dice(a, b):
    return 2.0 * (a & b).sum() / (a.sum() + b.sum())


def test_one_look_and_two_keys_make_the_ball(a_seed, a_picture):
    first = a_seed.voxels().copy()
    propagate(a_seed)
    assert "look through them, then accept" in a_seed.said
    np.testing.assert_array_equal(a_seed.voxels(), first)
    a_picture("propagated")
    a_seed.host.press("space")
    assert "slices and saved" in a_seed.said
    assert dice(a_seed.voxels(), a_seed.truth()) > 0.9
    a_seed.host.press("z")
    np.testing.assert_array_equal(a_seed.voxels(), first)
    a_seed.host.press("shift+z")
    assert dice(a_seed.voxels(), a_seed.truth()) > 0.9


def test_each_slice_shows_its_outline_before_it_is_accepted(a_seed, a_picture):
    propagate(a_seed)
    a_seed.point_at("Red", (0.0, 0.0, 0.0))
    for _ in range(3):
        a_seed.host.press("Down")
        a_seed.host.spin(until=lambda: shown(a_seed), timeout_ms=5_000)
    a_picture("propagated-slice")
    a_seed.host.press("Escape")
    a_seed.host.spin(until=lambda: not shown(a_seed), timeout_ms=5_000)
    assert found(a_seed) is None


def test_it_is_cut_off_at_the_slice_in_view(a_seed):
    propagate(a_seed)
    a_seed.point_at("Red", (0.0, 0.0, 0.0))
    for _ in range(4):
        a_seed.host.press("Down")
        a_seed.host.wait(60)
    a_seed.host.press("minus")
    assert "Cut off here" in a_seed.said
    a_seed.host.press("space")
    layers = np.flatnonzero(a_seed.voxels().any(axis=(1, 2)))
    seed = 32
    assert layers[0] == seed - 3
    assert layers[-1] > seed + 6


def test_a_worker_that_dies_on_the_way_finds_the_same(a_seed):
    a_seed.host.press("p")
    a_seed.host.spin(until=lambda: found(a_seed) and len(found(a_seed)) > 1, timeout_ms=30_000)
    os.kill(a_seed.panel.session.run.room.pid, signal.SIGKILL)
    a_seed.host.spin(
        until=lambda: found(a_seed) is None or not found(a_seed).running, timeout_ms=60_000
    )
    a_seed.host.press("space")
    assert dice(a_seed.voxels(), a_seed.truth()) > 0.9


def test_stopping_in_the_middle_leaves_nothing_behind(a_seed):
    before, voxels = actors_in_views(), a_seed.voxels().copy()
    a_seed.host.press("p")
    a_seed.host.spin(until=lambda: found(a_seed) and len(found(a_seed)) > 1, timeout_ms=30_000)
    a_seed.ui.startButton.click()
    a_seed.host.spin()
    assert a_seed.state == "idle"
    assert max(actors_in_views()) <= max(before)
    np.testing.assert_array_equal(a_seed.voxels(), voxels)


def test_a_bent_volume_says_what_to_do(a_reader, a_ball):
    bend(a_ball)
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.accept()
    a_reader.host.press("p")
    assert "harden it first" in a_reader.said
