"""Loading a Segment Anything checkpoint from a file that nobody has to trust."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

from GazeSAMLib.engines.sam.architecture import SamArchitecture
from GazeSAMLib.engines.sam.runtime import import_segment_anything
from GazeSAMLib.errors import CheckpointError


def load_sam(path: Path) -> tuple[Any, SamArchitecture, str]:
    """Return the model, its architecture, and the file's SHA-256 as hexadecimal digits.

    Only tensors are read (``weights_only``): a file that would run code is refused. Every
    tensor's name and shape must be the model's before any of them is used.

    Raises
    ------
    CheckpointError
        If the file is not there, truncated, holds something else than tensors, or the tensors
        are those of another model.
    EngineError
        If torch or segment_anything cannot be imported.
    """
    import_segment_anything()
    import torch

    tensors = _read_tensors(path)
    try:
        architecture = SamArchitecture.of({name: tuple(t.shape) for name, t in tensors.items()})
        model = architecture.build("meta")
        _check(tensors, model)
    except CheckpointError as error:
        raise CheckpointError(f"{path} cannot be used: {error}") from error
    model.load_state_dict(tensors, assign=True)
    # Not part of a checkpoint, so still without storage.
    model.register_buffer(
        "pixel_mean", torch.tensor([123.675, 116.28, 103.53]).view(-1, 1, 1), False
    )
    model.register_buffer("pixel_std", torch.tensor([58.395, 57.12, 57.375]).view(-1, 1, 1), False)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return model.float().requires_grad_(False), architecture, digest


def _read_tensors(path: Path) -> dict[str, Any]:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(
            f"the checkpoint {path} cannot be read: {error.strerror or error}"
        ) from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} is not a checkpoint of weights alone and was not opened: it is damaged, or "
            "it holds Python objects that could run code"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError, TypeError) as error:
        raise CheckpointError(
            f"{path} is damaged, cut short, or not a PyTorch checkpoint; download it again"
        ) from error
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        content = content["model"]  # as training scripts save it
    if (
        not isinstance(content, dict)
        or not content
        or not all(
            isinstance(name, str) and isinstance(tensor, torch.Tensor)
            for name, tensor in content.items()
        )
    ):
        raise CheckpointError(f"{path} does not hold a model's weights")
    return content


def _check(tensors: dict[str, Any], model: Any) -> None:  # noqa: ANN401 - a torch module
    expected = model.state_dict()
    for name, tensor in expected.items():
        if name not in tensors:
            raise CheckpointError(f"it has no tensor '{name}'")
        if tensors[name].shape != tensor.shape:
            raise CheckpointError(
                f"its tensor '{name}' has shape {tuple(tensors[name].shape)}, "
                f"not {tuple(tensor.shape)}"
            )
    foreign = sorted(tensors.keys() - expected.keys())
    if foreign:
        raise CheckpointError(
            f"it is of another model: {len(foreign)} tensors such as '{foreign[0]}' are not "
            "Segment Anything's"
        )
