"""The engines by name: what they are for, whether they can run here, how to make one."""

import importlib
import importlib.util
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from GazeSAMLib.engines.catalogue.entry import ModelEntry
from GazeSAMLib.engines.catalogue.models import all_models, find_model, model_names
from GazeSAMLib.engines.catalogue.shelf import ModelShelf
from GazeSAMLib.engines.engine import Engine
from GazeSAMLib.errors import EngineError, ModelError


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """One engine that can be chosen.

    Attributes
    ----------
    name : str
        As on the command line.
    summary : str
        One line for people.
    factory : str
        ``module:class``; imported when the engine is made, not before.
    packages : tuple of str
        Import names of what it needs.
    weights : Path or None
        The file of weights that comes with GazeSAM, if one does.
    weights_option : str
        Under which option it takes other weights; empty where it takes none. On the command
        line they are the ``checkpoint`` of every engine.
    extra : str
        Of GazeSAM's requirements, for those packages; empty where all is among the ordinary.
    """

    name: str
    summary: str
    factory: str
    packages: tuple[str, ...] = ()
    weights: Path | None = None
    weights_option: str = ""
    extra: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages it needs that are not installed here."""
        return tuple(name for name in self.packages if importlib.util.find_spec(name) is None)

    @property
    def installation(self) -> str:
        """The command that installs what it needs."""
        if not self.extra:  # one of GazeSAM's own requirements, which somebody left out
            return "pip install onnxruntime"
        missing = set(self.missing)
        commands = [f"pip install 'gazesam[{self.extra}]'"] if missing - {"timm"} else []
        if "timm" in missing:
            # What it requires is for downloading weights, which GazeSAM does itself.
            commands.append("pip install --no-deps 'timm>=1.0.22'")
        return " && ".join(commands)

    @property
    def obstacle(self) -> str:
        """Why it cannot run here, for people; empty where nothing speaks against it."""
        if self.missing:
            return f"{', '.join(self.missing)} is not installed"
        if self.weights is not None and not self.weights.is_file():
            return f"its file {self.weights.name} is missing"
        return ""


ENTRIES = (
    EngineEntry(
        "compact",
        "small promptable network; comes with GazeSAM, needs no GPU",
        "GazeSAMLib.engines.compact.engine:CompactEngine",
        ("onnxruntime",),
        Path(__file__).with_name("compact") / "compact.onnx",
    ),
    EngineEntry(
        "region",
        "classical region growing; needs no weights and no download",
        "GazeSAMLib.engines.region.engine:RegionEngine",
    ),
    EngineEntry(
        "sam",
        "Segment Anything, MedSAM and SAM-Med2D from a checkpoint file",
        "GazeSAMLib.engines.sam.engine:SamEngine",
        ("torch", "torchvision", "segment_anything"),
        weights_option="checkpoint",
        extra="sam",
    ),
    EngineEntry(
        "mobile_sam",
        "MobileSAM, small enough for a machine without graphics card",
        "GazeSAMLib.engines.mobile_sam.engine:MobileSamEngine",
        ("torch", "torchvision", "segment_anything", "timm"),
        weights_option="checkpoint",
        extra="sam",
    ),
    EngineEntry(
        "sam2",
        "Segment Anything 2.1 from a checkpoint file",
        "GazeSAMLib.engines.sam2.engine:Sam2Engine",
        ("torch", "torchvision", "segment_anything", "timm"),
        weights_option="checkpoint",
        extra="sam",
    ),
    EngineEntry(
        "onnx",
        "a model that `gazesam export-onnx` wrote; needs no torch",
        "GazeSAMLib.engines.onnx.engine:OnnxEngine",
        ("onnxruntime",),
        weights_option="folder",
    ),
)

DEFAULT = "compact"
FALLBACK = "region"


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines, the default first."""
    return tuple(entry.name for entry in ENTRIES)


def choices() -> tuple[str, ...]:
    """Return all that can be named as an engine: engines, then models that are none of them."""
    return tuple(dict.fromkeys((*engine_names(), *model_names())))


