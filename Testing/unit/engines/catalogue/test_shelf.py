import hashlib
import os
import subprocess
import sys

import pytest

from GazeSAMLib.engines.catalogue.digests import file_digests
from GazeSAMLib.engines.catalogue.pull import pull, pull_from
from GazeSAMLib.engines.catalogue.record import FileRecord
from GazeSAMLib.engines.catalogue.shelf import ModelShelf
from GazeSAMLib.errors import CheckpointError, ModelError
from Testing.file_server import serving


@pytest.fixture
def a_file(tmp_path, content):
    path = tmp_path / "brought.pth"
    path.write_bytes(content)
    return path


def damage(path):
    """Change a byte and nothing that a look at the file's name, size and date would show."""
    before = path.stat()
    with path.open("rb+") as file:
        file.seek(70_000)
        file.write(b"\xff\x00")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_pulled_model_is_here_and_remembered(shelf, an_entry, content):
    with serving(content) as server:
        entry = an_entry(server.url)
        path = pull(entry, shelf)
    assert path == shelf.open(entry) == shelf.folder / "toy" / "weights.pth"
    assert path.read_bytes() == content
    kept = shelf.look_up(entry)
    assert (kept.is_here, kept.size_bytes) == (True, len(content))
    assert kept.record.sha256 == hashlib.sha256(content).hexdigest()
    assert kept.record.source == server.url
    assert sorted(path.name for path in path.parent.iterdir()) == [
        "lock",
        "record.json",
        "weights.pth",
    ]


def test_what_is_here_is_not_pulled_again(shelf, an_entry, content):
    with serving(content) as server:
        pull(an_entry(server.url), shelf)
        pull(an_entry(server.url), shelf)
        assert len(server.asked) == 1


def test_a_file_with_another_digest_is_not_kept(shelf, an_entry, content):
    with serving(content[::-1]) as server:
        entry = an_entry(server.url)
        with pytest.raises(CheckpointError, match=r"its md5 is.*pull it again"):
            pull(entry, shelf)
    assert not shelf.look_up(entry).is_here
    assert shelf.part_of(entry).size_bytes == 0


def test_a_model_offered_on_a_page_only_says_what_to_do(shelf, an_entry):
    with pytest.raises(ModelError, match=r"example\.org/toy.*pull toy --from weights\.pth"):
        pull(an_entry(), shelf)


def test_a_model_that_is_not_here_says_what_to_type(shelf, an_entry):
    with pytest.raises(ModelError, match="type: gazesam models pull toy"):
        shelf.open(an_entry("https://example.org/weights.pth"))
    with pytest.raises(ModelError, match=r"from https://example\.org/toy"):
        shelf.verify(an_entry())


def test_a_file_is_brought_in_by_copying_it(shelf, an_entry, a_file, content):
    entry = an_entry()
    path = pull_from(entry, a_file, shelf)
    assert path.read_bytes() == a_file.read_bytes() == content
    assert shelf.look_up(entry).record.source == str(a_file)
    assert pull_from(entry, a_file, shelf) == path


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data[:-1], "cut short"),
        (lambda data: data + b"x", "another file"),
        (lambda data: data[:-1] + b"x", "its md5 is"),
        (lambda data: b"<!DOCTYPE html><title>Quota exceeded</title>" + data, "a web page"),
        (lambda _: b"", "a web page or the like"),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_kept(shelf, an_entry, a_file, content, change, why):
    a_file.write_bytes(change(content))
    with pytest.raises(CheckpointError, match=why):
        pull_from(an_entry(), a_file, shelf)
    assert [path.name for path in (shelf.folder / "toy").iterdir()] == ["lock"]


def test_a_file_that_is_missing_is_said(shelf, an_entry, tmp_path):
    with pytest.raises(ModelError, match=r"no\.pth is not a file"):
        pull_from(an_entry(), tmp_path / "no.pth", shelf)


def test_a_folder_as_the_file_is_said(shelf, an_entry, tmp_path):
    with pytest.raises(ModelError, match="cannot be read: Is a directory"):
        pull_from(an_entry(), tmp_path, shelf)


def test_a_shelf_that_cannot_be_looked_into_is_said(an_entry, a_file, tmp_path):
    # A name that is too long stands for a folder that may not be entered: root may enter any.
    shelf, entry = ModelShelf(tmp_path / ("x" * 300)), an_entry("https://example.org/weights.pth")
    assert not shelf.look_up(entry).is_here
    for ask in (shelf.open, shelf.verify):
        with pytest.raises(ModelError, match="is not on this machine yet"):
            ask(entry)
    with pytest.raises(ModelError, match="could not be removed"):
        shelf.remove(entry)
    with pytest.raises(ModelError, match="cannot be used"):
        pull_from(entry, a_file, shelf)


