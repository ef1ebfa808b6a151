"""Labelled structures, and the slices that show them well enough to be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import ScanError
from GazeSAMLib.frames import ImagePoint, LocalRasPoint
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import SliceGrid, layer_view, slice_grid
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.read_labelmap import align_labels, read_labelmap
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.clicks import Mask, innermost
from GazeSAMLib.simulation.layout import through

Labels = npt.NDArray[np.integer]

SMALLEST_AREA_PX = 40
SMALLEST_RADIUS_PX = 2.5


@dataclass(frozen=True, eq=False)
class Structure:
    """One label of a label map.

    Attributes
    ----------
    name : str
        As the file calls it, else after its number.
    labels_kji : ndarray of int, shape (k, j, i)
        On the scan's grid; shared by all structures of a file.
    value : int
        The structure's number in it.
    """

    name: str
    labels_kji: Labels
    value: int


@dataclass(frozen=True, eq=False)
class StructureSlice:
    """A structure on one slice image.

    Attributes
    ----------
    structure : Structure
        Whose cross-section it is.
    layer : int
        Number of the slice, from 0, along the reading view's normal.
    plane : SlicePlane
        The slice.
    grid : SliceGrid
        Its image.
    labels : ndarray of int, shape ``grid.shape``
        All labels of the structure's file on that image; shared.
    innermost_uv : ImagePoint
        The point farthest from the outline.
    radius_px : float
        Its distance from the outline, image pixels.
    """

    structure: Structure
    layer: int
    plane: SlicePlane
    grid: SliceGrid
    labels: Labels
    innermost_uv: ImagePoint
    radius_px: float

    @property
    def mask(self) -> Mask:
        """The structure, on the slice image."""
        mask: Mask = self.labels == self.structure.value
        return mask

    @property
    def innermost_local_ras(self) -> LocalRasPoint:
        """The point farthest from the outline."""
        return self.grid.point_from_image(self.innermost_uv)

    @property
    def size_px(self) -> float:
        """The area in pixels of a view that shows the whole slice 512 pixels large."""
        return float(np.count_nonzero(self.mask)) * (512.0 / max(self.grid.shape)) ** 2


@dataclass(frozen=True, eq=False)
class ShownStructures:
    """What of a label map can be looked at.

    Attributes
    ----------
    slices : tuple of StructureSlice
        By structure, in the order of the slices.
    unseen : tuple of str
        Names of the structures that no slice shows well.
    """

    slices: tuple[StructureSlice, ...]
    unseen: tuple[str, ...]


def read_structures(paths: Sequence[Path], scan: Scan) -> list[Structure]:
    """Read the labelled structures of a scan from one or more label maps.

    Parameters
    ----------
    paths : sequence of Path
        Label maps, on any grid: they are brought to the scan's by position in space.
    scan : Scan
        What was labelled.

    Raises
    ------
    ScanError
        If a file is no label map, holds no label, or lies outside the scan: it belongs to
        another patient.
    """
    structures = []
    for path in paths:
        labels_kji, grid, names = read_labelmap(path)
        try:
            aligned = align_labels(labels_kji, grid, scan.volume)
        except ScanError as error:
            raise ScanError(f"{path} does not fit {scan.path}: {error}") from error
        values = [int(value) for value in np.unique(aligned) if value > 0]
        if not values:
            raise ScanError(f"{path} holds no label within {scan.path}")
        alone = path.name.split(".")[0]
        for value in values:
            name = names.get(value) or (alone if len(values) == 1 else f"label {value}")
            structures.append(Structure(name, aligned, value))
    return structures


def shown_structures(
    structures: Sequence[Structure],
    volume: VolumeGeometry,
    view: SliceView,
    *,
    per_structure: int | None = None,
    most: int | None = None,
    seed: int = 0,
) -> ShownStructures:
    """Find the slices on which each structure can be looked at.

    A slice shows a structure well where it covers at least 40 pixels and a circle of 2.5
    pixels radius fits in: less is no more than a dot or a line, whatever the display.

    Parameters
    ----------
    structures : sequence of Structure
        Of one scan.
    volume : VolumeGeometry
        The scan.
    view : SliceView
        The reading view, along the scan's voxel axes: its planes are the slices.
    per_structure : int or None
        At most so many slices each, spread over its extent and drawn; None takes all.
    most : int or None
        At most so many in all: where there would be more, each structure gets fewer, and
        where one each is still too many, structures are drawn.
    seed : int
        Of the drawing.
    """
    candidates: dict[int, list[StructureSlice]] = {n: [] for n in range(len(structures))}
    for layer, point in enumerate(layer_points(volume, view)):
        plane = through(view, point).geometry.plane
        grid = slice_grid(volume, plane)
        if grid is None:
            continue
        on_slice: dict[int, Labels] = {}
        for number, structure in enumerate(structures):
            key = id(structure.labels_kji)
            if key not in on_slice:
                on_slice[key] = labels_on(structure.labels_kji, volume, grid)
            found = _shown_on(structure, layer, plane, grid, on_slice[key])
            if found is not None:
                candidates[number].append(found)
    unseen = tuple(structures[n].name for n, found in candidates.items() if not found)
    groups = [found for found in candidates.values() if found]
    return ShownStructures(tuple(_drawn(groups, per_structure, most, seed)), unseen)


def layer_points(volume: VolumeGeometry, view: SliceView) -> list[LocalRasPoint]:
    """Return a point on each of the scan's layers that `view` scrolls through, by their index."""
    across = volume.ijk_from_local_ras[:3, :3] @ view.geometry.plane.normal
    axis = int(np.argmax(np.abs(across) * volume.spacing_mm))
    centres_ijk = np.tile(0.5 * (np.array(volume.shape_ijk) - 1.0), (volume.shape_ijk[axis], 1))
    centres_ijk[:, axis] = np.arange(volume.shape_ijk[axis])
    centres = apply(volume.local_ras_from_ijk, centres_ijk).tolist()
    return [LocalRasPoint(*centre) for centre in centres]


