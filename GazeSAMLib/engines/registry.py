"""The engines by name: what they are for, whether they can run here, how to make one."""

import importlib
import importlib.util
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from GazeSAMLib.engines.engine import Engine
from GazeSAMLib.errors import EngineError


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
    """

    name: str
    summary: str
    factory: str
    packages: tuple[str, ...] = ()
    weights: Path | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages it needs that are not installed here."""
        return tuple(name for name in self.packages if importlib.util.find_spec(name) is None)

    @property
    def installation(self) -> str:
        """The command that installs what it needs."""
        extra = self.weights is None  # those with weights belong to GazeSAM's own requirements
        return f"pip install 'gazesam[{self.name}]'" if extra else "pip install onnxruntime"

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
        "Segment Anything (vit_b, vit_l, vit_h) from a checkpoint file",
        "GazeSAMLib.engines.sam.engine:SamEngine",
        ("torch", "torchvision", "segment_anything"),
    ),
)

DEFAULT = "compact"
FALLBACK = "region"


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines, the default first."""
    return tuple(entry.name for entry in ENTRIES)


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
    """Return the engine of that name.

    Parameters
    ----------
    name : str
        One of :func:`engine_names`.
    **options
        Arguments of the engine's class, such as ``checkpoint`` and ``device`` of ``sam``.

    Raises
    ------
    EngineError
        If there is no such engine, a package it needs is not installed, it does not know an
        option, or it cannot be loaded.
    """
    entry = _entry(name)
    if entry.missing:
        raise EngineError(
            f"the engine '{name}' needs {', '.join(entry.missing)}, not installed here; "
            f"install it with: {entry.installation}"
        )
    module_name, _, class_name = entry.factory.partition(":")
    engine_class = getattr(importlib.import_module(module_name), class_name)
    known = inspect.signature(engine_class).parameters
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise EngineError(
            f"the engine '{name}' has no option '{unknown[0]}'; it knows: "
            f"{', '.join(known) or 'none'}"
        )
    engine: Engine[Any] = engine_class(**options)
    return engine


def _entry(name: str) -> EngineEntry:
    for entry in ENTRIES:
        if entry.name == name:
            return entry
    raise EngineError(f"there is no engine '{name}'; choose one of: {', '.join(engine_names())}")
