"""Saved trainings. They are read as tensors and plain values; code in a file is never run."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch


class CheckpointError(Exception):
    """A saved training cannot be read; the message says what to do."""


def checkpoint_path(folder: Path, rank: int) -> Path:
    """Return where the process `rank` of a training in `folder` saves."""
    return folder / f"checkpoint-{rank}.pt"


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state` to `path`; a crash leaves the old file or the new one."""
    beside = path.with_suffix(".new")
    torch.save(state, beside)
    beside.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Return what was saved in `path`.

    Raises
    ------
    CheckpointError
        The file is missing, damaged, or holds anything but tensors and plain values.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"there is no {path}: start without --resume, or with as many --threads as before"
        ) from error
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged or no checkpoint: {error}") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} is no checkpoint")
    return state
