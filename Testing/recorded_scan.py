"""A scan of which the truth is known, and recordings of gaze on it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np

from GazeSAMLib.frames import LocalRasPoint
from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.simulation.layout import arrange
from GazeSAMLib.simulation.options import ReaderOptions
from GazeSAMLib.simulation.planned import PlannedLook, record_looks

DISPLAY = DisplayGeometry(0.0, 0.0, 1920.0, 1080.0, 531.0, 299.0, 650.0)

PERFECT = ReaderOptions(
    accuracy_deg=0.0,
    precision_rms_deg=0.02,
    eye_disagreement_deg=0.0,
    data_loss=0.0,
    one_eye_losses_per_min=0.0,
    blinks_per_min=0.0,
    looks_away_per_min=0.0,
)
"""A reader and a tracker without error."""

SHAPE_KJI = (24, 64, 56)
RADIUS_MM = 19.0
# Two balls of different grey, in fractions of the scan's extent.
CENTRES = {"bright ball": (0.32, 0.5, 0.5), "grey ball": (0.72, 0.5, 0.5)}
GREYS = {"bright ball": 300, "grey ball": 150}

OBLIQUE = np.array(
    [
        [-1.9, 0.35, -0.40, 60.0],
        [-0.30, -1.9, 0.45, 70.0],
        [0.38, 0.55, 2.90, -45.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
"""Rotated about all axes, slightly sheared, anisotropic, left-handed or not: as scans come."""

STRAIGHT = np.array([[-2.0, 0, 0, 56.0], [0, -2.0, 0, 64.0], [0, 0, 3.0, -36.0], [0, 0, 0, 1.0]])


def ball_centre_ras(name: str, ras_from_ijk: np.ndarray = STRAIGHT) -> np.ndarray:
    """The ball's centre in RAS, mm."""
    count_ijk = np.array(SHAPE_KJI[::-1])
    return ras_from_ijk[:3, :3] @ (np.array(CENTRES[name]) * (count_ijk - 1)) + ras_from_ijk[:3, 3]


def inside_ball(
    name: str, ras_from_ijk: np.ndarray = STRAIGHT, margin_mm: float = 0.0
) -> np.ndarray:
    """The voxels (k, j, i) whose centre lies in the ball, made larger by a margin."""
    index = np.moveaxis(np.indices(SHAPE_KJI[::-1]), 0, -1)
    points = index @ ras_from_ijk[:3, :3].T + ras_from_ijk[:3, 3]
    away_mm = np.linalg.norm(points - ball_centre_ras(name, ras_from_ijk), axis=-1)
    return (away_mm <= RADIUS_MM + margin_mm).transpose(2, 1, 0)


def write_scan(path: Path, ras_from_ijk: np.ndarray = STRAIGHT, seed: int = 0) -> Path:
    """Write the balls as a NIfTI file, with a little noise."""
    voxels_kji = np.full(SHAPE_KJI, 20.0)
    for name, grey in GREYS.items():
        voxels_kji[inside_ball(name, ras_from_ijk)] = grey
    voxels_kji += np.random.default_rng(seed).normal(0.0, 4.0, SHAPE_KJI)
    image = nibabel.Nifti1Image(
        voxels_kji.round().astype(np.int16).transpose(2, 1, 0), ras_from_ijk
    )
    image.set_sform(ras_from_ijk, code=1)
    nibabel.save(image, path)
    return path


def look_at(
    scan_path: Path,
    name: str,
    *,
    ras_from_ijk: np.ndarray = STRAIGHT,
    along_mm: float = 0.0,
    key: EventKind | None = EventKind.ACCEPT,
    rotated: bool = True,
) -> PlannedLook:
    """A look at a ball's middle, on the slice `along_mm` from its centre."""
    views = arrange(read_scan(scan_path), DISPLAY, rotated=rotated)
    matrix = views.reading.geometry.local_ras_from_view_xy
    normal = matrix[:3, 2] / np.linalg.norm(matrix[:3, 2])
    target = LocalRasPoint(*(ball_centre_ras(name, ras_from_ijk) + along_mm * normal))
    return PlannedLook(views.at(target).reading, (target,), key=key, segment=name)


def record(
    folder: Path,
    scan_path: Path,
    looks: Sequence[PlannedLook],
    *,
    digest: str | None = "",
    options: ReaderOptions = PERFECT,
    seed: int = 0,
) -> Path:
    """Write the recording of `looks`; the digest is the scan's own if it is empty."""
    if digest == "":
        scan = read_scan(scan_path)
        digest = scan_digest(scan.voxels_kji, scan.volume)
    record_looks(folder, looks, display=DISPLAY, scan_digest=digest, options=options, seed=seed)
    return folder


def beside_the_scan(view: SliceView) -> SliceView:
    """The same view, moved off the display: whatever is looked at lies beside it."""
    return replace(view, layout=replace(view.layout, left_px=view.layout.left_px + 10_000.0))
