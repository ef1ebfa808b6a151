"""Slices embedded ahead by a real worker, with an engine that takes its time."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.engines.client import WorkerClient
from GazeSAMLib.engines.look_ahead import LookAhead, ViewAhead, moved, view_ahead
from GazeSAMLib.engines.messages import Failure, Notice, PreparedAhead
from GazeSAMLib.engines.segmenter import SegmentRequest
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import sample_slice, slice_grid, to_8bit
from Testing.phantom import AXIAL, OBLIQUE, VOLUME, look, phantom
from Testing.tiny_sam import tiny_sam
from Testing.worker_of_slow_engine import COMMAND

WAIT_S = 60.0
STEP_MM = 3.0
STEP_S = 0.1


def name_of(plane, window=256.0):
    """What the engine's log calls a slice."""
    return str(int(to_8bit(sample_slice(phantom(), VOLUME, slice_grid(VOLUME, plane)),
                           window, 100.0).sum()))  # fmt: skip


def ahead(number, *views, window=256.0, paused=False):
    return LookAhead(number, views, window, 100.0, paused)


def near(plane=AXIAL, before=1, after=2, direction=0):
    return ViewAhead(plane, STEP_MM, before, after, direction)


class Reader:
    """A worker with a slow engine, and the log that the engine writes."""

    def __init__(self, tmp_path, **options):
        self.log = tmp_path / "log"
        self.log.touch()
        environment = os.environ | {"GAZESAM_CACHE": str(tmp_path / "cache")}
        self.notes, self.heard = [], []
        self.client = WorkerClient(
            COMMAND,
            environment=environment | options.pop("environment", {}),
            scan_parent=tmp_path,
            timeout_s=WAIT_S,
            on_notice=self.notes.append,
        )
        self.options = options | {"log": str(self.log)}

    def __enter__(self):
        self.client.__enter__()
        self.ready = self.client.use_engine("slow-blur", **self.options)
        self.client.open_scan(phantom(), VOLUME)
        return self

    def __exit__(self, *error):
        self.client.__exit__(*error)

    def say(self, message):
        self.client.request(message)

    def lines(self):
        return [tuple(line.split()) for line in self.log.read_text().splitlines()]

    def begun(self):
        return [name for what, name, _ in self.lines() if what == "begin"]

    def until(self, condition, what):
        deadline_s = time.monotonic() + WAIT_S
        while time.monotonic() < deadline_s:
            self.heard += self.client.poll()
            if condition():
                return
            time.sleep(0.002)
        pytest.fail(f"waited in vain for {what}; heard {self.heard}; {self.lines()}")

    def until_prepared(self, number):
        self.until(
            lambda: any(
                isinstance(said, PreparedAhead)
                and said.number == number
                and said.done == said.total
                for said in self.heard
            ),
            f"the end of {number}",
        )

    def progress(self, number):
        told = [s for s in self.heard if isinstance(s, PreparedAhead) and s.number == number]
        return [(said.done, said.total) for said in told]


@pytest.fixture
def reader(tmp_path):
    with Reader(tmp_path) as reader:
        yield reader


@pytest.fixture
def slow(tmp_path):
    """An embedding takes 0.8 s in 8 steps."""
    with Reader(tmp_path, steps=8, step_s=STEP_S) as reader:
        yield reader


def test_it_says_that_looking_ahead_is_worth_it(reader):
    assert reader.ready.looks_ahead


def test_slices_are_embedded_outward_and_a_look_at_them_embeds_nothing(reader):
    reader.say(ahead(1, near()))
    reader.until_prepared(1)
    planes = [moved(AXIAL, STEP_MM * step) for step in (0, 1, -1, 2)]
    assert reader.begun() == [name_of(plane) for plane in planes]
    assert {thread for _, _, thread in reader.lines()} == {"prefetcher"}
    assert reader.progress(1)[-1] == (4, 4)
    for number, plane in enumerate(planes):
        assert reader.client.answer(look(number, plane)).candidates.mask().any()
    assert len(reader.begun()) == 4


def test_all_views_take_turns_and_what_they_share_is_embedded_once(reader):
    reader.say(ahead(1, near(AXIAL, 0, 1), near(OBLIQUE, 0, 1), near(AXIAL, 1, 0)))
    reader.until_prepared(1)
    assert reader.begun() == [
        name_of(plane)
        for plane in (AXIAL, OBLIQUE, moved(AXIAL, 3.0), moved(OBLIQUE, 3.0), moved(AXIAL, -3.0))
    ]


def test_planes_beside_the_scan_do_not_count(reader):
    reader.say(ahead(1, near(AXIAL, 0, 15)))
    reader.until_prepared(1)
    beyond = AXIAL.normal[2]  # where the normal points, ten or nine slices are left
    count = 1 + (10 if beyond < 0 else 9)
    assert reader.progress(1)[-1] == (count, count)


