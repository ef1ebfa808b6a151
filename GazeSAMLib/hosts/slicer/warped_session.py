"""A session on a volume under a transform that is not linear.

The session works in the world, on the grid of a :class:`WarpedScan`. Its slices are no planes of
the scan, so the engine process gets each one as a scan of one slice, and masks go back to the
scan's voxels through the transform.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.segmenter import SegmentRequest
from GazeSAMLib.errors import JournalError
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.shown_slices import Hit
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.slicer.warped_slice import WarpedScan
from GazeSAMLib.segmentation.edit_history import EditHistory
from GazeSAMLib.segmentation.editor import SegmentEditor
from GazeSAMLib.segmentation.journal import Journal, JournalRecord, RecordKind
from GazeSAMLib.segmentation.segment import Edit, SegmentationWriter, VoxelPatch

# Grey values as they are: what was mapped to 8 bits already is not mapped again.
AS_IT_IS = {"window": 255.0, "level": 127.5}

OpenSlice = Callable[[npt.NDArray[np.uint8], VolumeGeometry], None]


class WarpedSlices:
    """Sends looks at a warped volume together with the pixels looked at.

    Parameters
    ----------
    warped : WarpedScan
        The volume.
    open_slice : callable
        Opens pixels of shape (1, height, width) and their grid as the scan to segment.
    ask : callable
        Sends a request.
    """

    def __init__(
        self, warped: WarpedScan, open_slice: OpenSlice, ask: Callable[[SegmentRequest], None]
    ) -> None:
        self._warped, self._open_slice, self._ask = warped, open_slice, ask
        self._opened: tuple[float, ...] = ()

    def ask(self, request: SegmentRequest) -> None:
        """Send a request, after its slice where that is a new one."""
        key = (*request.plane.key(), request.window, request.level)
        if key != self._opened:
            grid = slice_grid(self._warped.geometry, request.plane)
            pixels = self._warped.pixels(request.plane, request.window, request.level)
            if grid is None or pixels is None:  # beside the volume: there is nothing to find
                return
            geometry = VolumeGeometry((1, *pixels.shape), grid.local_ras_from_image_uv)
            self._open_slice(pixels[None], geometry)
            self._opened = key
        self._ask(replace(request, **AS_IT_IS))


class WarpedEditor(SegmentEditor):
    """Takes masks on planes of the world to the scan's voxels.

    Such a plane is no plane of the scan: the journal gets the voxels instead, as one record for
    each of the scan's layers.

    Parameters
    ----------
    warped : WarpedScan
        The volume.
    volume : VolumeGeometry
        The scan's own grid.
    writer : SegmentationWriter
        Where accepted steps are written.
    journal : Journal
        Where they are saved first.
    history : EditHistory or None
        Of the steps that stand in the segmentation already; None where there are none.
    """

    follows_slices = False

    def __init__(
        self,
        warped: WarpedScan,
        volume: VolumeGeometry,
        writer: SegmentationWriter,
        journal: Journal,
        history: EditHistory | None = None,
    ) -> None:
        super().__init__(volume, writer, journal, history)
        self._warped, self._scan = warped, volume

    def accept(self, hit: Hit, mask: npt.NDArray[np.bool_], *, remove: bool) -> Edit:
        """Add the voxels under `mask` to the current segment, or take them away.

        Raises
        ------
        JournalError
            If the step cannot be saved; then it is not written either.
        OutputError
            If the segmentation does not take it.
        """
        patch = self._warped.place(mask, hit.grid)
        kind = RecordKind.REMOVE if remove else RecordKind.ACCEPT
        layers = _layers(patch, self._scan)
        edit = Edit(self.current, patch, remove)
        self._do([JournalRecord(kind, self.current, *layer) for layer in layers], edit)
        return edit


def _layers(
    patch: VoxelPatch, volume: VolumeGeometry
) -> list[tuple[SlicePlane, npt.NDArray[np.bool_]]]:
    """Return the voxels of a patch as masks on the scan's layers along k."""
    return [
        _layer(patch, volume, layer)
        for layer in range(patch.mask.shape[0])
        if patch.mask[layer].any()
    ]


def _layer(
    patch: VoxelPatch, volume: VolumeGeometry, layer: int
) -> tuple[SlicePlane, npt.NDArray[np.bool_]]:
    axes = volume.axes_mm
    origin = apply(volume.local_ras_from_ijk, (0.0, 0.0, float(patch.offset_kji[0] + layer)))
    plane = SlicePlane(origin, axes[:, 0], axes[:, 1])
    grid = slice_grid(volume, plane)
    if grid is None:
        raise JournalError("the step could not be saved: its voxels lie outside the scan")
    rows, columns = np.indices(grid.shape)
    pixels = np.stack((columns, rows, np.zeros_like(rows)), axis=-1).reshape(-1, 3)
    at = apply(volume.ijk_from_local_ras @ grid.local_ras_from_image_uv, pixels)
    j = np.floor(at[:, 1] + 0.5).astype(int) - patch.offset_kji[1]
    i = np.floor(at[:, 0] + 0.5).astype(int) - patch.offset_kji[2]
    _, height, width = patch.mask.shape
    inside = (j >= 0) & (j < height) & (i >= 0) & (i < width)
    mask = inside & patch.mask[layer][np.where(inside, j, 0), np.where(inside, i, 0)]
    return plane, mask.reshape(grid.shape)
