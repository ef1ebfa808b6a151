"""Pictures (PNG, JPEG, TIFF, BMP) as scans of one slice."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.lps import ras_from_lps
from GazeSAMLib.scans.parts import chosen_part
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.scans.voxels import Voxels, compact, luminance
from GazeSAMLib.scans.window import default_window


def read_picture(path: Path, series: str | None = None) -> Scan:
    """Read a picture as a scan of one axial slice with voxels of 1 mm.

    Colour becomes brightness; the orientation in a photograph's EXIF data is applied. Shown
    in radiological orientation the slice looks like the picture: column i grows to the
    patient's left, row j to the back.

    Parameters
    ----------
    path : Path
        The file; its content, not its name, says the format.
    series : str, optional
        The page, from 1, of a file with several.

    Raises
    ------
    ScanError
        If the file is damaged or holds several pages and none was chosen.
    """
    try:
        # Damaged EXIF data leave the pixels whole.
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            pages = getattr(image, "n_frames", 1)
            image.seek(chosen_part(path, pages, "pages", series))
            upright = ImageOps.exif_transpose(image)
            pixels_ji, notes = _grey(upright)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ScanError(f"{path} cannot be read as a picture: {error}") from error
    voxels_kji, changes = compact(path, pixels_ji[None])
    window, level = (255.0, 127.5) if pixels_ji.dtype == np.uint8 else default_window(voxels_kji)
    return Scan(
        voxels_kji,
        VolumeGeometry(voxels_kji.shape, ras_from_lps(np.eye(4))),
        path.stem,
        path,
        window=window,
        level=level,
        notes=(*notes, *changes, "a picture has no size: its pixels are taken to be 1 mm"),
    )


def _grey(image: Image.Image) -> tuple[Voxels, tuple[str, ...]]:
    if image.mode in ("1", "L", "F", "I") or image.mode.startswith("I;16"):
        return np.asarray(image), ()
    if image.mode == "LA":
        return np.asarray(image.convert("L")), ()
    return luminance(np.asarray(image.convert("RGB")))
