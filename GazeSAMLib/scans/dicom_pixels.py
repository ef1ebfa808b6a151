"""From the bytes of DICOM frames to voxel values.

Plain little-endian pixels are read straight into their place, which is faster than any
library; everything else is decoded.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from GazeSAMLib.errors import ScanError
from GazeSAMLib.scans.dicom_decoding import decoded_frames
from GazeSAMLib.scans.dicom_frames import Frame, PixelFormat
from GazeSAMLib.scans.progress import Progress
from GazeSAMLib.scans.voxels import Voxels, compact, integer_type, luminance


def load_voxels(frames: Sequence[Frame], progress: Progress) -> tuple[Voxels, tuple[str, ...]]:
    """Return the values of `frames` after rescaling, shape (k, rows, columns), and notes.

    Parameters
    ----------
    frames : sequence of Frame
        One a slice, all of one size, all grey or all coloured.
    progress : Progress
        Called for every slice.

    Raises
    ------
    ScanError
        If pixels are missing or damaged, or their compression is not supported.
    """
    first = frames[0].file
    formats = {frame.file.pixels for frame in frames}
    dtype = np.result_type(*map(_stored_type, formats))
    shape = (len(frames), first.pixels.rows, first.pixels.columns)
    try:
        stack = np.empty(shape, dtype=dtype)
    except MemoryError as error:
        raise ScanError(f"{first.path}: {shape} voxels do not fit into memory") from error
    places: dict[Path, list[int]] = defaultdict(list)
    for k, frame in enumerate(frames):
        places[frame.file.path].append(k)
    notes: set[str] = set()
    done = 0
    for places_of_file in places.values():
        for remarks in _fill(stack, frames, places_of_file):
            notes.update(remarks)
            done += 1
            progress("reading slices", done, len(frames))
    if any(pixels.photometric == "MONOCHROME1" for pixels in formats):
        notes.add("stored with dark as bright (MONOCHROME1): values were turned round")
    voxels, changes = compact(first.path, _rescaled(stack, frames))
    return voxels, (*sorted(notes), *changes)


def _stored_type(pixels: PixelFormat) -> np.dtype[Any]:
    if pixels.has_lookup or pixels.photometric == "PALETTE COLOR":
        return np.dtype(np.uint16)  # tables have 8 or 16 bits
    return np.dtype(f"{pixels.kind}{max(1, pixels.bits_allocated // 8)}")


def _fill(
    stack: Voxels, frames: Sequence[Frame], places: Sequence[int]
) -> Iterator[tuple[str, ...]]:
    """Read the frames of one file, those at `places`, into `stack`; give notes on each."""
    file = frames[places[0]].file
    pixels = file.pixels
    own_type = _stored_type(pixels)
    is_plain = file.pixel_offset is not None and sys.byteorder == "little"
    if is_plain and own_type == stack.dtype and not (pixels.is_color or pixels.has_lookup):
        for k in places:
            _read_plain(frames[k], stack[k])
            _tidy(pixels, stack[k])
            yield ()
        return
    decoded = decoded_frames(file, [frames[k].index for k in places])
    for k, values in zip(places, decoded, strict=True):
        grey, remarks = luminance(values) if pixels.is_color else (values, ())
        stored = grey.astype(own_type)
        if not pixels.has_lookup:
            _tidy(pixels, stored)
        stack[k] = stored
        yield remarks


def _read_plain(frame: Frame, out: Voxels) -> None:
    offset = frame.file.pixel_offset or 0
    try:
        with frame.file.path.open("rb", buffering=0) as stream:
            stream.seek(offset + frame.index * out.nbytes)
            count = stream.readinto(out.data.cast("B"))
    except OSError as error:
        raise ScanError(f"{frame.file.path} cannot be read: {error}") from error
    if count != out.nbytes:
        raise ScanError(
            f"{frame.file.path} is truncated: frame {frame.index + 1} has {count} of "
            f"{out.nbytes} bytes; copy or export the file again"
        )


def _tidy(pixels: PixelFormat, stored: Voxels) -> None:
    """Clear the unused bits of grey whole numbers and turn MONOCHROME1 round, in place."""
    if pixels.is_color or pixels.kind == "f":
        return
    unused = pixels.bits_allocated - 1 - pixels.high_bit
    if unused > 0 or pixels.bits_stored < pixels.bits_allocated:
        # Old files keep overlays in the unused bits; shifting there and back clears them
        # and repeats the sign.
        np.left_shift(stored, unused, out=stored)
        np.right_shift(stored, pixels.bits_allocated - pixels.bits_stored, out=stored)
    if pixels.photometric == "MONOCHROME1":
        np.subtract(pixels.mirror, stored, out=stored)


def _rescaled(stack: Voxels, frames: Sequence[Frame]) -> Voxels:
    """Apply each frame's slope and intercept; whole numbers stay whole where these are whole."""
    scales = {
        (frame.slope, frame.intercept)
        for frame in frames
        if not frame.file.pixels.has_lookup and not frame.file.pixels.is_color
    }
    if scales <= {(1.0, 0.0)}:
        return stack
    if len(scales) == 1 and stack.dtype.kind in "iu":
        slope, intercept = next(iter(scales))
        if slope.is_integer() and intercept.is_integer():
            whole = _scaled_whole(stack, int(slope), int(intercept))
            if whole is not None:
                return whole
    result = np.empty(stack.shape, dtype=np.float32)
    for k, frame in enumerate(frames):
        result[k] = stack[k] * np.float64(frame.slope) + np.float64(frame.intercept)
    return result


def _scaled_whole(stack: Voxels, slope: int, intercept: int) -> Voxels | None:
    ends = [int(end) * slope + intercept for end in (stack.min(), stack.max())]
    dtype = np.dtype(integer_type(min(ends), max(ends)))
    if dtype.kind not in "iu":
        return None
    # Whole numbers wrap around, so sums that fit in the end may overflow on the way.
    whole = stack.view(dtype) if stack.dtype.itemsize == dtype.itemsize else stack.astype(dtype)
    if slope != 1:
        whole *= np.array(slope).astype(dtype)
    whole += np.array(intercept).astype(dtype)
    return whole
