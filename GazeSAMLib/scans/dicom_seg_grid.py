"""Where the frames of a DICOM segmentation lie, and the regular grid that they are slices of."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.affine import Matrix
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.dicom_values import number, numbers
from GazeSAMLib.scans.lps import ras_from_lps

# Frames nearer than this lie on one slice, mm.
_SAME_PLACE_MM = 0.01
_MOST_LAYERS = 10_000


def grid_of_frames(
    path: Path, dataset: Dataset, shared: Dataset, groups: list[Dataset]
) -> tuple[list[range], VolumeGeometry, tuple[str, ...]]:
    """Return the layers of each frame of a segmentation, the grid of the layers, and notes.

    The layers go from the first frame to the last in steps of what the file says lies between
    slices, else of the smallest gap. Where gaps are no multiples of that, each layer takes the
    frame that is nearest.

    Parameters
    ----------
    path : Path
        For messages.
    dataset : Dataset
        The file.
    shared : Dataset
        Its shared functional groups.
    groups : list of Dataset
        The functional groups of each frame.

    Raises
    ------
    ScanError
        If frames have several directions.
    GeometryError
        If pixels have no size.
    ValueError
        If a frame does not say where it lies.
    """
    places = [
        _vector(group, shared, "PlanePositionSequence", "ImagePositionPatient", 3)
        for group in groups
    ]
    orientation = _vector(
        groups[0], shared, "PlaneOrientationSequence", "ImageOrientationPatient", 6
    )
    row_mm, column_mm = _vector(groups[0], shared, "PixelMeasuresSequence", "PixelSpacing", 2)
    for group in groups:
        own = _vector(group, shared, "PlaneOrientationSequence", "ImageOrientationPatient", 6)
        if np.abs(own - orientation).max() > 1e-3:
            raise ScanError(f"{path} holds slices of several directions, which make no volume")
    along_row, along_column = orientation.reshape(2, 3)
    normal = np.cross(along_row, along_column)
    positions = np.array(places)
    heights = positions @ normal
    order = np.argsort(heights, kind="stable")
    low, high = positions[order[0]], positions[order[-1]]
    step_mm, notes = _step(np.sort(heights), shared, groups[0])
    over_mm = heights - heights[order[0]]
    last = int((np.ceil if notes else np.rint)(over_mm.max() / step_mm))
    if last >= _MOST_LAYERS:
        raise ScanError(
            f"{path} is damaged: its frames span {over_mm.max():.0f} mm in steps of {step_mm:g} mm"
        )
    layers = _layers(over_mm, last, is_even=not notes)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = along_row * column_mm, along_column * row_mm
    # From the positions themselves: a tilted gantry shears the volume.
    matrix[:3, 2] = (high - low) / last if last else normal * step_mm
    matrix[:3, 3] = low
    shape = (last + 1, int(dataset.Rows), int(dataset.Columns))
    return layers, VolumeGeometry(shape, ras_from_lps(matrix)), notes


def _layers(over_mm: Matrix, last: int, *, is_even: bool) -> list[range]:
    """Return which of the layers 0 to `last` each frame fills."""
    at = over_mm * (last / over_mm.max() if last else 0.0)
    if is_even:
        return [range(layer, layer + 1) for layer in np.rint(at).astype(int).tolist()]
    places = np.unique(at)
    bounds = np.ceil(0.5 * (places[1:] + places[:-1])).astype(int)
    edges = np.concatenate(([0], bounds, [last + 1]))
    cells = np.searchsorted(places, at)
    return [range(edges[cell], edges[cell + 1]) for cell in cells.tolist()]


def _step(heights: Matrix, shared: Dataset, group: Dataset) -> tuple[float, tuple[str, ...]]:
    """Return the distance between layers, mm, for frames at sorted heights, and notes."""
    gaps = np.diff(heights)
    gaps = gaps[gaps > _SAME_PLACE_MM]
    told = next(
        (
            number(holder.PixelMeasuresSequence[0], keyword)
            for keyword in ("SpacingBetweenSlices", "SliceThickness")
            for holder in (group, shared)
            if "PixelMeasuresSequence" in holder
            and number(holder.PixelMeasuresSequence[0], keyword) > 0.0
        ),
        0.0,
    )
    if not len(gaps):
        return told or 1.0, ()
    for step_mm in filter(None, (told, float(gaps.min()))):
        steps = gaps / step_mm
        if np.abs(steps - np.rint(steps)).max() < 0.05 and steps.min() > 0.5:
            # The mean over the whole stack: a told step is rounded, and its error adds up.
            return float(gaps.sum() / np.rint(steps).sum()), ()
    smallest = float(gaps.min())
    return smallest, (
        f"slices with gaps from {smallest:.2f} to {gaps.max():.2f} mm make layers "
        f"{smallest:.2f} mm apart, each of them as the slice that is nearest",
    )


def _vector(group: Dataset, shared: Dataset, sequence: str, keyword: str, count: int) -> Matrix:
    for holder in (group, shared):
        if sequence in holder:
            found = numbers(holder[sequence][0], keyword, count)
            if found is not None:
                return np.array(found)
    raise ValueError(f"a frame has no {keyword}")
