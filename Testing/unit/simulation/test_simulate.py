"""A simulated recording is what the virtual reader saw and did."""

import hashlib
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.errors import RecordingError, ScanError
from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession, SessionOptions, replay
from GazeSAMLib.signals.chain import SignalOptions
from GazeSAMLib.simulation.attempt import Outcome
from GazeSAMLib.simulation.clicks import dice
from GazeSAMLib.simulation.options import ReaderOptions
from GazeSAMLib.simulation.simulate import Simulation, SimulationOptions, simulate
from GazeSAMLib.simulation.truth import Structure
from GazeSAMLib.simulation.window import Layout
from Testing.painted_scan import (
    DISPLAY,
    TruthEngine,
    painted_labels,
    painted_scan,
    painted_structures,
)

SCAN = painted_scan()


class LeakyEngine(TruthEngine):
    """Gives a leak first; right once it is told "not this", or as its larger candidate."""

    name = "leaky"

    def decode(self, embedding, prompts):
        right = super().decode(embedding, prompts).logits[0] > 0.0
        leak = right | (np.arange(128) > 64)[None, :] | (np.arange(128) > 50)[:, None]
        shown = right if (prompts.labels == 0).any() else leak
        logits = np.where([shown], np.float32(1.0), np.float32(-1.0))
        return MaskCandidates(logits, np.ones(1, np.float32))


class CautiousEngine(TruthEngine):
    """Gives the core of a structure first, and the whole as its next larger candidate."""

    name = "cautious"

    def decode(self, embedding, prompts):
        right = super().decode(embedding, prompts).logits[0] > 0.0
        u, v = prompts.points_image_uv[-1]
        rows, columns = np.ogrid[:128, :128]
        core = right & ((rows - v) ** 2 + (columns - u) ** 2 < 60)
        logits = np.where([core, right], np.float32(1.0), np.float32(-1.0))
        return MaskCandidates(logits, np.array([0.9, 0.8], np.float32))


def options(layout: Layout = Layout.ONE_UP, seed: int = 0, **reader) -> SimulationOptions:
    made = ReaderOptions(**({"accuracy_deg": 0.0} | reader))
    return SimulationOptions(DISPLAY, layout, made, slices_per_structure=None, seed=seed)


def run(folder: Path, engine=None, given: SimulationOptions | None = None) -> Simulation:
    segmenter = Segmenter(engine or TruthEngine(), SCAN.voxels_kji, SCAN.volume)
    return simulate(
        folder, SCAN, painted_structures(), segmenter.answer, given or options(),
        scan_digest="a" * 64,
    )  # fmt: skip


def replayed(folder: Path, engine=None) -> Labelmap:
    recording = read_recording(folder)
    labelmap = Labelmap(SCAN.volume.shape_kji)
    signals = SignalOptions(expected_rms_deg=recording.header.precision_rms_deg)
    session = GazeSession(SCAN.volume, DISPLAY, labelmap, None, SessionOptions(signals=signals))
    answer = Segmenter(engine or TruthEngine(), SCAN.voxels_kji, SCAN.volume).answer
    for _ in replay(session, recording, answer):
        pass
    return labelmap


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("seed", [0, 1])
def test_with_a_perfect_engine_and_gaze_the_segmentation_is_the_truth(
    tmp_path: Path, layout: Layout, seed: int
) -> None:
    done = run(tmp_path / "r", given=options(layout, seed))
    assert [reading.outcome for reading in done.readings] == [Outcome.ACCEPTED] * 15
    names = [segment.name for segment in done.labelmap.segments]
    for structure in painted_structures():
        found = done.labelmap.labels_kji == names.index(structure.name) + 1
        assert dice(found, painted_labels() == structure.value) > 0.99


def test_a_replay_of_the_recording_gives_the_same_voxels(tmp_path: Path) -> None:
    for number, engine in enumerate((TruthEngine, LeakyEngine, CautiousEngine)):
        folder = tmp_path / str(number)
        done = run(folder, engine(), options(seed=number, accuracy_deg=0.5, blinks_per_min=20.0))
        again = replayed(folder, engine())
        np.testing.assert_array_equal(again.labels_kji, done.labelmap.labels_kji)
        assert [s.name for s in again.segments] == [s.name for s in done.labelmap.segments]


def test_the_same_seed_gives_the_same_bytes_and_another_others(tmp_path: Path) -> None:
    def digest(name: str, seed: int) -> str:
        run(tmp_path / name, given=options(seed=seed))
        found = hashlib.sha256()
        for path in sorted((tmp_path / name).iterdir()):
            found.update(path.name.encode() + path.read_bytes())
        return found.hexdigest()

    assert digest("a", 3) == digest("b", 3) != digest("c", 4)


