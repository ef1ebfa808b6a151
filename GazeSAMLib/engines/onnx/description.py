"""What stands in the folder of an exported model: ``model.json`` beside the ONNX files.

::

    model.json          this description
    encoder.onnx        image (1, 3, S, S) -> embedding (1, C, T, T), float32
    encoder.onnx.data   the encoder's weights, where they are too large for one file
    decoder.onnx        embedding, points, mask -> low-resolution logits and their expected IoU

The names are fixed: nothing that a stranger writes into ``model.json`` names a path.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from GazeSAMLib.errors import CheckpointError

DESCRIPTION, ENCODER, DECODER = "model.json", "encoder.onnx", "decoder.onnx"
ENCODER_WEIGHTS = f"{ENCODER}.data"
FILES = (ENCODER, DECODER, ENCODER_WEIGHTS)

FORMAT = 1
PRECISIONS = ("fp32", "int8")

LARGEST_DESCRIPTION_BYTES = 100_000
LARGEST_IMAGE_PX = 4096

_REMEDY = "export the model again with: gazesam export-onnx"


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """An exported model.

    Attributes
    ----------
    engine, model : str
        The engine that it was exported from, and the model's name for people.
    weights_sha256 : str
        Of the file of weights it was exported from.
    image_px : int
        Side S of the square input.
    embedding_shape : tuple of int
        (C, T, T): channels, and tokens along each side.
    mask_px : int
        Side of the low-resolution masks.
    pixel_mean, pixel_std : tuple of float
        Of red, green and blue, grey values from 0 to 255: subtracted, and divided by.
    precision : str
        Of the encoder: one of :data:`PRECISIONS`.
    opset : int
        Of the ONNX files.
    sha256 : dict of str
        Digest of each file by its name.
    parity : dict of str
        How far masks and embedding are from those of PyTorch.
    versions : dict of str
        Of the programs that exported it.
    """

    engine: str
    model: str
    weights_sha256: str
    image_px: int
    embedding_shape: tuple[int, int, int]
    mask_px: int
    pixel_mean: tuple[float, float, float]
    pixel_std: tuple[float, float, float]
    precision: str
    opset: int
    sha256: dict[str, str] = field(default_factory=dict)
    parity: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """One digest for all its files, hexadecimal."""
        parts = "\n".join(f"{name} {self.sha256[name]}" for name in sorted(self.sha256))
        return hashlib.sha256(parts.encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write ``model.json`` into the folder of the model's files."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=2)
        (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "ModelDescription":
        """Return the description in a folder.

        Raises
        ------
        CheckpointError
            If it is missing, was written by a newer GazeSAM, or does not describe a model.
        """
        path = folder / DESCRIPTION
        try:
            with path.open("rb") as file:
                text = file.read(LARGEST_DESCRIPTION_BYTES + 1)
        except OSError as error:
            raise CheckpointError(
                f"{folder} is not an exported model: {DESCRIPTION} cannot be read "
                f"({error.strerror or error}); {_REMEDY}"
            ) from error
        try:
            return cls._of(_object(path, text))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise CheckpointError(
                f"{path} does not describe an exported model ({error}); {_REMEDY}"
            ) from error

    @classmethod
    def _of(cls, values: dict[str, Any]) -> "ModelDescription":
        known = {one.name: values[one.name] for one in fields(cls)}
        for name in ("embedding_shape", "pixel_mean", "pixel_std"):
            known[name] = tuple(known[name])
        described = cls(**known)
        described._check()
        return described

    def _check(self) -> None:
        """Raise ValueError unless the values can be those of a model."""
        sides = (self.image_px, self.mask_px, *self.embedding_shape)
        _require(len(self.embedding_shape) == 3, "embedding_shape has three numbers")
        _require(
            all(type(side) is int and 0 < side <= LARGEST_IMAGE_PX for side in sides),
            f"image_px, mask_px and embedding_shape are whole numbers up to {LARGEST_IMAGE_PX}",
        )
        for colour in (self.pixel_mean, self.pixel_std):
            _require(
                len(colour) == 3 and all(type(one) in (int, float) for one in colour),
                "pixel_mean and pixel_std have three numbers",
            )
        _require(all(0.0 < one < 1e6 for one in self.pixel_std), "pixel_std is above zero")
        _require(all(abs(one) < 1e6 for one in self.pixel_mean), "pixel_mean is finite")
        _require(self.precision in PRECISIONS, f"precision is one of {', '.join(PRECISIONS)}")
        _require(
            {ENCODER, DECODER} <= set(self.sha256) <= set(FILES), "sha256 names the model's files"
        )
        texts = (self.engine, self.model, self.weights_sha256, *self.sha256.values())
        _require(all(isinstance(one, str) for one in texts), "names and digests are texts")


def check_files(folder: Path, described: ModelDescription) -> None:
    """Read the model's files and compare their digests.

    Raises
    ------
    CheckpointError
        If one is missing, or not the one that was exported.
    """
    for name, expected in described.sha256.items():
        path = folder / name
        try:
            found = file_sha256(path)
        except OSError as error:
            raise CheckpointError(
                f"the exported model's file {path} cannot be read "
                f"({error.strerror or error}); {_REMEDY}"
            ) from error
        if found != expected:
            raise CheckpointError(
                f"{path} is damaged or was replaced: its SHA-256 is not the one in "
                f"{DESCRIPTION}; {_REMEDY}"
            )


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _object(path: Path, text: bytes) -> dict[str, Any]:
    _require(len(text) <= LARGEST_DESCRIPTION_BYTES, "it is too long")
    values: dict[str, Any] = json.loads(text)
    _require(isinstance(values, dict), "it is no JSON object")
    version = values.get("format")
    if not isinstance(version, int):
        raise ValueError("its format has no number")
    if version > FORMAT:
        raise CheckpointError(
            f"{path} is of format {version}, this GazeSAM reads up to {FORMAT}: install a newer "
            "GazeSAM, or export the model with this one"
        )
    _require(isinstance(values.get("sha256"), dict), "it has no digests")
    return values


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
