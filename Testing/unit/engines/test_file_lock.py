import subprocess
import sys

import pytest

from GazeSAMLib.engines.file_lock import FileLock

HOLD = """
import sys
from pathlib import Path
from GazeSAMLib.engines.file_lock import FileLock
with FileLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def another_holds(tmp_path):
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline().strip() == b"held"
        yield other
        other.kill()


@pytest.mark.usefixtures("another_holds")
def test_one_process_at_a_time_has_it(tmp_path):
    with pytest.raises(BlockingIOError, match="another process"), FileLock(tmp_path / "lock"):
        pytest.fail("both have it")


def test_it_goes_when_its_process_dies(another_holds, tmp_path):
    another_holds.kill()
    another_holds.wait()
    with FileLock(tmp_path / "lock"):
        pass


def test_it_can_be_had_again(tmp_path):
    for _ in range(2):
        with FileLock(tmp_path / "lock"):
            pass


def test_a_folder_that_is_missing_is_no_other_process(tmp_path):
    with pytest.raises(FileNotFoundError), FileLock(tmp_path / "no" / "lock"):
        pass
