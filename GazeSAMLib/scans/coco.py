"""Masks of slices as COCO JSON with the fields of segment-anything's annotation format.

One file for the whole scan, which ``pycocotools.coco.COCO`` opens: a slice is an image, a
segment a category.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from GazeSAMLib.errors import OutputError
from GazeSAMLib.scans.atomic import replacing
from GazeSAMLib.scans.voxels import Voxels
from GazeSAMLib.segmentation.segment import Segment


@dataclass(frozen=True, eq=False)
class SliceMask:
    """The mask of one segment on one slice.

    Attributes
    ----------
    image_id : int
        Number of the slice; masks of one slice share it.
    file_name : str
        The slice's own name, such as its DICOM file.
    mask : ndarray of bool, shape (H, W)
        Row 0 is the slice's first row.
    segment : Segment
        What the mask shows.
    predicted_iou, stability_score : float or None
        The engine's estimates, None where unknown.
    points_image_uv : tuple of (float, float)
        The gaze points that prompted the mask, (column, row).
    """

    image_id: int
    file_name: str
    mask: npt.NDArray[np.bool_]
    segment: Segment
    predicted_iou: float | None = None
    stability_score: float | None = None
    points_image_uv: tuple[tuple[float, float], ...] = ()


def slice_masks(
    labels_kji: Voxels, segments: Sequence[Segment], file_names: Sequence[str]
) -> list[SliceMask]:
    """Return one mask for each segment on each layer k of a labelmap where it has voxels.

    Parameters
    ----------
    labels_kji : ndarray of int, shape (k, j, i)
        n for the n-th of `segments`, from 1.
    segments : sequence of Segment
        In the order of their labels.
    file_names : sequence of str
        One a layer.
    """
    return [
        SliceMask(k, file_names[k], layer == value, segments[value - 1])
        for k, layer in enumerate(labels_kji)
        for value in np.unique(layer).tolist()
        if value > 0
    ]


def write_coco(path: str | Path, masks: Iterable[SliceMask], description: str = "") -> None:
    """Write masks to a JSON file; the file appears whole or not at all.

    Parameters
    ----------
    path : str or Path
        Ends in ``.json``.
    masks : iterable of SliceMask
        Empty masks are left out.
    description : str
        What was segmented, for people.

    Raises
    ------
    OutputError
        If the file cannot be written or does not end in ``.json``.
    """
    path = Path(path)
    if path.suffix != ".json":
        raise OutputError(f"cannot write {path}: COCO files end in .json")
    content = json.dumps(_content([m for m in masks if m.mask.any()], description), indent=1)
    with replacing(path) as beside:
        beside.write_text(content + "\n", encoding="utf-8")


def _content(masks: Sequence[SliceMask], description: str) -> dict[str, Any]:
    images: dict[int, dict[str, Any]] = {}
    categories: dict[str, dict[str, Any]] = {}
    annotations: list[dict[str, Any]] = []
    for mask in masks:
        height, width = mask.mask.shape
        images.setdefault(
            mask.image_id,
            {
                "id": mask.image_id,
                "image_id": mask.image_id,
                "width": width,
                "height": height,
                "file_name": mask.file_name,
            },
        )
        category = categories.setdefault(
            mask.segment.id,
            {
                "id": len(categories) + 1,
                "name": mask.segment.name,
                "supercategory": "",
                "segment_id": mask.segment.id,
                "color": [round(255 * channel) for channel in mask.segment.color_rgb],
            },
        )
        annotations.append(_annotation(len(annotations) + 1, mask, category))
    return {
        "info": {"description": description},
        "images": list(images.values()),
        "categories": list(categories.values()),
        "annotations": annotations,
    }


def _annotation(number: int, mask: SliceMask, category: dict[str, Any]) -> dict[str, Any]:
    height, width = mask.mask.shape
    code = coco_mask.encode(np.asfortranarray(mask.mask, dtype=np.uint8))
    return {
        "id": number,
        "image_id": mask.image_id,
        "category_id": category["id"],
        "category_name": category["name"],
        "segmentation": {"size": [height, width], "counts": code["counts"].decode("ascii")},
        "bbox": coco_mask.toBbox(code).tolist(),
        "area": int(coco_mask.area(code)),
        "iscrowd": 0,
        "predicted_iou": mask.predicted_iou,
        "stability_score": mask.stability_score,
        "crop_box": [0, 0, width, height],
        "point_coords": [list(point) for point in mask.points_image_uv],
    }
