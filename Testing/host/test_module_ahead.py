"""Slices that are prepared while the reader looks, with Segment Anything in its own process."""

import json
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from Testing.tiny_sam import tiny_sam


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_sam(tmp_path_factory.mktemp("sam") / "tiny.pth")


@pytest.fixture
def a_sam_reader(a_reader, a_ball, checkpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path / "cache"))
    a_reader.parameters.volume = a_ball
    a_reader.parameters.engine = "sam"
    a_reader.ui.checkpointEdit.setCurrentPath(str(checkpoint))
    yield a_reader
    stop(a_reader)
    a_reader.ui.checkpointEdit.setCurrentPath("")


def stop(reader):
    """Press Stop, and wait until the engine process has ended."""
    run = reader.panel.session.run
    if run is not None:
        process = Path(f"/proc/{run.room.pid}")
        reader.ui.startButton.click()
        reader.host.spin(until=lambda: not process.exists(), timeout_ms=10_000)


def ahead_of(reader):
    return reader.panel.session.run.room.ahead


def kept(tmp_path):
    return len(list((tmp_path / "cache" / "embeddings").glob("*.embedding")))


def kept_names(tmp_path):
    return {path.name for path in (tmp_path / "cache" / "embeddings").iterdir()}


def names_that_prepare_gives(reader, tmp_path):
    """What `gazesam prepare` would call the axial slices of the same scan, with the same engine."""
    import slicer.util

    from GazeSAMLib.engines.store.key import EmbeddingKey
    from GazeSAMLib.geometry.digest import scan_digest
    from GazeSAMLib.geometry.slice_image import slice_grid
    from GazeSAMLib.hosts.cli.prepare import planes_of
    from GazeSAMLib.scans.scan import Scan

    entry = next((tmp_path / "cache" / "embeddings").iterdir()).read_bytes()
    (size,) = struct.unpack_from("<I", entry, 12)
    known = json.loads(json.loads(entry[16 : 16 + size])["key"])
    engine = SimpleNamespace(
        name="sam", weights_digest=known["weights_digest"], runs_on=known["runs_on"]
    )
    volume = reader.panel.session.run.room._volume
    voxels = slicer.util.arrayFromVolume(reader.parameters.volume)
    digest = scan_digest(voxels, volume)
    return {
        EmbeddingKey.of(engine, digest, slice_grid(volume, plane), 300.0, 100.0).file_name()
        for plane in planes_of(Scan(voxels, volume, "ball", tmp_path), ["Red"])
    }


def test_slices_are_prepared_while_the_reader_looks(a_sam_reader, tmp_path, a_picture):
    reader, ui = a_sam_reader, a_sam_reader.ui
    reader.host.show_layout("OneUpRed")
    reader.start()
    assert not ui.aheadProgressBar.visible
    reader.host.spin(until=lambda: ui.aheadProgressBar.visible, timeout_ms=30_000)
    assert ui.aheadPauseButton.visible
    a_picture("preparing")
    reader.look()  # meanwhile
    ahead = ahead_of(reader)
    reader.host.spin(until=lambda: ahead.progress.done == ahead.progress.total, timeout_ms=60_000)
    assert ahead.progress.total == 65
    assert kept(tmp_path) == 65
    reader.host.wait(1100)
    assert (ui.aheadProgressBar.value, ui.aheadProgressBar.maximum) == (65, 65)
    assert ui.aheadProgressBar.format == "%v of %m slices prepared"
    assert not ui.aheadPauseButton.enabled
    a_picture("prepared")
    assert kept_names(tmp_path) == names_that_prepare_gives(reader, tmp_path)
    reader.host.press("Down")
    reader.look()
    assert kept(tmp_path) == 65
    stop(reader)
    assert not ui.aheadProgressBar.visible
    assert not ui.aheadPauseButton.visible


def test_preparing_waits_goes_on_and_follows_the_views(a_sam_reader, a_ball, tmp_path, monkeypatch):
    reader, ui = a_sam_reader, a_sam_reader.ui
    reader.start()
    reader.host.spin(until=lambda: ui.aheadProgressBar.visible, timeout_ms=30_000)
    reader.scroll_to(ui.aheadPauseButton)
    reader.host.click(ui.aheadPauseButton)
    assert ui.aheadPauseButton.text == "Go on"
    assert ui.aheadProgressBar.format.endswith("waiting")
    reader.host.wait(600)  # what is said already arrives
    before = kept(tmp_path)
    reader.host.wait(800)
    assert kept(tmp_path) == before
    reader.look()  # looks do not wait
    reader.host.click(ui.aheadPauseButton)
    assert ui.aheadPauseButton.text == "Wait"
    reader.host.spin(until=lambda: kept(tmp_path) > before + 3, timeout_ms=30_000)
    told = []
    say = ahead_of(reader)._say
    monkeypatch.setattr(ahead_of(reader), "_say", lambda said: (told.append(said), say(said)))
    reader.host.show_layout("OneUpRed")
    reader.host.spin(until=lambda: told, timeout_ms=5_000)
    reader.look()
    del told[:]
    reader.host.press("Up", "Up", "Up", "Up")
    reader.host.spin(until=lambda: told, timeout_ms=5_000)
    reader.host.wait(300)
    assert len(told) <= 4
    (view,) = told[-1].views
    assert view.direction != 0
    assert view.before + view.after == 64
    del told[:]
    a_ball.GetDisplayNode().SetWindowLevel(250.0, 90.0)
    reader.host.spin(until=lambda: told, timeout_ms=5_000)
    assert (told[-1].window, told[-1].level) == (250.0, 90.0)


def test_built_in_segmenters_prepare_nothing(a_reader, a_ball):
    a_reader.parameters.volume = a_ball
    a_reader.parameters.engine = "region"
    a_reader.start()
    a_reader.look()
    assert ahead_of(a_reader) is None
    assert not a_reader.ui.aheadProgressBar.visible


@pytest.mark.usefixtures("a_module")
def test_the_time_left_is_said_as_people_say_it():
    from GazeSAMLib.hosts.slicer.panel.ahead_row import time_left

    said = [time_left(left_s) for left_s in (0.2, 59.0, 61.0, 3599.0, 9000.0)]
    assert said == ["1 s", "60 s", "2 min", "60 min", "2.5 h"]
