"""Models are fetched, checked, brought in from a file and removed, as a person does it."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from GazeSAMLib.engines.catalogue import models
from GazeSAMLib.engines.catalogue.entry import ModelEntry
from GazeSAMLib.engines.registry import engine_of
from GazeSAMLib.errors import EngineError
from GazeSAMLib.hosts.cli.main import app
from Testing.behaviour.conftest import Said
from Testing.file_server import NAME, serving

CONTENT = bytes(range(256)) * 8000
HALF = len(CONTENT) // 2
SCRIPT = Path(__file__).resolve().parents[1] / "gazesam_with_models.py"


def toy(url: str = "", **change: object) -> dict[str, object]:
    """A model of the catalogue whose file is small."""
    facts = {
        "name": "toy",
        "title": "Toy model",
        "engine": "sam",
        "good_for": "a test",
        "file_name": NAME,
        "size_bytes": len(CONTENT),
        "parameters": 500_000,
        "input_px": 1024,
        "memory_bytes": 10**9,
        "licence": "Apache-2.0",
        "page": "https://example.org/toy",
        "url": url,
        "digests": {"sha256": hashlib.sha256(CONTENT).hexdigest()},
    }
    return {**facts, **change}


class Gazesam:
    """The command, with a cache folder and a catalogue of its own, in this process or another."""

    def __init__(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cache = cache
        self._monkeypatch = monkeypatch
        self.catalogue: list[dict[str, object]] = [toy()]

    def __call__(self, *arguments: object) -> Said:
        with self._monkeypatch.context() as patch:
            patch.setenv("GAZESAM_CACHE", str(self.cache))
            patch.setenv("COLUMNS", "100")
            patch.setattr(models, "MODELS", tuple(ModelEntry(**one) for one in self.catalogue))
            result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def start(self, *arguments: object, **how: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, SCRIPT, json.dumps(self.catalogue), *map(str, arguments)],
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how},
            text=True,
            env={**os.environ, "GAZESAM_CACHE": str(self.cache), "TERM": "xterm"},
        )

    @property
    def file(self) -> Path:
        return self.cache / "models" / "toy" / NAME


@pytest.fixture
def gazesam(tmp_path, monkeypatch) -> Gazesam:
    return Gazesam(tmp_path / "cache", monkeypatch)


def test_a_model_is_pulled_listed_verified_and_removed(gazesam) -> None:
    with serving(CONTENT) as server:
        gazesam.catalogue = [toy(server.url)]
        listed = gazesam("models", "list")
        assert "toy" in listed.out
        assert "gazesam models pull" in listed.out
        pulled = gazesam("models", "pull", "toy")
    assert (pulled.code, "2.0 MB, Apache-2.0" in pulled.err) == (0, True)
    assert "--engine toy" in pulled.out
    assert gazesam.file.read_bytes() == CONTENT
    assert (
        f"1 model here; 2.0 MB of disk in {gazesam.cache / 'models'}"
        in gazesam("models", "list").out
    )
    told = json.loads(gazesam("engines", "--json").out)
    assert [model["name"] for model in told["models"]] == ["toy"]
    assert hashlib.sha256(CONTENT).hexdigest() in gazesam("models", "verify").out
    assert "2.0 MB are free again" in gazesam("models", "remove", "toy").out
    assert not gazesam.file.exists()
    assert gazesam("models", "remove", "toy").code == 0


def test_listing_downloads_nothing_and_makes_no_folder(gazesam) -> None:
    with serving(CONTENT) as server:
        gazesam.catalogue = [toy(server.url)]
        for command in (("models", "list", "--json"), ("models", "verify"), ("engines",)):
            assert gazesam(*command).code == 0
        assert not server.asked
    assert not gazesam.cache.exists()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to another process there")
def test_ctrl_c_keeps_what_has_come_and_the_same_command_goes_on(gazesam) -> None:
    with serving(CONTENT, stall_after=HALF) as server:
        gazesam.catalogue = [toy(server.url)]
        with gazesam.start("models", "pull", "toy") as running:
            assert server.stalled.wait(30.0)
            part = gazesam.file.with_name(f"{NAME}.part")
            while not part.exists() or part.stat().st_size < HALF - (1 << 18):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    pytest.fail(f"it ended with {running.wait(0.05)}")
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=30)
        assert running.returncode == 130
        assert "are kept, and the same command goes on from there" in err
        begun = part.stat().st_size
        assert begun > 0
        assert f"{100 * begun // len(CONTENT)} % of it" in gazesam("models", "list").out
        server.stall_after = None
        assert gazesam("models", "pull", "toy").code == 0
        assert server.ranges_asked()[-1] == f"bytes={begun}-"
    assert gazesam.file.read_bytes() == CONTENT


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be killed there without its leave")
def test_a_killed_download_is_gone_on_with(gazesam) -> None:
    with serving(CONTENT, stall_after=HALF) as server:
        gazesam.catalogue = [toy(server.url)]
        with gazesam.start("models", "pull", "toy") as running:
            assert server.stalled.wait(30.0)
            running.kill()
        server.stall_after = None
        assert gazesam("models", "pull", "toy").code == 0
    assert gazesam.file.read_bytes() == CONTENT


def test_two_at_once_get_one_whole_file(gazesam) -> None:
    with serving(CONTENT, stall_after=HALF) as server:
        gazesam.catalogue = [toy(server.url)]
        with gazesam.start("models", "pull", "toy") as first:
            assert server.stalled.wait(30.0)
            second = gazesam("models", "pull", "toy")
            server.go_on.set()
            first.communicate(timeout=30)
        assert len(server.asked) == 1
    assert (first.returncode, second.code) == (0, 1)
    assert "another process is bringing the model 'toy' here right now" in second.err
    assert gazesam.file.read_bytes() == CONTENT


def test_a_wrong_file_is_told_in_one_sentence_and_not_kept(gazesam) -> None:
    with serving(CONTENT[::-1]) as server:
        gazesam.catalogue = [toy(server.url)]
        said = gazesam("models", "pull", "toy")
    assert said.code == 1
    assert said.err.count("error:") == 1
    assert "its sha256 is" in said.err
    assert not list(gazesam.file.parent.glob(f"{NAME}*"))


def test_a_file_is_imported_without_a_network(gazesam, tmp_path) -> None:
    brought = tmp_path / "from a stick.pth"
    brought.write_bytes(CONTENT)
    by_hand = gazesam("models", "pull", "toy")
    assert by_hand.code == 1
    assert "https://example.org/toy" in by_hand.err
    assert f"gazesam models pull toy --from {NAME}" in by_hand.err
    assert gazesam("models", "pull", "toy", "--from", brought).code == 0
    assert gazesam.file.read_bytes() == brought.read_bytes()
    told = json.loads(gazesam("models", "list", "--json").out)["models"][0]
    assert (told["here"], told["record"]["source"]) == (True, str(brought))


def test_damage_is_found_and_told_with_what_to_do(gazesam, tmp_path) -> None:
    brought = tmp_path / NAME
    brought.write_bytes(CONTENT)
    gazesam.catalogue = [toy(digests={})]
    gazesam("models", "pull", "toy", "--from", brought)
    content = bytearray(CONTENT)
    content[HALF] ^= 1
    gazesam.file.write_bytes(content)
    said = gazesam("models", "verify", "--json")
    assert said.code == 1
    assert "models remove toy" in json.loads(said.out)["models"][0]["fault"]


def test_a_model_that_is_not_here_is_asked_for_by_the_command_that_brings_it(
    gazesam, scan, recording, tmp_path
) -> None:
    if engine_of("sam").missing:
        pytest.skip("torch is not installed: pip install gazesam[sam]")
    gazesam.catalogue = [toy("https://example.org/weights.pth")]
    arguments = ("segment", scan, "--gaze", recording, "-o", tmp_path / "out.nrrd", "--in-process")
    said = gazesam(*arguments, "--engine", "toy")
    assert said.code == 1
    assert "type: gazesam models pull toy" in said.err
    needs = gazesam(*arguments, "--engine", "sam")
    assert "name one of its models in place of the engine: toy" in needs.err


def test_a_model_that_was_brought_here_segments_under_its_name(
    gazesam, scan, recording, tmp_path
) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")
    from GazeSAMLib.engines.sam.architecture import SamArchitecture

    try:
        network = SamArchitecture(48, 2, 3, (1,), 4, 16, 128).build()
    except EngineError as error:
        pytest.skip(str(error))
    brought = tmp_path / NAME
    torch.save(network.state_dict(), brought)
    content = brought.read_bytes()
    digests = {"sha256": hashlib.sha256(content).hexdigest()}
    gazesam.catalogue = [toy(size_bytes=len(content), digests=digests)]
    assert gazesam("models", "pull", "toy", "--from", brought).code == 0
    output = tmp_path / "out.seg.nrrd"
    options = ("--engine", "toy", "--device", "cpu", "--in-process", "--json")
    said = gazesam("segment", scan, "--gaze", recording, "-o", output, *options)
    assert said.code == 0, said.err
    assert json.loads(said.out)["engine"] == "toy"
    assert output.exists()


def test_an_unknown_model_is_refused_with_the_names_there_are(gazesam) -> None:
    said = gazesam("models", "pull", "tyo")
    assert (said.code, "no model 'tyo'; choose one of: toy" in said.err) == (1, True)


def test_progress_is_drawn_where_there_is_a_terminal(gazesam) -> None:
    pty = pytest.importorskip("pty", reason="this system has no such terminals")
    with serving(CONTENT, stall_after=HALF) as server:
        gazesam.catalogue = [toy(server.url)]
        ours, theirs = pty.openpty()
        with gazesam.start("models", "pull", "toy", stderr=theirs) as running:
            os.close(theirs)
            seen = bytearray()
            with contextlib.suppress(OSError):  # how a terminal says that the other side is gone
                while shown := os.read(ours, 4096):
                    seen.extend(shown)
                    if b"B/s" in seen:
                        server.go_on.set()
        os.close(ours)
    assert running.returncode == 0
    assert b"weights.pth" in seen
    assert b"left" in seen


def test_the_catalogue_of_the_product_is_listed_whole(run_installed) -> None:
    listed = run_installed("models", "list", "--json")
    assert all(entry.name in listed.out for entry in models.MODELS)
