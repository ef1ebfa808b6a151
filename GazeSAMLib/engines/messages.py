"""What a host and its engine process say to each other, as types.

The requests and the answer themselves are those of :mod:`GazeSAMLib.engines.segmenter`.
``docs/worker.md`` says which message follows which; :mod:`GazeSAMLib.engines.codec` puts
them into frames.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib import errors
from GazeSAMLib.engines.look_ahead import LookAhead
from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.engines.segmenter import EmbedRequest, SegmentAnswer, SegmentRequest
from GazeSAMLib.errors import EngineError, GazeSAMError


@dataclass(frozen=True, slots=True)
class Hello:
    """The worker is ready: its engines' names, GazeSAM's version and its process id."""

    engines: tuple[str, ...]
    version: str
    pid: int


@dataclass(frozen=True, slots=True)
class OpenScan:
    """Segment this scan from now on.

    Attributes
    ----------
    number : int
        Grows with every scan of a host.
    path : str
        A file of the raw voxels in k, j, i order and nothing else.
    dtype : str
        Their numpy type with byte order, such as ``<i2``.
    shape_kji : tuple of int
        Number of voxels.
    local_ras_from_ijk : tuple of float
        The 4 x 4 matrix row by row.
    digest_wanted : bool
        Whether a `ScanDigest` shall follow.
    """

    number: int
    path: str
    dtype: str
    shape_kji: tuple[int, ...]
    local_ras_from_ijk: tuple[float, ...]
    digest_wanted: bool = True


@dataclass(frozen=True, slots=True)
class Opened:
    """The scan of that number is open."""

    number: int


@dataclass(frozen=True, slots=True)
class ScanDigest:
    """The digest of the scan of that number (:func:`GazeSAMLib.geometry.digest.scan_digest`)."""

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class UseEngine:
    """Answer with this engine from now on; `options` are the engine's own, JSON values."""

    number: int
    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EngineReady:
    """The engine that the `UseEngine` of the same number asked for is loaded.

    With `looks_ahead` its embeddings are worth making ahead: a `LookAhead` says which.
    """

    number: int
    name: str
    weights_digest: str
    looks_ahead: bool = False


@dataclass(frozen=True, slots=True)
class Embedded:
    """The slice image of the `EmbedRequest` of that number is embedded."""

    number: int
    embed_ms: float


@dataclass(frozen=True, eq=False, slots=True)
class Propagate:
    """Follow a structure from slices to their neighbours; a newer one ends an older one.

    Attributes
    ----------
    number : int
        Grows with every propagation of a session.
    seeds : tuple of PlaneMask
        The slices that a person has confirmed, the newest first; those of other orientations
        than the newest do not count.
    window, level : float
        As displayed.
    whole : bool
        Whether all slices between and beyond the seeds are wanted, or those next to the newest,
        up to the next seeds.
    """

    number: int
    seeds: tuple[PlaneMask, ...]
    window: float
    level: float
    whole: bool = True


@dataclass(frozen=True, slots=True)
class StopPropagation:
    """Go no further; what was found so far has been told."""


@dataclass(frozen=True, eq=False, slots=True)
class Propagated:
    """One more slice of the `Propagate` of the same number.

    Attributes
    ----------
    number : int
        The request's.
    found : PlaneMask
        The structure on a slice; it takes the place of what was said of that slice before.
    direction : int
        +1 along the newest seed's normal, -1 against it.
    confidence : float
        0 to 1.
    """

    number: int
    found: PlaneMask
    direction: int
    confidence: float


@dataclass(frozen=True, slots=True)
class PropagationEnded:
    """The `Propagate` of that number is done; why, along the normal and against it.

    No reasons where it was stopped.
    """

    number: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Drop every `SegmentRequest` and `EmbedRequest` sent so far."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """These will not be answered: something newer, or a `Cancel`, made them pointless."""

    requests: tuple[int, ...]
    embeds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something that takes its time is: `done` of `total`."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class PreparedAhead:
    """How far the `LookAhead` of that number is: `done` slices of `total`.

    `left_s` is how long the rest will take if nothing else is to be done, seconds; negative
    while nobody knows.
    """

    number: int
    done: int
    total: int
    left_s: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know, and that stops nothing."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What was asked for cannot be done; the worker goes on.

    Attributes
    ----------
    about : str
        The kind of the message that asked, as in :data:`GazeSAMLib.engines.codec.KINDS`;
        ``frame`` where the bytes were no message.
    number : int
        Its number; -1 where it has none.
    error : str
        A class of :mod:`GazeSAMLib.errors`.
    sentence : str
        For people.
    """

    about: str
    number: int
    error: str
    sentence: str

    def exception(self) -> GazeSAMError:
        """Return the error to raise, the same as if the engine ran in this process."""
        kind = getattr(errors, self.error, None)
        if isinstance(kind, type) and issubclass(kind, GazeSAMError):
            return kind(self.sentence)
        return EngineError(self.sentence)


@dataclass(frozen=True, eq=False, slots=True)
class Ping:
    """Is the worker there, and how far away? `data`, shape (N,), comes back in a `Pong`."""

    number: int
    data: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False, slots=True)
class Pong:
    """The answer to the `Ping` of the same number."""

    number: int
    data: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Finish what has begun, and end."""


ToWorker = (
    OpenScan
    | UseEngine
    | EmbedRequest
    | LookAhead
    | SegmentRequest
    | Propagate
    | StopPropagation
    | Cancel
    | Ping
    | Shutdown
)
FromWorker = (
    Hello
    | Opened
    | ScanDigest
    | EngineReady
    | Progress
    | Notice
    | Embedded
    | PreparedAhead
    | SegmentAnswer
    | Propagated
    | PropagationEnded
    | Outdated
    | Failure
    | Pong
)