def test_leaks_are_answered_with_not_this(tmp_path: Path) -> None:
    done = run(tmp_path / "r", LeakyEngine())
    tried = {correction for reading in done.readings for correction in reading.corrections}
    assert "not this" in tried
    assert {event.kind for event in read_recording(tmp_path / "r").events} >= {EventKind.NEGATIVE}
    corrected = [r for r in done.readings if r.outcome is Outcome.CORRECTED]
    assert len(corrected) >= 8  # a blink or a second saccade may spoil a correction
    assert all(reading.dice > 0.85 for reading in corrected)


def test_a_part_is_answered_with_larger(tmp_path: Path) -> None:
    done = run(tmp_path / "r", CautiousEngine())
    corrected = [r for r in done.readings if r.outcome is Outcome.CORRECTED]
    assert len(corrected) >= 8
    assert all("larger" in reading.corrections for reading in corrected)
    assert all(reading.dice > 0.99 for reading in corrected)


def test_what_cannot_be_had_is_given_up_and_cleared(tmp_path: Path) -> None:
    class BlindEngine(TruthEngine):
        def decode(self, embedding, _prompts):
            logits = np.full((1, *embedding.shape), -1.0, np.float32)
            return MaskCandidates(logits, np.ones(1, np.float32))

    done = run(tmp_path / "r", BlindEngine())
    assert {reading.outcome for reading in done.readings} == {Outcome.GIVEN_UP}
    assert not done.labelmap.labels_kji.any()
    kinds = {event.kind for event in read_recording(tmp_path / "r").events}
    assert EventKind.ACCEPT not in kinds
    assert EventKind.CLEAR in kinds


def test_the_reader_scrolls_with_keys_and_every_key_changes_the_slice(tmp_path: Path) -> None:
    run(tmp_path / "r")
    events = read_recording(tmp_path / "r").events
    scrolls = (EventKind.NEXT_SLICE, EventKind.PREVIOUS_SLICE)
    for event, following in pairwise(events):
        if event.kind in scrolls:
            assert following.kind == EventKind.VIEW
    assert {event.kind for event in events} >= set(scrolls)


def test_four_up_keeps_the_other_views_on_screen(tmp_path: Path) -> None:
    run(tmp_path / "r", given=options(Layout.FOUR_UP))
    views = [e.details["name"] for e in read_recording(tmp_path / "r").events if e.kind == "view"]
    assert sorted(views[:3]) == ["Green", "Red", "Yellow"]
    assert set(views[3:]) == {"Red"}


def test_the_truth_lies_beside_the_recording(tmp_path: Path) -> None:
    done = run(tmp_path / "r", given=options(offset_deg=(0.25, -0.5)))
    truth = json.loads((tmp_path / "r" / "simulation.json").read_text(encoding="utf-8"))
    assert truth["offset_deg"] == [0.25, -0.5]
    assert len(truth["readings"]) == len(done.readings) == 15
    assert truth["readings"][0]["structure"] == "left disc"
    assert read_recording(tmp_path / "r").header.offset_deg is None
    assert done.duration_s > 10.0


def test_structures_that_no_slice_shows_are_skipped_with_their_names(tmp_path: Path) -> None:
    labels = painted_labels()
    labels[2, 2:5, 2:5] = 4
    structures = [*painted_structures(), Structure("dot", labels, 4)]
    answer = Segmenter(TruthEngine(), SCAN.voxels_kji, SCAN.volume).answer
    done = simulate(tmp_path / "r", SCAN, structures, answer, options())
    assert done.unseen == ("dot",)
    with pytest.raises(ScanError, match="shows a labelled structure well enough"):
        simulate(tmp_path / "s", SCAN, structures[-1:], answer, options())
    assert not (tmp_path / "s").exists()


def test_a_folder_with_a_recording_is_not_written_over(tmp_path: Path) -> None:
    run(tmp_path / "r")
    before = (tmp_path / "r" / "samples.tsv").read_bytes()
    with pytest.raises(RecordingError, match="already holds a recording"):
        run(tmp_path / "r", given=replace(options(), seed=9))
    assert (tmp_path / "r" / "samples.tsv").read_bytes() == before


def test_a_bad_tracker_costs_accuracy(tmp_path: Path) -> None:
    means = [
        np.mean([r.dice for r in run(tmp_path / str(n), given=options(accuracy_deg=n)).readings])
        for n in (0, 4)
    ]
    assert means[0] > 0.99
    assert means[1] < 0.9