def test_a_file_that_cannot_be_read_is_said(shelf, an_entry, a_file):
    entry = an_entry()
    path = pull_from(entry, a_file, shelf)
    path.unlink()
    path.mkdir()
    for ask in (shelf.open, shelf.verify):
        with pytest.raises(ModelError, match=r"weights\.pth cannot be read: Is a directory"):
            ask(entry)


def test_without_a_published_digest_the_first_file_is_remembered(shelf, an_entry, a_file, content):
    entry = an_entry(digests={}, size_is_exact=False)
    pull_from(entry, a_file, shelf)
    a_file.write_bytes(content + b"another version")
    with pytest.raises(ModelError, match=r"is here already with another file.*models remove toy"):
        pull_from(entry, a_file, shelf)
    damage(shelf.file_of(entry))
    with pytest.raises(CheckpointError, match="has changed since it was brought here on 20"):
        shelf.verify(entry)


def test_verifying_finds_what_a_quick_look_cannot(shelf, an_entry, a_file):
    entry = an_entry()
    path = pull_from(entry, a_file, shelf)
    shelf.verify(entry)
    damage(path)
    assert shelf.open(entry) == path
    with pytest.raises(CheckpointError, match="or it is damaged"):
        shelf.verify(entry)


def test_a_file_that_was_touched_is_read_before_it_is_used(shelf, an_entry, a_file):
    entry = an_entry()
    path = pull_from(entry, a_file, shelf)
    os.utime(path, ns=(0, 0))
    read = []
    shelf.open(entry, progress=lambda *told: read.append(told))
    assert read
    assert shelf.look_up(entry).record.fits(path)
    shelf.open(entry, progress=lambda *_: pytest.fail("it was read again"))
    damage(path)
    os.utime(path)
    with pytest.raises(CheckpointError):
        shelf.open(entry)


def test_a_file_that_a_newer_catalogue_does_not_mean_is_not_used(shelf, an_entry, a_file):
    pull_from(an_entry(), a_file, shelf)
    newer = an_entry(digests={"sha256": "0" * 64})
    with pytest.raises(CheckpointError, match=r"its sha256 is.*models remove toy"):
        shelf.open(newer)


@pytest.mark.parametrize("record", [None, "", "{", "[]", '{"sha256": 1}', '{"size_bytes": "x"}'])
def test_a_record_that_is_missing_or_damaged_is_made_anew(shelf, an_entry, a_file, record):
    entry = an_entry()
    path = pull_from(entry, a_file, shelf)
    kept = path.with_name("record.json")
    kept.unlink() if record is None else kept.write_text(record)
    assert shelf.open(entry) == path
    assert FileRecord.read(kept).fits(path)


def test_a_removed_model_leaves_nothing(shelf, an_entry, a_file, content):
    entry = an_entry()
    path = pull_from(entry, a_file, shelf)
    assert shelf.remove(entry) > len(content)
    assert not path.exists()
    assert shelf.remove(entry) == 0


def test_one_process_at_a_time_brings_a_model(shelf, an_entry, a_file):
    entry = an_entry()
    code = (
        "import sys; from pathlib import Path; from GazeSAMLib.engines.file_lock import FileLock\n"
        "with FileLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with shelf.claim(entry):
        pass
    lock = shelf.folder / "toy" / "lock"
    other = subprocess.Popen(
        [sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout.readline() == b"held\n"
        for work in (lambda: pull_from(entry, a_file, shelf), lambda: shelf.remove(entry)):
            with pytest.raises(ModelError, match="another process is bringing the model 'toy'"):
                work()
        other.kill()
    pull_from(entry, a_file, shelf)


def test_a_cache_folder_that_cannot_be_made_is_named(an_entry, a_file, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"file.*GAZESAM_CACHE"):
        pull_from(an_entry(), a_file, ModelShelf(tmp_path / "file" / "models"))


def test_digests_are_those_of_git_and_the_system(tmp_path):
    path = tmp_path / "hello"
    path.write_bytes(b"hello\n")
    assert file_digests(path, ("git-blob", "md5", "sha256")) == {
        "git-blob": "ce013625030ba8dba906f756967f9e9ca394464a",
        "md5": "b1946ac92492d2347c6235b4d2611184",
        "sha256": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
    }
