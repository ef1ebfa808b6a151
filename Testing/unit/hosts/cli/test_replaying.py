"""A replay to its end, to an error, to Ctrl-C."""

import signal
from functools import partial

import numpy as np
import pytest

from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.errors import EngineError
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.hosts.cli.answering import Answers
from GazeSAMLib.hosts.cli.replaying import Replayed, display_of, replay_all
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.segmentation import following
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession


class Stage:
    """A session on the scan, with an answer that can do something first."""

    def __init__(self, scan_path, gaze_path) -> None:
        self.scan = scan = read_scan(scan_path)
        self.recording = read_recording(gaze_path)
        self.labelmap = Labelmap(scan.volume.shape_kji)
        display = display_of(self.recording.header)
        self.session = GazeSession(scan.volume, display, self.labelmap)
        self.segmenter = Segmenter(make_engine("region"), scan.voxels_kji, scan.volume)
        self.told = []

    def replay(
        self, before_answer=lambda _count: None, follow=None, *, propagate=False
    ) -> Replayed:
        count = 0

        def answer(request):
            nonlocal count
            count += 1
            before_answer(count)
            return self.segmenter.answer(request)

        return replay_all(
            self.session,
            self.scan.volume,
            self.recording,
            Answers(answer, follow or partial(following.follow, self.segmenter)),
            lambda *told: self.told.append(told),
            propagate=propagate,
        )


@pytest.fixture
def stage(scan_path, gaze_path) -> Stage:
    return Stage(scan_path, gaze_path)


def test_the_whole_recording_is_replayed(stage) -> None:
    replayed = stage.replay()
    assert replayed.is_whole
    total = len(stage.recording.samples) + len(stage.recording.events)
    assert stage.told[-1] == ("replaying", total, total)
    assert len(replayed.timing.chain_us) == len(stage.recording.samples)


def test_every_answer_is_timed_and_each_slice_embedded_once(stage) -> None:
    answers = []
    replayed = stage.replay(answers.append)
    assert len(replayed.timing.decode_ms) == len(answers)
    assert len(replayed.timing.embed_ms) == 3


def test_an_error_stops_the_replay_and_keeps_what_was_accepted(stage) -> None:
    def fail_after_the_first_step(_count):
        if stage.labelmap.labels_kji.any():
            raise EngineError("out of memory")

    replayed = stage.replay(fail_after_the_first_step)
    assert str(replayed.error) == "out of memory"
    assert not replayed.is_whole
    assert len(replayed.trace.steps) == 1
    assert stage.labelmap.labels_kji.any()


def test_ctrl_c_in_an_answer_lets_it_finish_and_stops_then(stage) -> None:
    def press_ctrl_c_once(count):
        if count == 2:
            signal.raise_signal(signal.SIGINT)

    replayed = stage.replay(press_ctrl_c_once)
    assert replayed.cancelled
    assert replayed.error is None
    assert len(replayed.timing.decode_ms) == 2
    assert len(replayed.timing.chain_us) < len(stage.recording.samples)


def test_an_error_in_the_middle_of_a_propagation_loses_nothing_accepted(stage) -> None:
    begun = []

    def fail_after_two_slices(order):
        begun.append(order.number)
        for count, said in enumerate(following.follow(stage.segmenter, order)):
            if len(begun) == 2 and count == 2:
                raise EngineError("out of memory")
            yield said

    replayed = stage.replay(follow=fail_after_two_slices, propagate=True)
    assert str(replayed.error) == "out of memory"
    first, carried_on, second = replayed.trace.steps
    assert len(carried_on.step.propagated) > 5
    kept = np.zeros(stage.labelmap.labels_kji.shape, dtype=bool)
    for accepted in (first, carried_on, second):
        patch = accepted.step.edit.patch
        kept[patch.box] |= patch.mask
    np.testing.assert_array_equal(stage.labelmap.labels_kji > 0, kept)