def labels_on(labels_kji: Labels, volume: VolumeGeometry, grid: SliceGrid) -> Labels:
    """Return the labels at the centres of a slice image's pixels, 0 outside the scan."""
    if grid.layer is not None and grid.one_to_one:
        return layer_view(labels_kji, grid.layer).astype(labels_kji.dtype)
    height, width = grid.shape
    rows, columns = np.indices((height, width))
    points_uv = np.stack((columns, rows, np.zeros_like(rows)), axis=-1)
    at_ijk = apply(volume.ijk_from_local_ras @ grid.local_ras_from_image_uv, points_uv)
    index = np.floor(at_ijk + 0.5).astype(np.intp)
    inside = ((index >= 0) & (index < volume.shape_ijk)).all(axis=-1)
    index[~inside] = 0
    sampled: Labels = labels_kji[index[..., 2], index[..., 1], index[..., 0]]
    return np.where(inside, sampled, 0)


def _shown_on(
    structure: Structure, layer: int, plane: SlicePlane, grid: SliceGrid, labels: Labels
) -> StructureSlice | None:
    mask = labels == structure.value
    if np.count_nonzero(mask) < SMALLEST_AREA_PX:
        return None
    point, radius_px = innermost(mask)
    if radius_px < SMALLEST_RADIUS_PX:
        return None
    return StructureSlice(structure, layer, plane, grid, labels, point, radius_px)


def _drawn(
    groups: list[list[StructureSlice]], each: int | None, most: int | None, seed: int
) -> list[StructureSlice]:
    rng = np.random.default_rng(seed)
    if most is not None:
        longest = max(map(len, groups), default=1)
        each = longest if each is None else min(each, longest)
        while each > 1 and sum(min(each, len(found)) for found in groups) > most:
            each -= 1
        if len(groups) > most and each == 1:
            kept = np.sort(rng.permutation(len(groups))[:most])
            groups = [groups[number] for number in kept]
    return [case for found in groups for case in _spread(found, each, rng)]


def _spread(
    found: list[StructureSlice], count: int | None, rng: np.random.Generator
) -> list[StructureSlice]:
    """Draw one of each of `count` parts of equal length."""
    if count is None or len(found) <= count:
        return found
    edges = np.linspace(0, len(found), count + 1).astype(int).tolist()
    return [found[int(rng.integers(first, last))] for first, last in pairwise(edges)]
