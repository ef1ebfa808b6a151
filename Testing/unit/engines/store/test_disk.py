"""The folder of embeddings, with other processes at work in it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from GazeSAMLib.engines.store.disk import DiskStore
from GazeSAMLib.engines.store.entry import entry_bytes
from Testing.made_embeddings import made_embedding, made_key, same

SIZE = len(entry_bytes(made_key().text(), made_embedding()))

FILL = """
import sys
from pathlib import Path
from GazeSAMLib.engines.store.disk import DiskStore
from Testing.made_embeddings import made_embedding, made_key, same

store = DiskStore(Path(sys.argv[1]), int(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
while True:
    for number in range(18):
        packed = store.read(made_key(number))
        assert packed is None or same(packed, made_embedding(number, 50_000)), number
        store.write(made_key(number), made_embedding(number, 50_000))
    print("round", flush=True)
"""


class Filler:
    """Another process that writes and reads the same entries, round after round."""

    def __init__(self, folder, most_bytes):
        command = [sys.executable, "-c", FILL, str(folder), str(most_bytes)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def go(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def rounds(self, count):
        for _ in range(count):
            assert self.process.stdout.readline() == "round\n", self.process.stderr.read()

    def stop_while(self, condition):
        """Stop the process, as a debugger does, at a moment at which `condition` holds."""
        deadline_s = time.monotonic() + 20.0
        while time.monotonic() < deadline_s:
            if condition():
                self.process.send_signal(signal.SIGSTOP)
                os.waitpid(self.process.pid, os.WUNTRACED)  # it may run on for a moment
                if condition():
                    return
                self.process.send_signal(signal.SIGCONT)
        pytest.fail("it never got there")

    def kill(self):
        self.process.kill()
        self.process.communicate()
        return self.process.returncode


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "embeddings"


@pytest.fixture
def fillers(folder):
    started = []

    def start(count, most_bytes):
        started.extend(Filler(folder, most_bytes) for _ in range(count))
        return started

    yield start
    for filler in started:
        filler.kill()


def test_an_embedding_comes_back_in_another_store_on_the_same_folder(folder):
    DiskStore(folder, 1 << 20).write(made_key(), made_embedding())
    store = DiskStore(folder, 1 << 20)
    assert store.holds(made_key())
    assert same(store.read(made_key()), made_embedding())
    assert not store.holds(made_key(1))
    assert store.read(made_key(1)) is None


def test_nothing_is_made_before_something_is_kept(folder):
    store = DiskStore(folder)
    assert store.read(made_key()) is None
    assert not store.holds(made_key())
    assert store.size_bytes() == 0
    assert store.most_bytes > 0
    assert not folder.exists()


def test_what_was_used_longest_ago_goes_first(folder):
    store = DiskStore(folder, 10 * SIZE + 100)
    for number in range(10):
        store.write(made_key(number), made_embedding(number))
        os.utime(folder / made_key(number).file_name(), ns=(number, number))
    assert store.read(made_key(0)) is not None  # used now
    store.write(made_key(10), made_embedding(10))
    kept = [number for number in range(11) if store.holds(made_key(number))]
    assert kept[0] == 0
    assert kept[-1] == 10
    assert not {1, 2} & set(kept)
    assert store.size_bytes() <= 10 * SIZE


def test_what_others_have_written_counts(folder):
    for number in range(8):
        DiskStore(folder, 1 << 30).write(made_key(number), made_embedding(number))
    DiskStore(folder, 5 * SIZE).write(made_key(9), made_embedding(9))
    assert DiskStore(folder).size_bytes() <= 5 * SIZE


def test_a_damaged_entry_is_removed_and_counts_as_missing(folder):
    store = DiskStore(folder, 1 << 20)
    store.write(made_key(), made_embedding())
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert store.read(made_key()) is None
    assert not path.exists()
    store.write(made_key(), made_embedding())
    assert same(store.read(made_key()), made_embedding())


def test_two_processes_fill_the_same_store(folder, fillers):
    # So little room that each process keeps removing what the other reads.
    started = fillers(2, 15 * 101_000)
    for filler in started:
        filler.go()
    for filler in started:
        filler.rounds(4)
    for filler in started:
        assert filler.kill() == -signal.SIGKILL  # until then it had not failed
    assert DiskStore(folder).size_bytes() <= 20 * 101_000


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be stopped there")
def test_what_a_killed_process_left_behind_is_never_used_and_goes(folder, fillers):
    (filler,) = fillers(1, 5 * 101_000)
    filler.go()
    filler.rounds(1)
    filler.stop_while(lambda: list(folder.glob("*.part")))
    filler.kill()
    assert list(folder.glob("*.part"))  # it was in the middle of writing
    store = DiskStore(folder, 1 << 30)
    for number in range(18):
        packed = store.read(made_key(number))
        assert packed is None or same(packed, made_embedding(number, 50_000))
    part = folder / "left-behind.part"
    part.write_bytes(b"GSEM")
    store.write(made_key(18), made_embedding())
    assert part.exists()  # somebody may be writing it
    hour_ago = time.time() - 3600.0
    for each in folder.glob("*.part"):
        os.utime(each, (hour_ago, hour_ago))
    DiskStore(folder, 1 << 30).write(made_key(19), made_embedding())
    assert not list(folder.glob("*.part"))
