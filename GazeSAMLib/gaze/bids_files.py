"""Which file of a BIDS dataset says what: names, sidecars, inheritance.

References
----------
The Brain Imaging Data Structure, version 1.11: "Common principles" (the inheritance principle)
and "Physiological recordings" (eye tracking).
"""

import json
import re
from pathlib import Path
from typing import Any, Final

from GazeSAMLib.errors import RecordingError

PHYSIO_SUFFIX: Final = "_physio.tsv.gz"
DATASET_FILE: Final = "dataset_description.json"
_EYE = re.compile(r"_recording-[A-Za-z0-9]+")


def eye_files(path: Path) -> list[Path]:
    """Return all recordings of the run to which one belongs: the eyes, in the order of names."""
    stem = _EYE.sub("", path.name.removesuffix(PHYSIO_SUFFIX))
    try:
        beside = sorted(path.parent.iterdir())
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from error
    return [
        other
        for other in beside
        if other.name.endswith(PHYSIO_SUFFIX)
        and _EYE.sub("", other.name.removesuffix(PHYSIO_SUFFIX)) == stem
    ]


def sidecar(path: Path) -> dict[str, Any]:
    """Return what all JSON files that apply to a data file say; the nearest goes first.

    Parameters
    ----------
    path : Path
        The data file; it need not exist.

    Raises
    ------
    RecordingError
        If one of them cannot be read or is no JSON object.
    """
    entities, suffix = _parts(path.name)
    found: dict[str, Any] = {}
    for folder in reversed(_folders(path)):
        applying = [
            one
            for one in folder.glob(f"*{suffix}.json")
            if _parts(one.name)[1] == suffix and _parts(one.name)[0] <= entities
        ]
        for one in sorted(applying, key=lambda one: len(_parts(one.name)[0])):
            found |= _object(one)
    return found


def _folders(path: Path) -> list[Path]:
    """Return the folder of a file and those above it, up to the dataset's own."""
    above: list[Path] = []
    for folder in path.absolute().parents:
        above.append(folder)
        if (folder / DATASET_FILE).is_file():
            return above
    return above[:1]  # no dataset: only what lies beside


def _parts(name: str) -> tuple[frozenset[str], str]:
    """Return a name's entities, such as ``sub-01``, and its suffix, such as ``physio``."""
    *entities, suffix = name.split(".")[0].split("_")
    return frozenset(entities), suffix


def _object(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RecordingError(f"{path}: it cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{path}: it is not valid JSON: {error}") from error
    if not isinstance(values, dict):
        raise RecordingError(f"{path}: it must hold a JSON object")
    return values
