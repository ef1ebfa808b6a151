"""The module in a Slicer that lacks packages, and their installation."""

import importlib.metadata
import sys
import threading

import pytest

from Testing.host.reader import MODULE


@pytest.fixture
def a_bare_panel(a_host, monkeypatch):
    """The module's widget in a Slicer whose Python has none of the packages."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "GazeSAMLib"]:
        monkeypatch.delitem(sys.modules, name)
    a_host.packages.hide(OneEuroFilter="OneEuroFilter", scipy="scipy")
    return a_host.load_module(MODULE)


def names(requirements):
    return sorted(line.split(">")[0] for line in requirements)


def test_the_panel_opens_without_the_packages_and_installs_them(a_host, a_bare_panel, a_picture):
    ui = a_bare_panel.ui
    a_picture("packages-missing")
    assert a_bare_panel.shell.panel is None
    assert "OneEuroFilter" in ui.setupLabel.text
    assert "scipy" in ui.setupLabel.text
    assert not ui.startButton.visible
    a_host.click(ui.installButton)
    assert names(a_host.packages.installed) == ["OneEuroFilter", "scipy"]
    assert not a_host.dialogs.shown  # the user has asked for it already
    assert a_bare_panel.shell.panel is not None
    assert ui.startButton.visible
    assert not ui.setupFrame.visible


def test_without_a_network_the_panel_says_how_to_bring_the_packages(
    a_host, a_bare_panel, a_picture
):
    ui = a_bare_panel.ui
    a_host.packages.error = RuntimeError("no network")
    a_host.click(ui.installButton)
    a_picture("no-network")
    said = ui.setupLabel.text
    assert "OneEuroFilter>=0.2.1 could not be installed (no network)" in said
    version = "{}.{}".format(*sys.version_info)
    assert f"with Python {version}:" in said
    lines = said.splitlines()
    assert 'pip download --dest wheels "OneEuroFilter>=0.2.1" "scipy>=1.12"' in lines
    assert (
        'PythonSlicer -m pip install --no-index --find-links wheels "OneEuroFilter>=0.2.1" '
        '"scipy>=1.12"'
    ) in lines
    assert ui.installButton.enabled
    assert a_bare_panel.shell.panel is None


def test_an_installation_that_broke_off_goes_on_where_it_was(a_host, a_bare_panel):
    ui, packages = a_bare_panel.ui, a_host.packages
    install, asked = packages.pip_install, []

    def fails_the_second_time(requirements, **options):
        asked.append(requirements)
        if len(asked) == 2:
            raise RuntimeError("the connection broke off")
        install(requirements, **options)

    packages.pip_install = fails_the_second_time
    try:
        a_host.click(ui.installButton)
        assert "could not be installed (the connection broke off)" in ui.setupLabel.text
        assert '"scipy>=1.12"' in ui.setupLabel.text
        assert '"OneEuroFilter' not in ui.setupLabel.text  # it is there: one need not bring it
        a_host.click(ui.installButton)
    finally:
        del packages.pip_install
    assert names(packages.installed) == ["OneEuroFilter", "scipy"]
    assert a_bare_panel.shell.panel is not None


def test_packages_that_came_by_another_way_open_the_panel(a_host, a_bare_panel):
    import slicer.util

    a_host.packages.show_all()  # as `PythonSlicer -m pip install` would
    slicer.util.selectModule("")
    slicer.util.selectModule("GazeSAM")
    assert a_bare_panel.shell.panel is not None
    assert a_bare_panel.ui.startButton.visible


@pytest.mark.parametrize("since_511", [True, False])
def test_packages_are_installed_on_the_main_thread_and_the_panel_says_which(
    a_host, a_bare_panel, since_511, monkeypatch
):
    ui, packages = a_bare_panel.ui, a_host.packages
    install, seen, version = packages.pip_install, [], importlib.metadata.version

    def version_here(package):
        if packages.hides(package):
            raise importlib.metadata.PackageNotFoundError(package)
        return version(package)

    def watched(requirements, **options):
        seen.append((threading.current_thread(), ui.setupLabel.text))
        install(requirements, **options)

    packages.pip_install = watched
    monkeypatch.setattr(importlib.metadata, "version", version_here)
    a_host.offer_packaging(since_511)
    try:
        a_host.click(ui.installButton)
    finally:
        del packages.pip_install
    assert [thread for thread, _ in seen] == [threading.main_thread()] * 2
    assert [said for _, said in seen] == [
        "Installing OneEuroFilter>=0.2.1 (1 of 2) …",
        "Installing scipy>=1.12 (2 of 2) …",
    ]
    assert a_bare_panel.shell.panel is not None


def test_torch_comes_through_the_extension_pytorch_alone(a_reader, a_picture, monkeypatch):
    from GazeSAMLib.engines import registry

    lacking = registry.EngineEntry("sam", "", "", ("no_torch_here",))
    monkeypatch.setattr(type(lacking), "missing", property(lambda _: ("torch", "torchvision")))
    ui = a_reader.ui
    ui.engineSection.collapsed = False
    assert not ui.installEngineButton.visible or a_reader.parameters.engine == "region"
    a_reader.parameters.engine = "sam"
    a_reader.scroll_to(ui.installEngineButton)
    a_picture("segmenter-lacks-torch")
    assert ui.engineNoteLabel.text == "Slicer's Python lacks torch, torchvision."
    a_reader.host.click(ui.installEngineButton)
    assert "install the extension PyTorch with the Extensions Manager" in a_reader.said
    assert a_reader.host.packages.installed == []


@pytest.mark.parametrize("since_511", [True, False])
def test_timm_comes_without_what_it_requires(a_reader, monkeypatch, since_511):
    from GazeSAMLib.engines import registry
    from GazeSAMLib.hosts.slicer import dependencies

    packages = a_reader.host.packages
    packages.hide(timm="timm", segment_anything="segment-anything-py")
    monkeypatch.setattr(registry.EngineEntry, "missing", property(lambda _: ("timm",)))
    monkeypatch.setattr(dependencies, "_is_there", lambda _: False)
    a_reader.host.offer_packaging(since_511)
    a_reader.parameters.engine = "mobile_sam"
    a_reader.ui.engineSection.collapsed = False
    a_reader.scroll_to(a_reader.ui.installEngineButton)
    a_reader.host.click(a_reader.ui.installEngineButton)
    assert packages.installed == ["segment-anything-py>=1.0.1", "--no-deps timm>=1.0.22"]
    assert a_reader.said == "Everything that the segmenter needs is installed."


def test_a_panel_that_cannot_be_built_says_why(a_host, monkeypatch):
    from GazeSAMLib.hosts.slicer.panel import panel

    def broken(_ui, _logic):
        raise ValueError("on purpose")

    monkeypatch.setattr(panel, "Panel", broken)
    widget = a_host.load_module(MODULE)
    assert "ValueError: on purpose" in widget.ui.setupLabel.text
    assert not widget.ui.installButton.visible
    assert not widget.ui.startButton.visible
