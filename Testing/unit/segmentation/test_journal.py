"""What was accepted is on disk, whatever happens after."""

import errno
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.errors import JournalError
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.journal import (
    Journal,
    JournalRecord,
    RecordKind,
    journal_path,
    read_journal,
)
from GazeSAMLib.segmentation.journal_steps import restore
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.segmentation.placement import place
from GazeSAMLib.segmentation.segment import Edit, new_segment

DIGEST = "ab" * 32
VOLUME = VolumeGeometry((4, 16, 18), np.diag((0.7, 0.7, 2.0, 1.0)))
PLANE = SlicePlane((0.0, 0.0, 2.0), (-1, 0, 0), (0, -1, 0))
LIVER = new_segment(1, "Leber ü")


def a_mask(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(slice_grid(VOLUME, PLANE).shape) > 0.7


def accept(seed: int) -> JournalRecord:
    return JournalRecord(RecordKind.ACCEPT, LIVER, PLANE, a_mask(seed))


def test_restoring_gives_the_segmentation_that_was_accepted(tmp_path):
    expected = Labelmap(VOLUME.shape_kji)
    grid = slice_grid(VOLUME, PLANE)
    with Journal(tmp_path, DIGEST) as journal:
        for seed in range(3):
            journal.append(accept(seed))
            expected.apply(Edit(LIVER, place(a_mask(seed), grid, VOLUME)))
        journal.append(JournalRecord(RecordKind.REMOVE, LIVER, PLANE, a_mask(9)))
        expected.apply(Edit(LIVER, place(a_mask(9), grid, VOLUME), remove=True))
        for kind in (RecordKind.UNDO, RecordKind.UNDO, RecordKind.REDO):
            journal.append(JournalRecord(kind))
        expected.undo()
    restored = Labelmap(VOLUME.shape_kji)
    segments = restore(read_journal(journal.path), VOLUME, restored)
    assert segments == [LIVER]
    assert expected.labels_kji.any()
    np.testing.assert_array_equal(restored.labels_kji, expected.labels_kji)


def test_a_renamed_segment_comes_back_with_its_last_name(tmp_path):
    renamed = new_segment(1, "liver, left lobe")
    with Journal(tmp_path, DIGEST) as journal:
        journal.append(accept(0))
        journal.append(JournalRecord(RecordKind.SEGMENT, renamed))
    assert restore(read_journal(journal.path), VOLUME, Labelmap(VOLUME.shape_kji)) == [renamed]


def test_a_crash_at_any_byte_loses_at_most_the_last_line(tmp_path):
    with Journal(tmp_path, DIGEST) as journal:
        journal.append(accept(0))
        journal.append(accept(1))
    whole = journal.path.read_bytes()
    two_lines = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    for length in range(two_lines, len(whole) + 1):
        journal.path.write_bytes(whole[:length])
        assert len(read_journal(journal.path)) >= 1


def test_writing_goes_on_after_a_line_that_was_cut_short(tmp_path):
    with Journal(tmp_path, DIGEST) as journal:
        journal.append(accept(0))
    journal.path.write_bytes(journal.path.read_bytes()[:-7])
    with Journal(tmp_path, DIGEST) as journal:
        journal.append(accept(1))
    (record,) = read_journal(journal.path)
    np.testing.assert_array_equal(record.mask, a_mask(1))


def test_an_appended_record_survives_the_death_of_the_process(tmp_path):
    script = (
        "import os, sys; from pathlib import Path\n"
        "from GazeSAMLib.segmentation.journal import *\n"
        "journal = Journal(Path(sys.argv[1]), 'cd' * 32)\n"
        "journal.append(JournalRecord(RecordKind.UNDO))\n"
        "os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == 9
    (record,) = read_journal(journal_path(tmp_path, "cd" * 32))
    assert record.kind is RecordKind.UNDO


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_full_disk_loses_nothing_that_was_saved(tmp_path):
    journal = Journal(tmp_path, DIGEST)
    journal.append(accept(0))
    size = journal.path.stat().st_size
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, before[1]))
    try:
        with pytest.raises(JournalError, match="could not be saved"):
            journal.append(accept(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert journal.path.stat().st_size == size
    journal.append(accept(2))
    assert len(read_journal(journal.path)) == 2


def test_a_journal_of_another_scan_is_refused(tmp_path):
    with Journal(tmp_path, DIGEST) as journal:
        journal.append(accept(0))
    other = VolumeGeometry((4, 5, 6), np.eye(4))
    with pytest.raises(JournalError, match="does not fit"):
        restore(read_journal(journal.path), other, Labelmap(other.shape_kji))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(JournalError, match="taken"):
        Journal(tmp_path / "taken", DIGEST)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a GazeSAM journal"),
        (b"\x89PNG\r\n\x1a\n", "not a GazeSAM journal"),
        (b'{"journal":2,"scan_digest":"x"}\n', "version 2"),
        (b'{"journal":1,"scan_digest":"x"}\n{"kind":"sing"}\n', "line 2"),
        (b'{"journal":1,"scan_digest":"x"}\n{"kind":"accept","mask":{"size":[1]}}\n', "line 2"),
    ],
)
def test_what_is_not_a_journal_is_refused_with_its_name(tmp_path, content, message):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=message) as raised:
        read_journal(path)
    assert str(path) in str(raised.value)


def test_a_missing_journal_is_an_error(tmp_path):
    with pytest.raises(JournalError, match=os.strerror(errno.ENOENT)):
        read_journal(tmp_path / "none.jsonl")


def kinds_or_refusal(path) -> list[str] | str:
    try:
        return [record.kind.value for record in read_journal(path)]
    except JournalError as error:
        return str(error)


@given(st.lists(st.binary(max_size=40), max_size=4))
@settings(max_examples=200, deadline=None)
def test_garbage_is_skipped_or_refused(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    path.write_bytes(b'{"journal":1,"scan_digest":"x"}\n' + b"\n".join(lines))
    outcome = kinds_or_refusal(path)
    assert outcome == [] or "is malformed" in outcome


names = st.sampled_from(["kind", "segment", "plane", "mask", "id"])
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(
    leaves, lambda x: st.lists(x, max_size=3) | st.dictionaries(names, x, max_size=4), max_leaves=12
)


@given(values)
@settings(max_examples=200, deadline=None)
def test_any_json_line_is_read_or_refused(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    path.write_text('{"journal":1,"scan_digest":"x"}\n' + json.dumps(value))
    outcome = kinds_or_refusal(path)
    assert outcome == [] or "line 2" in outcome
