"""Where a segmentation is written to, and in which form."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from GazeSAMLib.errors import OutputError
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.hosts.cli.trace import AcceptedStep
from GazeSAMLib.prompts.prompt_set import ADD
from GazeSAMLib.scans.coco import SliceMask, slice_masks, write_coco
from GazeSAMLib.scans.coded_segments import CodedSegment, CodedSegments, patches_of_labels
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.scans.terminology import UNKNOWN, Terminology
from GazeSAMLib.scans.write_dicom_seg import (
    DICOM_SEG_EXTENSION,
    dicom_seg_sources,
    write_dicom_seg,
)
from GazeSAMLib.scans.write_labelmap import LABELMAP_EXTENSIONS, write_labelmap
from GazeSAMLib.segmentation.labelmap import Labelmap

COCO_EXTENSION = ".json"
EXTENSIONS = (*LABELMAP_EXTENSIONS, DICOM_SEG_EXTENSION, COCO_EXTENSION)


def stem(output: Path) -> str:
    """Return the name of an output file without its extension (``.seg.nrrd`` is one)."""
    for extension in EXTENSIONS:
        if output.name.endswith(extension):
            return output.name.removesuffix(extension)
    return output.stem


def check_outputs(outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Find out before the work whether its results can be written.

    Raises
    ------
    OutputError
        If an extension is unknown, a folder is missing or read-only, or an output would
        overwrite an input or another output.
    """
    for output in outputs:
        if not output.name.endswith(EXTENSIONS):
            raise OutputError(
                f"{output} has no known extension: end it in one of {', '.join(EXTENSIONS)}"
            )
        if output.is_dir():
            raise OutputError(f"{output} is a folder: name a file")
        if not output.parent.is_dir():
            raise OutputError(f"the folder {output.parent} does not exist: make it first")
        if not os.access(output.parent, os.W_OK):
            raise OutputError(f"the folder {output.parent} cannot be written to")
        if output.exists() and any(output.samefile(path) for path in inputs if path.exists()):
            raise OutputError(f"{output} is an input: choose another name")
    if len({output.resolve() for output in outputs}) < len(outputs):
        raise OutputError("two outputs have the same name")


def check_dicom_outputs(outputs: Sequence[Path], scan: Scan) -> None:
    """Find out before the work whether a scan has what outputs as DICOM need.

    Raises
    ------
    OutputError
        If there is such an output, and no DICOM segmentation can refer to the scan.
    """
    for output in outputs:
        if output.name.endswith(DICOM_SEG_EXTENSION):
            dicom_seg_sources(output, scan.source_frames)


def write_output(
    output: Path,
    scan: Scan,
    labelmap: Labelmap,
    steps: Sequence[AcceptedStep] = (),
    codes: Mapping[str, Terminology] | None = None,
) -> tuple[str, ...]:
    """Write a segmentation; the extension chooses the form.

    Parameters
    ----------
    output : Path
        Ends in one of :data:`EXTENSIONS`.
    scan : Scan
        What was segmented.
    labelmap : Labelmap
        The result.
    steps : sequence of AcceptedStep
        What it was made of: COCO masks name the gaze points.
    codes : mapping, optional
        What the segments are, by their ids; DICOM and NRRD hold that.

    Returns
    -------
    tuple of str
        What the reader should know of the file.

    Raises
    ------
    OutputError
        If it cannot be written; a file that was there before stays as it was.
    """
    if output.name.endswith(COCO_EXTENSION):
        write_coco(output, coco_masks(scan, labelmap, steps), description=scan.name)
    elif output.name.endswith(DICOM_SEG_EXTENSION):
        patches = patches_of_labels(labelmap.labels_kji, len(labelmap.segments))
        codes = {} if codes is None else codes
        kinds = (codes.get(segment.id, UNKNOWN) for segment in labelmap.segments)
        coded = map(CodedSegment, labelmap.segments, patches, kinds)
        return write_dicom_seg(output, CodedSegments(scan.volume, tuple(coded)), scan.source_frames)
    else:
        write_labelmap(output, labelmap.labels_kji, scan.volume, labelmap.segments, codes)
    return ()


def coco_masks(
    scan: Scan, labelmap: Labelmap, steps: Sequence[AcceptedStep] = ()
) -> list[SliceMask]:
    """Return the finished masks of all layers, with the gaze points that lie on them.

    The engine's score goes with a mask that one look alone made.
    """
    count = len(labelmap.labels_kji)
    names = [path.name for path in scan.source_files] or [f"slice {k}" for k in range(count)]
    by_place: dict[tuple[int, str], list[AcceptedStep]] = {}
    for accepted in steps:
        for layer in _layers(accepted):
            by_place.setdefault((layer, accepted.step.edit.segment.id), []).append(accepted)
    masks = []
    for mask in slice_masks(labelmap.labels_kji, labelmap.segments, names):
        made_by = by_place.get((mask.image_id, mask.segment.id), [])
        points = tuple(
            point for accepted in made_by for point in _points_on(accepted, mask.image_id, scan)
        )
        score = _score(made_by[0]) if len(made_by) == 1 and points else None
        masks.append(replace(mask, predicted_iou=score, points_image_uv=points))
    return masks


def _layers(accepted: AcceptedStep) -> range:
    box_k = accepted.step.edit.patch.box[0]
    return range(box_k.start, box_k.stop)


def _points_on(accepted: AcceptedStep, layer: int, scan: Scan) -> list[tuple[float, float]]:
    """Return the (column, row) of a look's adding points that lie in layer k."""
    look = accepted.step.look
    points: list[tuple[float, float]] = []
    if look is None or accepted.step.propagated:
        return points
    for (u, v), label in zip(look.prompts.points_image_uv, look.prompts.labels, strict=True):
        at_ijk = scan.volume.ijk_from_point(look.hit.grid.point_from_image(ImagePoint(u, v)))
        if label == ADD and not accepted.step.edit.remove and round(at_ijk.k) == layer:
            points.append((round(at_ijk.i, 2), round(at_ijk.j, 2)))
    return points


def _score(accepted: AcceptedStep) -> float | None:
    look = accepted.step.look
    if look is None or look.candidates is None:
        return None
    return float(look.candidates.scores[look.shown])
