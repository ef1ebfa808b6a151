"""The frames (slices) of DICOM files: what their headers say of place, size, storage, display."""

from dataclasses import dataclass
from pathlib import Path

# What tells images at the same place apart, most telling first.
TRAITS = (
    "ImageType",
    "FrameType",
    "StackID",
    "EchoTime",
    "EffectiveEchoTime",
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "DiffusionBValue",
    "TriggerTime",
    "NominalCardiacTriggerDelayTime",
    "AcquisitionNumber",
    "ConvolutionKernel",
    "AcquisitionTime",
)


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How a file stores its pixels.

    Attributes
    ----------
    kind : str
        As in numpy: i (signed), u (unsigned), f (floating point).
    encoding : str
        Transfer syntax UID.
    has_lookup : bool
        Whether a modality lookup table takes the place of slope and intercept.
    """

    rows: int
    columns: int
    samples: int
    kind: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    photometric: str
    encoding: str
    has_lookup: bool

    @property
    def is_color(self) -> bool:
        """Whether a pixel is a colour, directly or through a palette."""
        return self.samples > 1 or self.photometric == "PALETTE COLOR"

    @property
    def mirror(self) -> int:
        """Sum of the smallest and the largest value that can be stored."""
        return -1 if self.kind == "i" else (1 << self.bits_stored) - 1


@dataclass(frozen=True, slots=True)
class DicomFile:
    """What all frames of a file share.

    Attributes
    ----------
    pixel_offset : int or None
        Where the first pixel's first byte is, if pixels lie plain and little-endian in the file.
    series_uid : str
        Empty where the file has none.
    """

    path: Path
    pixels: PixelFormat
    frame_count: int
    pixel_offset: int | None
    series_uid: str
    series_number: float
    description: str
    modality: str
    image_type: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One slice: where it lies and how its values are meant; None where the file is silent.

    Attributes
    ----------
    index : int
        Number of the frame in its file, from 0.
    position_lps : tuple of float or None
        Centre of the top-left pixel, mm.
    orientation_lps : tuple of float or None
        Direction along a row (toward growing columns), then along a column.
    spacing_mm : tuple of float or None
        Between rows, then between columns.
    step_mm : float or None
        To the next slice (or, failing that, the slice's thickness), if the file says.
    window_level : tuple of float or None
        The first one of the file.
    place : float
        SliceLocation, else the instance number: only used where there is no position.
    traits : tuple of str
        The values of :data:`TRAITS`.
    """

    file: DicomFile
    index: int
    position_lps: tuple[float, ...] | None
    orientation_lps: tuple[float, ...] | None
    spacing_mm: tuple[float, ...] | None
    step_mm: float | None
    slope: float
    intercept: float
    window_level: tuple[float, float] | None
    instance: float
    place: float
    traits: tuple[str, ...]
