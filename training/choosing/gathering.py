"""Looks at many anatomies, gathered by several processes and kept in a folder."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
import torch

from GazeSAMLib.engines.compact.network import Network
from training.choosing.looks import Looks, looks_at_anatomy
from training.labelmaps import LabelMaps, label_map_files, read_label_maps

FIRST_SEED = 20_000_000
"""Of the anatomies: far from the seeds of trainings, whose network is to be judged."""

LABEL_MAP_SHARE = 0.3
"""Of the anatomies come from label maps, where there are some."""

PART = 10
"""So many anatomies are kept in a file."""

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    "GazeSAMLib/engines/compact/*.py",
    "training/choosing/looks.py",
    "training/choosing/slices.py",
    *(
        f"training/{name}.py"
        for name in (
            "anatomy",
            "appearance",
            "draws",
            "fields",
            "labelmaps",
            "layout",
            "scenes",
            "shapes",
            "tissues",
        )
    ),
)
"""The code on which evidence depends: where it is changed, nothing that was kept is used."""


@dataclass(frozen=True)
class Task:
    """One file's worth of anatomies: `count` of them from number `first` on."""

    network: Path
    label_maps: Path | None
    file: Path
    first: int
    count: int


def gathered(
    network: Path, label_maps: Path | None, scenes: int, processes: int, keep: Path
) -> Looks:
    """Return the looks at the anatomies 0 to `scenes` - 1, made or read from the folder `keep`.

    Parameters
    ----------
    network : Path
        ONNX file.
    label_maps : Path or None
        Folder of label maps, from which some of the anatomies come.
    scenes, processes : int
        How many anatomies, and how many processes make them.
    keep : Path
        Where they are kept.

    Raises
    ------
    CheckpointError
        If the network cannot be read.
    FileNotFoundError
        If there are no label maps in the folder.
    """
    Network(network, threads=1)  # says what is wrong here and at once, not in each process
    folder = keep / _digest(network, label_maps)
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [
        Task(network, label_maps, folder / f"{first:06d}-{count}.npz", first, count)
        for first in range(0, scenes, PART)
        for count in [min(PART, scenes - first)]
    ]
    missing = [task for task in tasks if not task.file.is_file()]
    sys.stderr.write(
        f"{scenes} anatomies, {scenes - sum(task.count for task in missing)} of them in {folder}\n"
    )
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=spawn)
    started = time.monotonic()
    try:
        waiting = [pool.submit(_make, task) for task in missing]
        for done, future in enumerate(as_completed(waiting), start=1):
            future.result()
            _tell(time.monotonic() - started, done, len(missing))
    finally:
        pool.shutdown(cancel_futures=True)
    return Looks.joined([looks for task in tasks for looks in _read(task.file)])


def _make(task: Task) -> None:
    """Look at the anatomies of a task and keep what was found."""
    torch.set_num_threads(1)
    network = Network(task.network, threads=1)
    numbers = range(task.first, task.first + task.count)
    maps = None if task.label_maps is None else _read_once(task.label_maps)
    looks = [
        look for number in numbers for look in looks_at_anatomy(network, FIRST_SEED + number, maps)
    ]
    columns = {}
    if looks:
        joined = Looks.joined(looks)
        columns = {field.name: getattr(joined, field.name) for field in fields(Looks)}
    beside = task.file.with_suffix(f".{os.getpid()}.part")
    with beside.open("wb") as file:
        np.savez_compressed(file, **columns)
    beside.replace(task.file)


@cache
def _read_once(folder: Path) -> LabelMaps:
    return read_label_maps(folder, LABEL_MAP_SHARE, "cpu")


def _read(file: Path) -> list[Looks]:
    """Return the looks in a file; none where nothing in its anatomies could be looked at."""
    with np.load(file) as columns:
        return [Looks(**columns)] if columns.files else []


def _tell(elapsed_s: float, done: int, count: int) -> None:
    left_min = elapsed_s / done * (count - done) / 60
    sys.stderr.write(
        f"{elapsed_s / 60:6.1f} min, {left_min:.0f} left: {done} of {count} files of looks\n"
    )
    sys.stderr.flush()


def _digest(network: Path, label_maps: Path | None) -> str:
    """Return what tells evidence of this network, these maps and this code from any other."""
    digest = hashlib.sha256(network.read_bytes())
    for file in [] if label_maps is None else label_map_files(label_maps):
        digest.update(f"{file.name} {file.stat().st_size}".encode())
    for source in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
