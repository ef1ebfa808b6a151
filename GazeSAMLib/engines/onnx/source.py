"""The PyTorch model that is exported."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from GazeSAMLib.engines.catalogue.entry import Prompt
from GazeSAMLib.engines.catalogue.models import find_model, model_names
from GazeSAMLib.engines.catalogue.shelf import ModelShelf
from GazeSAMLib.engines.registry import engine_of
from GazeSAMLib.errors import EngineError

EXPORTABLE = ("sam", "mobile_sam")

_INSTEAD = f"those of {' and '.join(EXPORTABLE)} that take points can be"


@dataclass(frozen=True, eq=False)
class ExportSource:
    """A model to export.

    Attributes
    ----------
    model : torch.nn.Module
        With Segment Anything's `image_encoder`, `prompt_encoder` and `mask_decoder`.
    engine, name : str
        The engine it belongs to; what it is called.
    weights_sha256 : str
        Of its file.
    """

    model: Any
    engine: str
    name: str
    weights_sha256: str


def check_exportable(name: str) -> None:
    """Find out before the work whether a model or an engine of that name can be exported.

    Raises
    ------
    EngineError
        If there is none of that name, or it cannot be exported.
    """
    engine = engine_of(name).name
    boxes_alone = name in model_names() and Prompt.POINTS not in find_model(name).prompts
    if engine not in EXPORTABLE or boxes_alone:
        raise EngineError(f"'{name}' cannot be exported: of the models, {_INSTEAD}")


def load_source(name: str, checkpoint: Path | None = None) -> ExportSource:
    """Return the model of that name, or the model in a checkpoint file.

    Parameters
    ----------
    name : str
        Of a model of the catalogue, or of an engine where there is a checkpoint.
    checkpoint : Path or None
        The file of weights; None takes the model's own, which has to be on this machine.

    Raises
    ------
    CheckpointError
        If the file is not one of that engine's.
    EngineError
        If such a model cannot be exported, or torch is not there.
    ModelError
        If the model's file is not on this machine.
    """
    check_exportable(name)
    engine = engine_of(name).name
    if checkpoint is None and name not in model_names():
        raise EngineError(
            f"'{name}' is an engine: name one of its models, or give a file as checkpoint"
        )
    if checkpoint is not None and name != engine:
        raise EngineError(
            f"the model '{name}' has weights of its own: leave the checkpoint out, or name the "
            f"engine '{engine}' in its place"
        )
    path = ModelShelf().open(find_model(name)) if checkpoint is None else checkpoint
    model, architecture, digest = _loaded(engine, path)
    if any(hasattr(block, "Adapter") for block in getattr(model.image_encoder, "blocks", ())):
        raise EngineError(f"{path} is a SAM-Med2D, which cannot be exported: {_INSTEAD}")
    return ExportSource(model, engine, name if checkpoint is None else architecture.name, digest)


def _loaded(engine: str, path: Path) -> tuple[Any, Any, str]:
    if engine == "mobile_sam":
        from GazeSAMLib.engines.mobile_sam.checkpoint import load_mobile_sam
        from GazeSAMLib.engines.torch_runtime.weights_file import file_digest

        return (*load_mobile_sam(path), file_digest(path))
    from GazeSAMLib.engines.sam.checkpoint import load_sam

    return load_sam(path)
