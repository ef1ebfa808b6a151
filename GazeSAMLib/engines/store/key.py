"""Which slice image was embedded by what: equal keys, same embedding."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from GazeSAMLib.engines.engine import EVERYTHING, Engine, RunsOn
from GazeSAMLib.geometry.affine import round_steadily
from GazeSAMLib.geometry.slice_image import SliceGrid

_ORIGIN_DIGITS = 3  # mm
_DIRECTION_DIGITS = 6  # moves no pixel of a slice image by more than 0.001 pixels


@dataclass(frozen=True, slots=True)
class EmbeddingKey:
    """Names one embedding.

    Attributes
    ----------
    weights_digest, runs_on : str
        What embedded it: the weights, whatever name they were chosen by, and where they ran.
    scan_digest : str
        The scan (:func:`GazeSAMLib.geometry.digest.scan_digest`).
    plane : tuple of float
        The centre of the slice image's first pixel, mm, and the directions of its rows and
        columns, local RAS, rounded: all planes within a layer of voxels give the same.
    pixel_mm : float
        Side of a pixel.
    shape : tuple of int
        Height and width of the slice image.
    window, level : float
        As displayed.
    """

    weights_digest: str
    runs_on: str
    scan_digest: str
    plane: tuple[float, ...]
    pixel_mm: float
    shape: tuple[int, int]
    window: float
    level: float

    @classmethod
    def of(
        cls, engine: Engine[Any], scan_digest: str, grid: SliceGrid, window: float, level: float
    ) -> Self:
        """Return the key of a slice image as `engine` embeds it now."""
        matrix = grid.local_ras_from_image_uv
        directions = round_steadily((matrix[:3, :2] / grid.pixel_mm).T, _DIRECTION_DIGITS)
        origin = round_steadily(matrix[:3, 3], _ORIGIN_DIGITS)
        return cls(
            engine.weights_digest,
            _runs_on(engine),
            scan_digest,
            tuple(np.concatenate((origin, directions.ravel())).tolist()),
            float(round_steadily(grid.pixel_mm, _DIRECTION_DIGITS)),
            grid.shape,
            float(window),
            float(level),
        )

    def made_by(self, engine: Engine[Any]) -> Self:
        """Return the key of what `engine` has made, which may have had to move meanwhile."""
        return replace(self, runs_on=_runs_on(engine))

    def with_everything(self) -> Self:
        """Return the key under which the embedding is kept together with all masks."""
        return replace(self, weights_digest=self.weights_digest + EVERYTHING)

    def text(self) -> str:
        """Return the key as JSON, for the file that it names."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def file_name(self) -> str:
        """Return a name for it that every file system takes."""
        return f"{hashlib.blake2b(self.text().encode(), digest_size=20).hexdigest()}.embedding"


def _runs_on(engine: Engine[Any]) -> str:
    return engine.runs_on if isinstance(engine, RunsOn) else ""
