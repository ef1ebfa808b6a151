"""A recording of planned looks is what a session expects of a reader."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.frames import LocalRasPoint
from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.gaze.recording_reader import read_recording
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession, replay
from GazeSAMLib.simulation.layout import Arrangement, arrange
from GazeSAMLib.simulation.options import ReaderOptions
from GazeSAMLib.simulation.planned import PlannedLook, record_looks
from GazeSAMLib.simulation.window import Layout
from Testing.painted_scan import DISPLAY, TruthEngine, painted_scan

SCAN = painted_scan()
# Centres of the three structures in voxels (i, j).
CENTRES_IJ = {"left disc": (34, 40), "right disc": (94, 40), "bar": (64, 95)}


def target_of(name: str, k: int) -> LocalRasPoint:
    i, j = CENTRES_IJ[name]
    return LocalRasPoint(*(SCAN.volume.local_ras_from_ijk @ (i, j, k, 1.0))[:3].tolist())


def looks(layout: Layout = Layout.ONE_UP, **changes) -> list[PlannedLook]:
    arrangement: Arrangement = arrange(SCAN, DISPLAY, layout)
    planned = []
    for k in range(4):
        for name in CENTRES_IJ:
            target = target_of(name, k)
            shown = arrangement.at(target)
            values = {"segment": name, "other_views": shown.others} | changes
            planned.append(PlannedLook(shown.reading, (target,), **values))
    return planned


def record(folder: Path, planned: list[PlannedLook], seed: int = 0, **options) -> Path:
    record_looks(
        folder, planned, display=DISPLAY, scan_digest="d" * 64, options=ReaderOptions(**options),
        seed=seed,
    )  # fmt: skip
    return folder


def digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def accepted_in(folder: Path):
    recording = read_recording(folder)
    session = GazeSession(SCAN.volume, DISPLAY, Labelmap(SCAN.volume.shape_kji))
    answer = Segmenter(TruthEngine(), SCAN.voxels_kji, SCAN.volume).answer
    reactions = [reaction for _, reaction in replay(session, recording, answer)]
    notices = [reaction.notice for reaction in reactions if reaction.notice]
    return [reaction.step for reaction in reactions if reaction.step is not None], notices


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("seed", range(3))
def test_each_planned_look_is_accepted_where_it_was_planned(
    tmp_path: Path, layout: Layout, seed: int
) -> None:
    planned = looks(layout)
    steps, notices = accepted_in(record(tmp_path / "r", planned, seed, accuracy_deg=0.5))
    assert notices == []
    assert [step.edit.segment.name for step in steps] == [look.segment for look in planned]
    mm_per_deg = (
        DISPLAY.screen_px_per_deg
        * planned[0].view.mm_per_view_px[0]
        * planned[0].view.layout.pixel_ratio[0]
    )
    for step, look in zip(steps, planned, strict=True):
        away_mm = math.dist(tuple(step.look.hit.point_local_ras), tuple(look.targets_local_ras[0]))
        assert step.look.hit.plane.key() == look.view.geometry.plane.key()
        assert away_mm < 1.2 * mm_per_deg


def test_the_same_seed_gives_the_same_bytes_and_another_others(tmp_path: Path) -> None:
    first, again, other = (
        digest_of(record(tmp_path / name, looks(), seed))
        for name, seed in (("a", 7), ("b", 7), ("c", 8))
    )
    assert first == again
    assert first != other


def test_keys_follow_the_beginning_of_their_look(tmp_path: Path) -> None:
    steps, _ = accepted_in(record(tmp_path / "r", looks(), key_delay_ms=(250.0, 600.0)))
    events = [e for e in read_recording(tmp_path / "r").events if e.kind == EventKind.ACCEPT]
    delays_ms = [
        (event.t_ns - step.look.start_ns) / 1e6 for event, step in zip(events, steps, strict=True)
    ]
    # The detector dates a fixation's beginning up to a few samples after the eye's landing.
    assert min(delays_ms) > 200.0
    assert np.median(delays_ms) > 300.0
    assert max(delays_ms) < 800.0


def test_looks_without_a_key_accept_nothing(tmp_path: Path) -> None:
    steps, _ = accepted_in(record(tmp_path / "r", looks(key=None)))
    kinds = {event.kind for event in read_recording(tmp_path / "r").events}
    assert steps == []
    assert kinds == {EventKind.VIEW, EventKind.NEXT_SEGMENT}


def test_a_recording_tells_nothing_that_a_tracker_does_not_know(tmp_path: Path) -> None:
    header = read_recording(record(tmp_path / "r", looks(), accuracy_deg=1.0)).header
    assert header.offset_deg is None
    assert header.created is None
    assert header.scan_digest == "d" * 64
    assert header.precision_rms_deg == ReaderOptions().precision_rms_deg


def test_the_gaze_rests_and_jumps_as_an_independent_detector_sees_it(tmp_path: Path) -> None:
    remodnav = pytest.importorskip("remodnav")
    options = {"rate_hz": 500.0, "precision_rms_deg": 0.05, "data_loss": 0.0, "blinks_per_min": 0.0,
               "looks_away_per_min": 0.0, "one_eye_losses_per_min": 0.0}  # fmt: skip
    planned = looks(dwell_ms=700.0)
    recording = read_recording(record(tmp_path / "r", planned, 3, **options))
    xy = np.array([
        tuple(DISPLAY.degrees_from_display(sample.left.point_display))
        for sample in recording.samples
    ])  # fmt: skip
    samples = np.rec.fromarrays([xy[:, 0], xy[:, 1]], names="x,y")
    detector = remodnav.EyegazeClassifier(px2deg=1.0, sampling_rate=500.0)
    events = detector(detector.preproc(samples))
    saccades = [event for event in events if event["label"] in ("SACC", "ISAC")]
    fixations = [event for event in events if event["label"] == "FIXA"]
    large = [event for event in saccades if event["amp"] > 2.0]
    assert len(large) == pytest.approx(len(planned), abs=3)
    assert len(fixations) >= len(planned)
    durations_ms = np.array([1e3 * (e["end_time"] - e["start_time"]) for e in large])
    amplitudes = np.array([event["amp"] for event in large])
    # The detector's own filter widens a saccade by some 20 ms.
    np.testing.assert_allclose(durations_ms, 21.0 + 2.2 * amplitudes + 15.0, atol=25.0)
