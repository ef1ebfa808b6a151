"""The journal beside an output: gone when saved, kept after a crash."""

from pathlib import Path

import numpy as np
import pytest

from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.hosts.cli.run_journal import RunJournal
from GazeSAMLib.segmentation.journal import JournalRecord, RecordKind, read_journal
from GazeSAMLib.segmentation.segment import new_segment

DIGEST = "ab" * 32
PLANE = SlicePlane((0.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))


def accept_something(kept: RunJournal) -> None:
    mask = np.ones((2, 3), dtype=bool)
    kept.journal.append(JournalRecord(RecordKind.ACCEPT, new_segment(1), PLANE, mask))


def run_and_crash(output: Path) -> None:
    with RunJournal(output, DIGEST) as kept:
        accept_something(kept)
        raise RuntimeError("crash")


def crash(output: Path) -> None:
    with pytest.raises(RuntimeError, match="crash"):
        run_and_crash(output)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_saved_run_leaves_no_journal(tmp_path) -> None:
    with RunJournal(tmp_path / "a.seg.nrrd", DIGEST) as kept:
        accept_something(kept)
        assert names(tmp_path) == ["a.journal"]
        kept.saved = True
    assert names(tmp_path) == []


def test_a_crashed_run_keeps_its_journal_and_says_where(tmp_path, capsys) -> None:
    crash(tmp_path / "a.nii.gz")
    (record,) = read_journal(tmp_path / "a.journal" / DIGEST / "journal.jsonl")
    assert record.kind is RecordKind.ACCEPT
    assert f"gazesam restore {tmp_path / 'a.journal'}" in capsys.readouterr().err


def test_a_run_that_accepted_nothing_leaves_no_journal(tmp_path, capsys) -> None:
    with pytest.raises(RuntimeError), RunJournal(tmp_path / "a.nrrd", DIGEST):
        raise RuntimeError
    assert names(tmp_path) == []
    assert capsys.readouterr().err == ""


def test_a_new_run_does_not_go_on_in_an_old_journal(tmp_path) -> None:
    for _ in range(3):
        crash(tmp_path / "a.nrrd")
    assert names(tmp_path) == ["a.journal", "a.journal-1", "a.journal-2"]
    for name in names(tmp_path):
        assert len(read_journal(tmp_path / name / DIGEST / "journal.jsonl")) == 1


def test_a_file_of_somebody_else_in_the_folder_is_not_removed(tmp_path) -> None:
    (tmp_path / "a.journal").mkdir()
    (tmp_path / "a.journal" / "notes.txt").write_text("mine")
    with RunJournal(tmp_path / "a.nrrd", DIGEST) as kept:
        accept_something(kept)
        kept.saved = True
    assert (tmp_path / "a.journal-1" / "notes.txt").read_text() == "mine"