def test_a_look_in_the_middle_of_it_takes_its_own_time_and_a_step(slow):
    """The reader's click is never behind a prefetch, though that would take a minute."""
    slow.client.answer(look(0, OBLIQUE))
    own_ms = slow.client.answer(look(1, OBLIQUE)).decode_ms
    slow.say(ahead(1, near(AXIAL, 9, 9)))
    slow.until(lambda: len(slow.begun()) > 1, "the first slice")
    waits = []
    for number in range(2, 8):
        start_s = time.perf_counter()
        slow.client.answer(look(number, OBLIQUE))
        waits.append(time.perf_counter() - start_s)
    assert sorted(waits)[len(waits) // 2] < STEP_S + own_ms / 1e3 + 0.2
    assert len(slow.begun()) <= 3  # it did not get far meanwhile


def test_it_waits_between_steps_while_a_look_is_embedded(slow):
    """A look at another slice has the processor to itself."""
    slow.say(ahead(1, near(AXIAL, 9, 9)))
    slow.until(lambda: slow.begun(), "the first slice")
    slow.client.answer(look(1, OBLIQUE))
    whats = [(what, name) for what, name, _ in slow.lines()]
    assert whats[:3] == [
        ("begin", name_of(AXIAL)),
        ("begin", name_of(OBLIQUE)),
        ("end", name_of(OBLIQUE)),
    ]
    slow.until(lambda: ("end", name_of(AXIAL)) in {line[:2] for line in slow.lines()}, "the rest")


def test_a_look_at_the_slice_that_is_being_embedded_goes_on_with_that_one(slow):
    slow.say(ahead(1, near()))
    slow.until(lambda: slow.begun(), "the first slice")
    assert slow.client.answer(look(1)).candidates.mask().any()
    assert slow.begun()[:1] == [name_of(AXIAL)]
    assert slow.begun().count(name_of(AXIAL)) == 1
    assert {thread for _, _, thread in slow.lines()} == {"prefetcher"}


def test_a_new_plan_takes_the_place_of_the_old_at_the_next_step(slow):
    slow.say(ahead(1, near(AXIAL, 9, 9)))
    slow.until(lambda: slow.begun(), "the first slice")
    slow.say(ahead(2, near(OBLIQUE, 0, 0)))
    slow.until_prepared(2)
    assert [line[:2] for line in slow.lines()] == [
        ("begin", name_of(AXIAL)),
        ("begin", name_of(OBLIQUE)),
        ("end", name_of(OBLIQUE)),
    ]


def test_what_is_on_screen_is_finished_though_the_plan_is_new(slow):
    slow.say(ahead(1, near(AXIAL, 1, 1)))
    slow.until(lambda: slow.begun(), "the first slice")
    slow.say(ahead(2, near(AXIAL, 0, 0, 1)))
    slow.until_prepared(2)
    assert slow.begun() == [name_of(AXIAL)]


def test_another_window_begins_anew(slow):
    slow.say(ahead(1, near(AXIAL, 0, 0)))
    slow.until(lambda: slow.begun(), "the first slice")
    slow.say(ahead(2, near(AXIAL, 0, 0), window=300.0))
    slow.until_prepared(2)
    assert slow.begun() == [name_of(AXIAL), name_of(AXIAL, 300.0)]
    assert [what for what, *_ in slow.lines()] == ["begin", "begin", "end"]


def test_a_pause_lasts_until_it_is_over_but_not_for_a_look(slow):
    slow.say(ahead(1, near(AXIAL, 9, 9)))
    slow.until(lambda: slow.begun(), "the first slice")
    slow.say(ahead(2, near(AXIAL, 0, 1), paused=True))
    slow.client.ping()
    time.sleep(3 * STEP_S)
    assert [line[:2] for line in slow.lines()] == [("begin", name_of(AXIAL))]
    assert slow.client.answer(look(1)).candidates.mask().any()
    assert [line[0] for line in slow.lines()] == ["begin", "end"]
    time.sleep(3 * STEP_S)
    assert len(slow.lines()) == 2
    slow.say(ahead(3, near(AXIAL, 0, 1)))
    slow.until_prepared(3)
    assert slow.begun() == [name_of(AXIAL), name_of(moved(AXIAL, 3.0))]


def test_no_views_end_it(slow):
    slow.say(ahead(1, near(AXIAL, 9, 9)))
    slow.until(lambda: slow.begun(), "the first slice")
    slow.say(ahead(2))
    slow.until_prepared(2)
    assert [what for what, *_ in slow.lines()] == ["begin"]
    assert slow.progress(2) == [(0, 0)]


@pytest.mark.parametrize("what", ["scan", "engine", "shutdown"])
def test_it_ends_with_its_scan_its_engine_and_its_worker(slow, what):
    slow.say(ahead(1, near(AXIAL, 9, 9)))
    slow.until(lambda: slow.begun(), "the first slice")
    start_s = time.monotonic()
    if what == "scan":
        slow.client.open_scan(phantom()[::-1], VOLUME)
    elif what == "engine":
        slow.client.use_engine("slow-blur", **slow.options)
    else:
        slow.client.connection.end(WAIT_S)
    assert time.monotonic() - start_s < 1.0
    time.sleep(2 * STEP_S)
    assert [line[0] for line in slow.lines()] == ["begin"]


def test_how_long_it_will_take_is_told(slow):
    slow.say(ahead(1, near(AXIAL, 0, 2)))
    slow.until_prepared(1)
    told = [said for said in slow.heard if isinstance(said, PreparedAhead)]
    assert [said.done for said in told] == sorted(said.done for said in told)
    assert (told[0].done, told[0].total, told[0].left_s) == (0, 3, -1.0)
    assert told[1].total == 3
    least_s = 8 * STEP_S * (3 - told[1].done)
    assert least_s <= told[1].left_s < 4 * least_s  # on a busy machine it takes longer
    assert told[-1].left_s == 0.0


def test_what_was_prepared_is_there_in_the_next_session(tmp_path):
    for session in range(2):
        with Reader(tmp_path) as reader:
            reader.say(ahead(1, view_ahead(VOLUME, AXIAL)))
            reader.until_prepared(1)
            assert reader.progress(1)[-1] == (20, 20)
            assert len(reader.begun()) == 20, session
            assert reader.client.answer(look(1)).candidates.mask().any()


def test_what_goes_wrong_ahead_is_told_once_and_looks_go_on(tmp_path):
    with Reader(tmp_path, fails_ahead=True) as reader:
        for number in (1, 2, 3):
            reader.say(ahead(number, near()))
        reader.until(lambda: any(isinstance(s, Failure) for s in reader.heard), "the failure")
        assert reader.client.answer(look(1)).candidates.mask().any()
        reader.say(ahead(4, near(OBLIQUE)))
        reader.client.ping()
        reader.heard += reader.client.poll()
        failures = [said for said in reader.heard if isinstance(said, Failure)]
        assert [(f.about, f.sentence) for f in failures] == [("look_ahead", "no room ahead")]


def test_without_a_disk_it_goes_on_in_memory_with_one_note(tmp_path):
    (tmp_path / "file").write_text("in the way")
    environment = {"GAZESAM_CACHE": str(tmp_path / "file")}
    with Reader(tmp_path, environment=environment) as reader:
        reader.say(ahead(1, near(AXIAL, 5, 5)))
        reader.until_prepared(1)
        assert reader.client.answer(look(1, moved(AXIAL, 9.0))).candidates.mask().any()
        assert len(reader.begun()) == 11
        assert reader.notes[0] == "the engine slow-blur runs on cpu, fp32"
        assert len(reader.notes) == 2
        assert "kept in memory" in reader.notes[1]
        assert not any(isinstance(said, Notice) for said in reader.heard)


def test_a_killed_worker_is_replaced_and_goes_on_with_the_plan(slow):
    slow.say(ahead(1, near(AXIAL, 0, 1)))
    slow.until(lambda: slow.begun(), "the first slice")
    os.kill(slow.client.connection.pid, 9)
    slow.until_prepared(1)
    assert slow.begun()[-2:] == [name_of(AXIAL), name_of(moved(AXIAL, 3.0))]


def test_other_engines_do_not_look_ahead(tmp_path):
    from Testing.worker_of_test_engines import COMMAND as OTHER

    with WorkerClient(OTHER, scan_parent=tmp_path) as client:
        assert not client.use_engine("equal-grey").looks_ahead
        client.open_scan(phantom(), VOLUME)
        client.request(ahead(1, near()))
        client.answer(look(1))
        assert not [said for said in client.poll() if isinstance(said, PreparedAhead | Failure)]


def test_a_plane_that_is_looked_at_while_others_are_embedded_is_the_right_one(reader):
    """Both threads reslice: neither may get the other's pixels."""
    reader.say(ahead(1, view_ahead(VOLUME, OBLIQUE), view_ahead(VOLUME, AXIAL)))
    for number in range(19):
        plane = SlicePlane((0.0, 0.0, 3.0 * number), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
        request = look(number, plane)
        reader.client.answer(SegmentRequest(number, plane, 256.0, 100.0, request.prompts))
    reader.until_prepared(1)
    assert len(set(reader.begun())) == len(reader.begun())
    assert Path(reader.log).read_text().count("begin") == Path(reader.log).read_text().count("end")


def test_segment_anything_is_looked_ahead_with_as_well(tmp_path, monkeypatch):
    """The real architecture in the product's own worker, looked at in the middle of it."""
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path / "cache"))
    checkpoint = tiny_sam(tmp_path / "tiny.pth")
    with WorkerClient(scan_parent=tmp_path, timeout_s=WAIT_S) as client:
        assert client.use_engine("sam", checkpoint=str(checkpoint), device="cpu").looks_ahead
        client.open_scan(phantom(), VOLUME)
        client.request(ahead(1, view_ahead(VOLUME, AXIAL)))
        signs = [client.answer(look(5 * number, OBLIQUE)).candidates.mask() for number in range(3)]
        assert np.array_equal(signs[0], signs[2])
        said = []
        deadline_s = time.monotonic() + WAIT_S
        while not any(isinstance(s, PreparedAhead) and s.done == s.total == 20 for s in said):
            assert time.monotonic() < deadline_s, said
            said += client.poll()
            time.sleep(0.002)
        assert client.answer(look(9)).candidates.logits.shape[1:] == (48, 64)
    assert len(list((tmp_path / "cache" / "embeddings").iterdir())) == 21
