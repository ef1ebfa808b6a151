"""The module on other displays; ``test_module.py`` runs it in processes of its own."""

import pytest


def test_a_look_is_found_on_the_last_monitor(a_reader, a_ball, a_picture):
    import slicer.util

    host, selector = a_reader.host, a_reader.ui.monitorSelector
    last = selector.count - 1
    host.move_window(last)
    selector.setCurrentIndex(last)
    a_reader.parameters.volume = a_ball
    slicer.util.setSliceViewerLayers(background=a_ball, fit=True)
    a_reader.start()
    a_reader.accept("Green", (8.0, 0.0, 6.0))
    accepted = a_reader.voxels()
    truth = slicer.util.arrayFromVolume(a_ball) > 100
    (row,) = {int(j) for j in accepted.nonzero()[1]}
    found, there = accepted[:, row], truth[:, row]
    assert 2 * (found & there).sum() / (found.sum() + there.sum()) == pytest.approx(1.0, abs=0.1)
    a_picture(f"monitor-{last}")
