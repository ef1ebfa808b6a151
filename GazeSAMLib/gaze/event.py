"""What the reader or the host did during a recording: keys, views, pauses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class EventKind(StrEnum):
    """The events that a session understands; a recording may hold others, which it ignores."""

    VIEW = "view"
    ACCEPT = "accept"
    ACCEPT_REMOVE = "accept_remove"
    NEGATIVE = "negative"
    BOX_CORNER = "box_corner"
    LARGER = "larger"
    SMALLER = "smaller"
    CLEAR = "clear"
    UNDO = "undo"
    REDO = "redo"
    NEXT_SLICE = "next_slice"
    PREVIOUS_SLICE = "previous_slice"
    NEXT_SEGMENT = "next_segment"
    PREVIOUS_SEGMENT = "previous_segment"
    PROPAGATE = "propagate"
    PAUSE = "pause"
    RESUME = "resume"
    TARGET = "target"
    DRIFT = "drift"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a session.

    Attributes
    ----------
    t_ns : int
        Same clock as the samples.
    kind : str
        An :class:`EventKind` value, or a name that this version does not know.
    details : mapping
        JSON values; what they are depends on `kind` (``docs/recording.md``).
    """

    t_ns: int
    kind: str
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
