"""The environment of Tobii's SDK."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.hosts.cli.bridge.tobii_environment import (
    BRIDGE,
    bridge_command,
    check_python,
    environment_folder,
    environment_python,
)
from GazeSAMLib.hosts.cli.main import app


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_DATA_HOME": "/data"}, Path("/data/gazesam/tobii")),
        ("linux", {}, Path.home() / ".local/share/gazesam/tobii"),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/GazeSAM/tobii")),
        ("darwin", {}, Path.home() / "Library/Application Support/GazeSAM/tobii"),
    ],
)
def test_the_environment_lies_where_the_system_keeps_such_things(
    platform, variables, expected
) -> None:
    assert environment_folder(variables, platform) == expected


def test_another_python_is_refused_with_its_version() -> None:
    version = "{}.{}".format(*sys.version_info)
    with pytest.raises(TrackerError, match=f"is Python {version}; .* made for Python 3.10"):
        check_python(sys.executable)


@pytest.mark.parametrize("program", ["/nowhere/python3.10", "true"])
def test_what_is_no_python_is_refused(program: str) -> None:
    with pytest.raises(TrackerError, match=program):
        check_python(program)


def test_without_an_environment_the_way_to_it_is_told(tmp_path) -> None:
    with pytest.raises(TrackerError, match="gazesam bridge setup-tobii --python PATH"):
        bridge_command(tmp_path, [])


def test_the_bridge_runs_in_the_environment(tmp_path) -> None:
    python = environment_python(tmp_path)
    python.parent.mkdir(parents=True)
    python.touch()
    assert bridge_command(tmp_path, ["--list"]) == [str(python), str(BRIDGE), "--list"]
    assert BRIDGE.is_file()


def test_the_terms_are_shown_and_not_accepted_for_the_user(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    told = CliRunner().invoke(app, ["bridge", "setup-tobii", "--python", sys.executable])
    assert told.exit_code == 1
    assert "go.tobii.com/tobii-pro-sdk-license-agreement" in told.stderr
    assert "nothing was installed" in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_recording_without_samples_is_not_played(tmp_path) -> None:
    told = CliRunner().invoke(app, ["bridge", "simulate", str(tmp_path)])
    assert told.exit_code == 1
    assert str(tmp_path) in told.stderr
