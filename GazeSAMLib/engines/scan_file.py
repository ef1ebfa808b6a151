"""The file through which a scan goes to the worker: written once, mapped there, removed after.

Each host process has a private folder with a lock that it holds while it lives. Whoever can
take the lock of such a folder knows that its host is gone and removes it: the worker when its
host dies, else the next host at its start.
"""

import itertools
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.file_lock import lock_now
from GazeSAMLib.errors import EngineError
from GazeSAMLib.geometry.volume import VolumeGeometry

Voxels = npt.NDArray[np.generic]

_FOLDER_NAME = re.compile(r"gazesam-(\d+)-")
_LOCK_NAME = "host.lock"


class ScanFolder:
    """The private folder of this process for the scans that it hands over.

    Parameters
    ----------
    parent : Path or None
        Where to make it; None takes the system's folder for temporary files.

    Raises
    ------
    EngineError
        If it cannot be made.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent or Path(tempfile.gettempdir())
        self._names = (f"scan-{number}.raw" for number in itertools.count(1))
        try:
            self.path, self._descriptor = self._claimed()
        except OSError as error:
            raise EngineError(
                f"no folder for handing a scan to the engine process could be made in "
                f"{self._parent}: {error.strerror or error}; let TMPDIR name a folder on a local "
                "disk that can be written"
            ) from error

    def _claimed(self) -> tuple[Path, int]:
        while True:
            path = Path(tempfile.mkdtemp(prefix=f"gazesam-{os.getpid()}-", dir=self._parent))
            descriptor = -1
            try:
                descriptor = os.open(path / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
                lock_now(descriptor)
            except OSError:
                if descriptor >= 0:
                    os.close(descriptor)
                shutil.rmtree(path, ignore_errors=True)
                raise
            if (path / _LOCK_NAME).exists():
                return path, descriptor
            # Another host took it for a leftover before the lock was there.
            os.close(descriptor)

    def write(self, voxels_kji: Voxels) -> Path:
        """Write raw little-endian voxels in k, j, i order and return the file.

        Raises
        ------
        EngineError
            If the disk is full or cannot be written; then no file is left.
        """
        path = self.path / next(self._names)
        try:
            with path.open("xb", buffering=0) as file:
                for slice_ji in voxels_kji:
                    values = np.ascontiguousarray(slice_ji, dtype=file_dtype(voxels_kji))
                    rest = values.data.cast("B")
                    while rest:
                        rest = rest[file.write(rest) :]
        except OSError as error:
            self.discard(path)
            megabytes = voxels_kji.nbytes / 1e6
            raise EngineError(
                f"the scan ({megabytes:.0f} MB) could not be handed to the engine process in "
                f"{self.path}: {error.strerror or error}; free some space there, or let TMPDIR "
                "name a folder on another disk"
            ) from error
        return path

    def discard(self, path: Path) -> None:
        """Remove a file of :meth:`write` that no worker needs any more."""
        # Windows refuses while a worker still has it mapped; it goes with the folder.
        with suppress(OSError):
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder with all scans in it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        shutil.rmtree(self.path, ignore_errors=True)


def file_dtype(voxels_kji: Voxels) -> np.dtype[np.generic]:
    """Return the type with which `voxels_kji` stand in the file: theirs, little-endian."""
    return voxels_kji.dtype.newbyteorder("<")


def map_voxels(path: Path, dtype: str, volume: VolumeGeometry) -> Voxels:
    """Map a file of :meth:`ScanFolder.write` into memory, read-only, shape (k, j, i).

    Raises
    ------
    EngineError
        If the file is missing, of another size, or `dtype` is no type of numbers.
    """
    try:
        number_type = np.dtype(dtype)
        if number_type.kind not in "iuf":
            raise ValueError(f"voxels of type {dtype}")
        size = path.stat().st_size
        expected = int(np.prod(volume.shape_kji, dtype=object)) * number_type.itemsize
        if size != expected:
            raise ValueError(f"{size} bytes, not {expected}")
        return np.asarray(np.memmap(path, number_type, "r", shape=volume.shape_kji))
    except (OSError, TypeError, ValueError) as error:
        raise EngineError(
            f"the scan handed over in {path} cannot be opened: {error}; open the scan again"
        ) from error


def remove_leftovers(parent: Path | None = None) -> None:
    """Remove the folders of hosts that are gone."""
    for folder in (parent or Path(tempfile.gettempdir())).glob("gazesam-*-*"):
        remove_abandoned(folder)


def remove_abandoned(folder: Path) -> None:
    """Remove `folder` if it is the folder of a host that is gone; else leave it as it is."""
    name = _FOLDER_NAME.match(folder.name)
    # Looking at a lock of one's own would release it.
    if name is None or int(name[1]) == os.getpid():
        return
    try:
        descriptor = os.open(folder / _LOCK_NAME, os.O_RDWR)
    except OSError:
        return
    try:
        lock_now(descriptor)
        shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(descriptor)
    # Windows removes the lock only now that it is closed.
    shutil.rmtree(folder, ignore_errors=True)
