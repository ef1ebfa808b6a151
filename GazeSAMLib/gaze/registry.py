"""The gaze sources by name: those made here, and those that other packages add.

Another package adds a source with an entry point of the group ``gazesam.gaze_sources``, whose
name is the source's and which leads to a class or function that returns a `GazeSource`::

    [project.entry-points."gazesam.gaze_sources"]
    mytracker = "mypackage.gaze:MyTrackerSource"
"""

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.source import GazeSource

GROUP: Final = "gazesam.gaze_sources"


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One source that can be chosen.

    Attributes
    ----------
    name : str
        As on the command line and in settings.
    summary : str
        One line for people.
    factory : str
        ``module:callable``; imported when the source is made, not before.
    packages : tuple of str
        Import names of what it needs beyond GazeSAM's own requirements.
    """

    name: str
    summary: str
    factory: str
    packages: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The packages it needs that are not installed here."""
        return tuple(name for name in self.packages if importlib.util.find_spec(name) is None)


BUILT_IN: Final = (
    SourceEntry(
        "lsl",
        "any tracker over Lab Streaming Layer, Tobii's with `gazesam bridge tobii`",
        "GazeSAMLib.gaze.lsl_source:LslSource",
        ("pylsl",),
    ),
    SourceEntry(
        "opengaze",
        "Gazepoint's trackers, from Gazepoint Control",
        "GazeSAMLib.gaze.opengaze_source:OpenGazeSource",
    ),
    SourceEntry(
        "pupil",
        "Pupil Core, the gaze on a surface drawn around the display",
        "GazeSAMLib.gaze.pupil_source:PupilSource",
        ("zmq", "msgpack"),
    ),
    SourceEntry(
        "pointer",
        "the mouse, to try things without a tracker",
        "GazeSAMLib.gaze.pointer_source:PointerSource",
    ),
    SourceEntry(
        "replay",
        "a recording, at the pace at which it was made",
        "GazeSAMLib.gaze.replay:ReplaySource",
    ),
)


def gaze_sources(added: Iterable[EntryPoint] | None = None) -> dict[str, SourceEntry]:
    """Return all sources by name, those made here first; a name of ours cannot be taken.

    Parameters
    ----------
    added : iterable of EntryPoint or None
        Those of other packages; None takes the installed ones.
    """
    entries = {entry.name: entry for entry in BUILT_IN}
    for point in sorted(entry_points(group=GROUP) if added is None else added):
        package = f"from {point.dist.name}" if point.dist else "from another package"
        entries.setdefault(point.name, SourceEntry(point.name, package, point.value))
    return entries


def make_source(
    source: str,
    /,
    added: Iterable[EntryPoint] | None = None,
    **options: Any,  # noqa: ANN401 - each source's own
) -> GazeSource:
    """Return the source of that name, not yet started.

    Parameters
    ----------
    source : str
        One of :func:`gaze_sources`.
    added : iterable of EntryPoint or None
        As for :func:`gaze_sources`.
    **options
        Arguments of the source, such as ``name``, the stream's, of ``lsl``.

    Raises
    ------
    TrackerError
        If there is no such source, a package it needs is not installed, it does not know an
        option, or it cannot be loaded.
    """
    sources = gaze_sources(added)
    entry = sources.get(source)
    if entry is None:
        raise TrackerError(
            f"there is no gaze source '{source}'; choose one of: {', '.join(sources)}"
        )
    if entry.missing:
        raise TrackerError(
            f"the gaze source '{source}' needs {', '.join(entry.missing)}, not installed here; "
            "install it with: pip install 'gazesam[gaze]'"
        )
    factory = _loaded(entry)
    known = inspect.signature(factory).parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values())
    unknown = [] if takes_all else sorted(set(options) - set(known))
    if unknown:
        raise TrackerError(
            f"the gaze source '{source}' has no option '{unknown[0]}'; it knows: "
            f"{', '.join(known) or 'none'}"
        )
    return factory(**options)


def _loaded(entry: SourceEntry) -> Callable[..., GazeSource]:
    module_name, _, attribute = entry.factory.partition(":")
    try:
        factory: Callable[..., GazeSource] = getattr(
            importlib.import_module(module_name), attribute
        )
    except (ImportError, AttributeError) as error:
        raise TrackerError(
            f"the gaze source '{entry.name}' ({entry.factory}, {entry.summary}) cannot be loaded: "
            f"{error}; install its package anew"
        ) from error
    return factory
