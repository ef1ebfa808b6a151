"""The window host as a fixture: ``a_host``."""

import atexit
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from Testing.host import x_display
from Testing.host.other_displays import MONITORS
from Testing.host.reader import MODULE, Reader, show_ball
from Testing.host.requirements import what_is_missing

if TYPE_CHECKING:
    from Testing.host.host import Host

HERE = Path(__file__).parent
PICTURES = os.environ.get("GAZESAM_PICTURES")


def pytest_configure(config: pytest.Config) -> None:
    # Qt 6 calls parts of Qt 5 deprecated that Slicer's modules use.
    for message in ("Function. 'Q", "'exec_' will be removed"):
        config.addinivalue_line("filterwarnings", f"ignore:{message}:DeprecationWarning")


@pytest.fixture(scope="session")
def running_host() -> "Host":
    """The application, started once for all tests of this process."""
    reason = what_is_missing()
    if reason is not None:
        pytest.skip(reason)
    os.environ["QT_QPA_PLATFORM"] = "xcb"
    server = x_display.start_server(int(os.environ.get(MONITORS, "1")))
    atexit.register(server.terminate)
    from Testing.host.host import Host

    return Host()


@pytest.fixture
def a_host(running_host: "Host", monkeypatch: pytest.MonkeyPatch) -> Iterator["Host"]:
    """A Slicer window with an empty scene and no module loaded.

    A test fails on what Slicer would only print, unless the test takes note of it:
    ``PROBLEMS.take("ZeroDivisionError")``.
    """
    import slicer

    from Testing.host.problems import PROBLEMS

    monkeypatch.setattr(slicer, "mrmlScene", None, raising=False)
    monkeypatch.setattr(slicer, "modules", None, raising=False)
    programs = Path(running_host.app.slicerHome) / "bin"
    monkeypatch.setenv("SLICER_HOME", str(programs.parent))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    monkeypatch.setattr(sys, "executable", "")  # as inside Slicer
    monkeypatch.setattr(sys, "excepthook", PROBLEMS.unhandled)
    running_host.begin()
    yield running_host
    problems = running_host.end()
    if problems:
        pytest.fail("\n".join(["what Slicer would only have printed:", *problems]), pytrace=False)


@pytest.fixture
def a_sample_panel(a_host: "Host") -> Any:
    """The panel of a small module of this folder."""
    return a_host.load_module(HERE / "sample" / "HostSample.py")


@pytest.fixture
def a_box_volume(a_host: "Host") -> Any:
    """A volume of 40 x 50 x 60 mm in the views, dark but for a bright box in its middle."""
    import slicer.util

    voxels = np.zeros((60, 50, 40), np.int16)
    voxels[20:40, 20:30, 10:30] = 1000
    volume = slicer.util.addVolumeFromArray(voxels, name="box")
    volume.GetDisplayNode().SetAutoWindowLevel(False)
    volume.GetDisplayNode().SetWindowLevelMinMax(0, 1000)
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    a_host.spin()
    return volume


@pytest.fixture
def a_module(a_host: "Host", caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    """The module's widget, its panel shown; nothing unexpected may happen in it."""
    yield a_host.load_module(MODULE)
    unexpected = [record for record in caplog.get_records("call") if record.exc_info]
    assert not unexpected, unexpected[0].exc_text


@pytest.fixture
def a_picture(a_host: "Host") -> Callable[[str], None]:
    """Return a function that keeps a picture of the window, where pictures are wanted."""

    def keep(name: str) -> None:
        a_host.wait(100)
        if PICTURES:
            a_host.window.grab().save(str(Path(PICTURES) / f"{name}.png"))

    return keep


@pytest.fixture
def a_ball(a_host: "Host") -> Any:
    """A bright ball with a radius of 30 mm in a noisy box, shown in the slice views."""
    return show_ball()


@pytest.fixture
def a_reader(a_host: "Host", a_module: Any, tmp_path: Path) -> Reader:
    """A reader without a past: no journals, and nothing written outside the test's folder."""
    from GazeSAMLib.hosts.slicer.journal_shelf import JournalShelf

    a_module.shell.panel.session.shelf = JournalShelf(tmp_path / "journals")
    a_module.ui.exportFolderEdit.currentPath = str(tmp_path)
    a_module.ui.recordFolderEdit.currentPath = str(tmp_path)
    return Reader(a_host, a_module)