def engine_of(name: str) -> EngineEntry:
    """Return the engine of that name, or the one that runs the model of that name.

    Raises
    ------
    EngineError
        If there is neither.
    """
    for entry in ENTRIES:
        if entry.name == name:
            return entry
    if name not in model_names():
        raise EngineError(f"there is no engine '{name}'; choose one of: {', '.join(choices())}")
    return engine_of(find_model(name).engine)


def default_engine() -> str:
    """Return the engine to take where none is named: one that runs anywhere, if need be."""
    return FALLBACK if _entry(DEFAULT).obstacle else DEFAULT


def fallback_notice() -> str:
    """Return a sentence that says which engine takes the default's place, and why; or nothing."""
    obstacle = _entry(DEFAULT).obstacle
    if not obstacle:
        return ""
    return f"the engine '{DEFAULT}' cannot run here ({obstacle}): '{FALLBACK}' takes its place"


def make_engine(name: str, **options: Any) -> Engine[Any]:  # noqa: ANN401 - each engine's own
    """Return the engine of that name, or the engine with the model of that name.

    Parameters
    ----------
    name : str
        One of :func:`choices`. A model's file has to be on this machine already.
    **options
        Arguments of the engine's class, such as ``checkpoint`` and ``device`` of ``sam``;
        ``checkpoint`` is understood by every engine that takes weights.

    Raises
    ------
    EngineError
        If there is no such engine, a package it needs is not installed, it does not know an
        option, or it cannot be loaded.
    ModelError
        If the model's file is not on this machine.
    CheckpointError
        If the weights are damaged or another model's.
    """
    entry = engine_of(name)
    if entry.missing:
        raise EngineError(
            f"the engine '{entry.name}' needs {', '.join(entry.missing)}, not installed here; "
            f"install it with: {entry.installation}"
        )
    options = {option: value for option, value in options.items() if value is not None}
    weights = options.pop("checkpoint", None) if entry.weights_option else None
    if weights is not None:
        options.setdefault(entry.weights_option, weights)
    model = _model(name, entry, options)
    if model is not None:
        options = {**model.options, **options, entry.weights_option: ModelShelf().open(model)}
    engine = _made(entry, options)
    if model is not None:
        engine.name = model.name
    return engine


def _model(name: str, entry: EngineEntry, options: Mapping[str, Any]) -> ModelEntry | None:
    """Return the model to take the weights from; None where they are given or not needed."""
    has_weights = entry.weights_option in options
    if name in model_names() and not (has_weights and name == entry.name):
        if has_weights:
            raise EngineError(
                f"the model '{name}' has weights of its own: leave the checkpoint out, or name the "
                f"engine '{entry.name}' in its place"
            )
        return find_model(name)
    if entry.weights_option and not has_weights:
        raise ModelError(_which_weights(entry))
    return None


def _which_weights(entry: EngineEntry) -> str:
    models = [model.name for model in all_models() if model.engine == entry.name]
    if not models:
        return (
            f"the engine '{entry.name}' needs the folder that `gazesam export-onnx` wrote: give it "
            "as checkpoint"
        )
    return (
        f"the engine '{entry.name}' needs a checkpoint: give its file, or name one of its models "
        f"in place of the engine: {', '.join(models)} (`gazesam models list`)"
    )


def _made(entry: EngineEntry, options: Mapping[str, Any]) -> Engine[Any]:
    module_name, _, class_name = entry.factory.partition(":")
    engine_class = getattr(importlib.import_module(module_name), class_name)
    known = inspect.signature(engine_class).parameters
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise EngineError(
            f"the engine '{entry.name}' has no option '{unknown[0]}'; it knows: "
            f"{', '.join(known) or 'none'}"
        )
    engine: Engine[Any] = engine_class(**options)
    return engine


def _entry(name: str) -> EngineEntry:
    return next(entry for entry in ENTRIES if entry.name == name)
