"""Reading a file of weights that nobody has to trust, and saying whose weights they are."""

import hashlib
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from GazeSAMLib.engines.torch_runtime.imports import import_torch
from GazeSAMLib.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

ArchitectureT = TypeVar("ArchitectureT")

# The first whose tensor is there says what a file is: special ones before general ones.
_MARKS = (
    ("image_encoder.trunk.pos_embed", "SAM 2"),
    ("image_encoder.patch_embed.seq.0.c.weight", "MobileSAM"),
    ("image_encoder.blocks.0.Adapter.channel.0.weight", "SAM-Med2D"),
    ("image_encoder.blocks.0.attn.rel_pos_h", "Segment Anything (or MedSAM)"),
    ("image_encoder.neck.0.weight", "a relative of Segment Anything"),
    ("vision_encoder.backbone.pos_embed", "SAM 2 in another library's naming"),
    ("vision_encoder.pos_embed", "Segment Anything in another library's naming"),
)


def read_tensors(path: Path) -> "dict[str, Tensor]":
    """Return the tensors of a PyTorch file by their names, on the CPU.

    Only tensors are read (``weights_only``): a file that would run code is refused. They may
    lie in a dictionary under ``model``, as training scripts save them.

    Raises
    ------
    CheckpointError
        If the file is not there, is cut short, or holds something else.
    """
    torch = import_torch()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch asks to be told of files that are refused
            content = _content(path)
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


def _content(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return what is in a file, or in it under ``model``, without reading the rest.

    A training script's file holds its optimiser too, twice as large as the model: that is only
    mapped into memory. What is used is copied, because a map of a file that somebody cuts short
    would end the process.
    """
    torch = import_torch()
    if zipfile.is_zipfile(path):
        with _without_optimisers():
            mapped = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        if _is_wrapped(mapped):
            return {
                name: value.clone() if isinstance(value, torch.Tensor) else value
                for name, value in mapped["model"].items()
            }
        del mapped
    with _without_optimisers():
        content = torch.load(path, map_location="cpu", weights_only=True)
    return content["model"] if _is_wrapped(content) else content


class _Ignored:
    """Stands for an optimiser that a training script saved whole, and forgets what it held."""

    def __setstate__(self, _state: object) -> None:
        pass


def _forgotten(*_arguments: object) -> dict[object, object]:
    return {}


def _without_optimisers() -> Any:  # noqa: ANN401 - torch's context manager
    """Let files be read in which an optimiser lies beside the weights, as SAM-Med2D's does.

    None of their code runs: their names are made to stand for something empty.
    """
    names = (f"torch.optim.{kind.lower()}.{kind}" for kind in ("Adam", "AdamW", "SGD"))
    stand_ins: list[tuple[object, str]] = [(_Ignored, name) for name in names]
    stand_ins += [(_forgotten, "collections.defaultdict"), (dict, "builtins.dict")]
    return import_torch().serialization.safe_globals(stand_ins)


def _is_wrapped(content: object) -> bool:
    return isinstance(content, dict) and isinstance(content.get("model"), dict)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits.

    Raises
    ------
    CheckpointError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(
            f"the checkpoint {path} cannot be read: {error.strerror or error}"
        ) from error


def seems_to_be(names: Iterable[str]) -> str:
    """Return for people which model has tensors of these names; empty where none is known."""
    present = set(names)
    return next((model for mark, model in _MARKS if mark in present), "")


def recognised(
    tensors: "Mapping[str, Tensor]",
    architecture_of: Callable[[Mapping[str, tuple[int, ...]]], ArchitectureT],
    model: str,
    *others: str,
) -> ArchitectureT:
    """Return the architecture that `architecture_of` reads off the shapes of tensors.

    Parameters
    ----------
    tensors : mapping
        By name.
    architecture_of : callable
        Raises `CheckpointError` where they are not those of its model.
    model : str
        What it is called.
    *others : str
        What :func:`seems_to_be` says of models that it reads as well.

    Raises
    ------
    CheckpointError
        If they are another model's, which is named where it is known.
    """
    try:
        return architecture_of({name: tuple(tensor.shape) for name, tensor in tensors.items()})
    except CheckpointError as error:
        other = seems_to_be(tensors)
        if other in ("", model, *others):
            raise
        raise CheckpointError(f"it seems to be {other}, not {model}") from error


def check_tensors(
    tensors: "Mapping[str, Tensor]", expected: "Mapping[str, Tensor]", model: str
) -> None:
    """See that every tensor that `model` needs is there, fits, and that there are no others.

    Raises
    ------
    CheckpointError
        If not; names the first tensor that is wrong.
    """
    for name, tensor in expected.items():
        if name not in tensors:
            raise CheckpointError(f"it has no tensor '{name}'")
        if tensors[name].shape != tensor.shape:
            raise CheckpointError(
                f"its tensor '{name}' has shape {tuple(tensors[name].shape)}, "
                f"not {tuple(tensor.shape)}"
            )
        if tensor.is_floating_point() and not tensors[name].is_floating_point():
            raise CheckpointError(
                f"its tensor '{name}' holds {tensors[name].dtype}: quantised weights are not read"
            )
    foreign = sorted(tensors.keys() - expected.keys())
    if foreign:
        raise CheckpointError(
            f"it is of another model: {len(foreign)} tensors such as '{foreign[0]}' are not "
            f"those of {model}"
        )
