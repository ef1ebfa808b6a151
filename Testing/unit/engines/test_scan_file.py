"""The scan's file: whole, private, and never left behind."""

import os
import stat
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from GazeSAMLib.engines.scan_file import (
    ScanFolder,
    file_dtype,
    map_voxels,
    remove_abandoned,
    remove_leftovers,
)
from GazeSAMLib.errors import EngineError
from GazeSAMLib.geometry.volume import VolumeGeometry
from Testing.full_disk import limited_file_size
from Testing.phantom import VOLUME, phantom

# A process that makes a scan folder with a scan in it and does what is asked then.
HOST = """
import os, sys
import numpy as np
from pathlib import Path
from GazeSAMLib.engines.scan_file import ScanFolder
folder = ScanFolder(Path(sys.argv[1]))
folder.write(np.zeros((2, 3, 4), dtype=np.int16))
print(folder.path, flush=True)
{then}
"""


@contextmanager
def folder_in(parent):
    folder = ScanFolder(parent)
    try:
        yield folder
    finally:
        folder.remove()


def dead_host_folder(parent, then="os._exit(0)"):
    host = [sys.executable, "-c", HOST.format(then=then), str(parent)]
    done = subprocess.run(host, stdout=subprocess.PIPE, text=True, check=False)
    return type(parent)(done.stdout.strip())


@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<u2", "<i4", "<f4", ">f8"])
def test_voxels_are_mapped_as_they_were_written(tmp_path, dtype):
    voxels = phantom().clip(0, 255).astype(dtype)
    with folder_in(tmp_path) as folder:
        path = folder.write(voxels)
        assert path.read_bytes() == voxels.astype(voxels.dtype.newbyteorder("<")).tobytes()
        mapped = map_voxels(path, file_dtype(voxels).str, VOLUME)
        np.testing.assert_array_equal(mapped, voxels)
        assert not mapped.flags.writeable


def test_voxels_that_are_a_view_are_written_in_their_own_order(tmp_path):
    voxels = phantom().transpose(2, 1, 0)[::-1, :, ::2]
    with folder_in(tmp_path) as folder:
        assert folder.write(voxels).read_bytes() == voxels.tobytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows has access lists instead")
def test_the_folder_is_for_its_user_alone(tmp_path):
    with folder_in(tmp_path) as folder:
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_nothing_is_left_after_removal(tmp_path):
    with folder_in(tmp_path) as folder:
        folder.write(phantom())
        folder.discard(folder.write(phantom()))
        assert len(list(folder.path.glob("*.raw"))) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_leaves_no_half_file(tmp_path):
    with folder_in(tmp_path) as folder:
        with (
            limited_file_size(phantom().nbytes // 2),
            pytest.raises(EngineError, match=r"the scan \(0 MB\) could not be handed .* free some"),
        ):
            folder.write(phantom())
        assert not list(folder.path.glob("*.raw"))
        assert folder.write(phantom()).exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    with pytest.raises(EngineError, match=r"no folder for handing .* TMPDIR"):
        ScanFolder(tmp_path / "missing")


@pytest.mark.parametrize(
    ("dtype", "size"),
    [("<i2", 23), ("<i2", 25), ("<f4", 24), ("|O", 24), ("nonsense", 24), ("<M8[s]", 24)],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, dtype, size):
    path = tmp_path / "scan.raw"
    path.write_bytes(bytes(size))
    volume = VolumeGeometry((2, 3, 2), np.eye(4))
    assert map_voxels(_of_size(tmp_path, 24), "<i2", volume).shape == (2, 3, 2)
    with pytest.raises(EngineError, match="cannot be opened"):
        map_voxels(path, dtype, volume)


def _of_size(folder, size):
    path = folder / "good.raw"
    path.write_bytes(bytes(size))
    return path


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(EngineError, match="cannot be opened"):
        map_voxels(tmp_path / "gone.raw", "<i2", VOLUME)


@pytest.mark.parametrize("then", ["os._exit(0)", "os.abort()", "os.kill(os.getpid(), 9)"])
def test_what_a_dead_host_left_is_removed_at_the_next_start(tmp_path, then):
    folder = dead_host_folder(tmp_path, then)
    assert sorted(path.name for path in folder.iterdir()) == ["host.lock", "scan-1.raw"]
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_host_uses_stays(tmp_path):
    command = [sys.executable, "-c", HOST.format(then="sys.stdin.read()"), str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        theirs = type(tmp_path)(other.stdout.readline().strip())
        with folder_in(tmp_path) as mine:
            path = mine.write(phantom())
            remove_leftovers(tmp_path)
            assert path.exists()
            assert (theirs / "scan-1.raw").exists()
            # Had looking at it released the lock, another host would remove it now.
            subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "import sys, pathlib; from GazeSAMLib.engines import scan_file;"
                    "scan_file.remove_leftovers(pathlib.Path(sys.argv[1]))",
                    str(tmp_path),
                ],
                check=True,
            )
            assert path.exists()
            assert (theirs / "scan-1.raw").exists()
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folders_of_others_stay(tmp_path):
    names = ["gazesam-results", "gazesam-12-mine", "other-12-x", "gazesam-x-1"]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / "other-12-x" / "host.lock").touch()
    (tmp_path / "gazesam-13-link").symlink_to(tmp_path / "other-12-x")
    remove_leftovers(tmp_path)
    remove_abandoned(tmp_path / "missing")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "gazesam-13-link"])
    assert (tmp_path / "other-12-x" / "host.lock").exists()
