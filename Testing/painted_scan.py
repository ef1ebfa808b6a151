"""A scan painted by numbers: every structure has a grey of its own, so its picture is the truth."""

from pathlib import Path

import nibabel
import numpy as np

from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.truth import Structure

DISPLAY = DisplayGeometry(0.0, 0.0, 1920.0, 1080.0, 531.0, 299.0, 650.0)

SHAPE_KJI = (6, 128, 128)
RAS_FROM_IJK = np.array(
    [[-2.0, 0, 0, 127.0], [0, -2.0, 0, 127.0], [0, 0, 5.0, -12.5], [0, 0, 0, 1.0]]
)
NAMES = {1: "left disc", 2: "right disc", 3: "bar"}
GREY_STEP = 60


def painted_labels() -> np.ndarray:
    """Labels (k, j, i): two discs of 20 voxels radius and a bar, on all slices but the last."""
    labels = np.zeros(SHAPE_KJI, dtype=np.uint8)
    rows, columns = np.ogrid[: SHAPE_KJI[1], : SHAPE_KJI[2]]
    labels[:5, (rows - 40) ** 2 + (columns - 34) ** 2 <= 400] = 1
    labels[:5, (rows - 40) ** 2 + (columns - 94) ** 2 <= 400] = 2
    labels[:5, 84:108, 20:108] = 3
    return labels


def painted_scan(path: Path = Path("painted")) -> Scan:
    """The scan whose greys are the labels."""
    voxels = (GREY_STEP * painted_labels()).astype(np.int16)
    volume = VolumeGeometry(SHAPE_KJI, RAS_FROM_IJK)
    return Scan(voxels, volume, "painted", path, window=255.0, level=127.5)


def painted_structures() -> list[Structure]:
    """What is in it."""
    labels = painted_labels()
    return [Structure(name, labels, value) for value, name in NAMES.items()]


def write_painted(folder: Path) -> tuple[Path, Path]:
    """Write scan and labels as NIfTI files; return their paths."""
    paths = folder / "scan.nii.gz", folder / "labels.nii.gz"
    for path, values in zip(paths, (painted_scan().voxels_kji, painted_labels()), strict=True):
        image = nibabel.Nifti1Image(values.transpose(2, 1, 0), RAS_FROM_IJK)
        nibabel.save(image, path)
    return paths


class TruthEngine:
    """Reads the truth from the picture: the pixels of the greys that are pointed at.

    A negative point takes its own grey away. What is no structure (black) is never part of it.
    """

    name = "truth"
    weights_digest = "1"

    def embed(self, pixels: np.ndarray) -> np.ndarray:
        return pixels

    def decode(self, embedding, prompts):
        mask = np.zeros(embedding.shape, dtype=bool)
        for (u, v), label in zip(prompts.points_image_uv, prompts.labels, strict=True):
            same = embedding == embedding[int(v + 0.5), int(u + 0.5)]
            mask = mask | same if label else mask & ~same
        logits = np.where(mask & (embedding > 0), np.float32(1.0), np.float32(-1.0))
        return MaskCandidates(logits[None], np.ones(1, dtype=np.float32))


class ScriptedEngine:
    """Gives prepared masks, one list of candidates after the other, and keeps the prompts."""

    name = "scripted"
    weights_digest = "1"

    def __init__(self, answers: list[list[np.ndarray]], *, low_res: bool = False) -> None:
        self.asked: list = []
        self._answers = answers
        self._low_res = low_res

    def embed(self, pixels: np.ndarray) -> np.ndarray:
        return pixels

    def decode(self, _embedding, prompts):
        masks = self._answers[min(len(self.asked), len(self._answers) - 1)]
        self.asked.append(prompts)
        logits = np.where(masks, np.float32(1.0), np.float32(-1.0))
        scores = np.linspace(0.9, 0.1, len(masks), dtype=np.float32)
        low_res = np.full((len(masks), 4, 4), len(self.asked), np.float32)
        return MaskCandidates(logits, scores, low_res if self._low_res else None)
