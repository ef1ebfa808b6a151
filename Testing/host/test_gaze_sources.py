"""Sources in the module: a stream that only the user's file explains, foreign recordings."""

import pytest

from GazeSAMLib.gaze.recording_reader import read_recording
from Testing.foreign_gaze import write_eyelink, write_tobii
from Testing.lsl_session import keep_apart


def test_the_users_channel_file_is_read_in_slicer(a_reader, a_ball, tmp_path_factory):
    pylsl = pytest.importorskip("pylsl", reason="Lab Streaming Layer is not installed")
    from GazeSAMLib.gaze.lsl_channel_file import NamedChannels, write_channel_file
    from GazeSAMLib.gaze.lsl_channels import Eye, Unit
    from GazeSAMLib.gaze.lsl_library import load_lsl
    from GazeSAMLib.hosts.slicer.settings import data_folder
    from GazeSAMLib.hosts.slicer.sources import CHANNEL_FILE

    keep_apart(tmp_path_factory.mktemp("lsl"))
    load_lsl()
    path = data_folder() / CHANNEL_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    named = NamedChannels({Eye.BOTH: {"x": 1, "y": 0}}, Unit.FRACTION)
    write_channel_file(path, {"odd one": named})
    info = pylsl.StreamInfo("odd one", "EEG", 2, 100, pylsl.cf_double64, "odd")
    outlet = pylsl.StreamOutlet(info)
    selector = a_reader.ui.sourceSelector
    selector.setCurrentIndex(selector.findData("lsl"))
    a_reader.parameters.volume = a_ball
    a_reader.start()

    def seen():
        outlet.push_sample([0.5, 0.25])
        return "100 % valid" in a_reader.ui.gazeStatusLabel.text

    a_reader.host.spin(until=seen, timeout_ms=20_000)
    assert seen(), a_reader.ui.gazeStatusLabel.text
    assert a_reader.panel.session.run.live.feed.tracker.name == "odd one"
    a_reader.ui.startButton.click()
    selector.setCurrentIndex(0)
    path.unlink()


@pytest.mark.parametrize(("name", "write"), [("a.tsv", write_tobii), ("a.asc", write_eyelink)])
def test_another_programs_recording_replays_to_the_same_segment(
    a_reader, a_ball, tmp_path, name, write
):
    a_reader.parameters.volume = a_ball
    a_reader.start()
    a_reader.ui.recordButton.click()
    a_reader.accept()
    a_reader.host.spin(until=lambda: "Added to" in a_reader.said, timeout_ms=20_000)
    accepted = a_reader.voxels().copy()
    a_reader.ui.startButton.click()
    (folder,) = tmp_path.glob("gaze-*")
    write(tmp_path / name, read_recording(folder))
    a_reader.parameters.segmentation = None
    selector = a_reader.ui.sourceSelector
    selector.setCurrentIndex(selector.findData("replay"))
    a_reader.ui.replayFolderEdit.currentPath = str(tmp_path / name)
    a_reader.host.move_mouse(a_reader.host.window, 5, 5)
    a_reader.start()
    a_reader.host.spin(until=lambda: "Added to" in a_reader.said, timeout_ms=20_000)
    replayed = a_reader.voxels()
    assert 2 * (replayed & accepted).sum() / (replayed.sum() + accepted.sum()) > 0.97
    a_reader.ui.startButton.click()
    selector.setCurrentIndex(0)
