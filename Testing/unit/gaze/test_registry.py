"""Gaze sources by name."""

from importlib.metadata import EntryPoint

import pytest

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze import registry
from GazeSAMLib.gaze.opengaze_source import OpenGazeSource
from GazeSAMLib.gaze.registry import BUILT_IN, GROUP, gaze_sources, make_source


class PencilSource:
    """A source of another package."""

    def __init__(self, length_mm: float = 180.0) -> None:
        self.length_mm = length_mm

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def read(self):
        return []


def point(value: str, name: str = "pencil") -> EntryPoint:
    return EntryPoint(name, value, GROUP)


@pytest.fixture
def pencil(monkeypatch) -> EntryPoint:
    monkeypatch.setattr(registry, "PencilSource", PencilSource, raising=False)
    return point("GazeSAMLib.gaze.registry:PencilSource")


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: entry.name)
def test_every_source_of_ours_can_be_loaded_and_reads(entry) -> None:
    factory = registry._loaded(entry)
    assert all(callable(getattr(factory, method)) for method in ("start", "stop", "read"))


def test_the_sources_of_the_documentation_are_there() -> None:
    assert {"lsl", "opengaze", "replay"} <= set(gaze_sources())


def test_another_package_adds_a_source(pencil) -> None:
    assert "pencil" in gaze_sources([pencil])
    source = make_source("pencil", [pencil], length_mm=90.0)
    assert source.length_mm == 90.0


def test_a_name_of_ours_cannot_be_taken() -> None:
    assert isinstance(make_source("opengaze", [point("other:Thing", "opengaze")]), OpenGazeSource)


def test_an_unknown_source_is_told_with_those_that_are_known(pencil) -> None:
    with pytest.raises(TrackerError, match=r"'pen'; choose one of: .*lsl.*pencil"):
        make_source("pen", [pencil])


def test_an_unknown_option_is_told_with_those_that_are_known(pencil) -> None:
    with pytest.raises(TrackerError, match=r"no option 'width'; it knows: length_mm"):
        make_source("pencil", [pencil], width=3)


@pytest.mark.parametrize("value", ["nowhere.at.all:Thing", "GazeSAMLib.gaze.registry:Missing"])
def test_a_package_that_is_broken_is_named(value: str) -> None:
    with pytest.raises(TrackerError, match=r"'pencil'.*cannot be loaded"):
        make_source("pencil", [point(value)])
