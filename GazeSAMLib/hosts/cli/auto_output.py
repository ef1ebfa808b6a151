"""The files of ``gazesam auto``: those of segment-anything's own script, and what made them."""

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from GazeSAMLib.errors import OutputError
from GazeSAMLib.hosts.cli.auto_images import RESERVED
from GazeSAMLib.hosts.cli.illustrating import make_folder
from GazeSAMLib.scans.atomic import replacing

ABOUT = f"{RESERVED}.json"
COLUMNS = (
    "id,area,bbox_x0,bbox_y0,bbox_w,bbox_h,point_input_x,point_input_y,predicted_iou,"
    "stability_score,crop_box_x0,crop_box_y0,crop_box_w,crop_box_h"
)

Record = Mapping[str, Any]
"""A mask as ``SamAutomaticMaskGenerator.generate`` returns it."""


class AutoOutput:
    """A folder of results to which images are added; it can be gone on with.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    about : mapping
        What the results depend on, JSON values.
    as_rle : bool
        Whether an image's masks are one JSON file, or a folder of PNG files.
    overwrite : bool
        Whether what is there already is made anew.

    Raises
    ------
    OutputError
        If the folder cannot be made, or holds results that were made otherwise.
    """

    def __init__(
        self, folder: Path, about: Mapping[str, Any], *, as_rle: bool, overwrite: bool
    ) -> None:
        make_folder(folder)
        self._folder, self._as_rle, self._overwrite = folder, as_rle, overwrite
        told = json.loads(json.dumps(about))
        before = self._told_before()
        if before is not None and before != told and not overwrite:
            raise OutputError(
                f"{folder} holds results that were made otherwise ({_differing(before, told)}): "
                "choose another folder, or give --overwrite"
            )
        self._is_ours = before is not None
        with replacing(folder / ABOUT) as beside:
            beside.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")

    def path_of(self, name: str) -> Path:
        """Return where the masks of an image go."""
        return self._folder / (f"{name}.json" if self._as_rle else name)

    def has(self, name: str) -> bool:
        """Whether an image need not be segmented any more.

        Raises
        ------
        OutputError
            If there is something of that name that another program made.
        """
        path = self.path_of(name)
        if self._overwrite or not path.exists():
            return False
        if not self._is_ours:
            raise OutputError(
                f"{path} is there already: choose another folder, or give --overwrite"
            )
        return True

    def write(self, name: str, records: Sequence[Record]) -> None:
        """Write the masks of an image; they appear together or not at all.

        Raises
        ------
        OutputError
            If they cannot be written.
        """
        path = self.path_of(name)
        if self._as_rle:
            with replacing(path) as beside:
                beside.write_text(json.dumps(list(records)), encoding="utf-8")
            return
        made = self._folder / f".{uuid.uuid4().hex}"
        try:
            made.mkdir()
            _write_masks(made, records)
            if path.exists():
                shutil.rmtree(path)
            made.replace(path)
        except OSError as error:
            raise OutputError(f"could not write {path}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def _told_before(self) -> dict[str, Any] | None:
        try:
            told = json.loads((self._folder / ABOUT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise OutputError(f"{self._folder / ABOUT} cannot be read: {error}") from error
        return told if isinstance(told, dict) else {}


def _write_masks(folder: Path, records: Sequence[Record]) -> None:
    rows = [COLUMNS]
    for number, record in enumerate(records):
        mask = np.asarray(record["segmentation"], dtype=np.uint8)
        Image.fromarray(255 * mask).save(folder / f"{number}.png")
        values = (
            number,
            record["area"],
            *record["bbox"],
            *record["point_coords"][0],
            record["predicted_iou"],
            record["stability_score"],
            *record["crop_box"],
        )
        rows.append(",".join(map(str, values)))
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(
        f"{name} was {_short(before.get(name))}, is {_short(now.get(name))}" for name in names
    )


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
