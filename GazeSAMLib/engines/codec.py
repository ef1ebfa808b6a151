"""Messages to frames and back.

Numbers, names and paths travel as JSON, arrays as their raw values, so that both ends hold
the same bits. Of masks travel the logits' signs, one bit a pixel, in the box that holds
all candidates: a tenth of a millisecond on the pipe instead of ten, and all that a session uses.
"""

import dataclasses
import math
from types import GenericAlias
from typing import Any

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines import messages, protocol
from GazeSAMLib.engines.look_ahead import MOST_PER_SIDE, LookAhead, ViewAhead
from GazeSAMLib.engines.messages import FromWorker, ToWorker
from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.engines.protocol import Message
from GazeSAMLib.engines.segmenter import EmbedRequest, SegmentAnswer, SegmentRequest
from GazeSAMLib.errors import ProtocolError
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet

KINDS: dict[str, type] = {
    "hello": messages.Hello,
    "open_scan": messages.OpenScan,
    "opened": messages.Opened,
    "scan_digest": messages.ScanDigest,
    "use_engine": messages.UseEngine,
    "engine_ready": messages.EngineReady,
    "embed": EmbedRequest,
    "embedded": messages.Embedded,
    "look_ahead": LookAhead,
    "prepared_ahead": messages.PreparedAhead,
    "decode": SegmentRequest,
    "answer": SegmentAnswer,
    "propagate": messages.Propagate,
    "stop_propagation": messages.StopPropagation,
    "propagated": messages.Propagated,
    "propagation_ended": messages.PropagationEnded,
    "cancel": messages.Cancel,
    "outdated": messages.Outdated,
    "progress": messages.Progress,
    "notice": messages.Notice,
    "failure": messages.Failure,
    "ping": messages.Ping,
    "pong": messages.Pong,
    "shutdown": messages.Shutdown,
}
_KIND_OF = {type_: kind for kind, type_ in KINDS.items()}

_PLANE_PARTS = ("origin_local_ras", "row_direction", "column_direction", "normal")


def kind_of(message: ToWorker | FromWorker) -> str:
    """Return the kind of `message`, a key of :data:`KINDS`."""
    return _KIND_OF[type(message)]


def frame(message: ToWorker | FromWorker) -> bytes:
    """Return `message` as one frame.

    Raises
    ------
    ProtocolError
        If it is over the limits of :mod:`GazeSAMLib.engines.protocol`.
    """
    fields: dict[str, Any] = {}
    arrays: dict[str, npt.NDArray[Any]] = {}
    for part in dataclasses.fields(message):
        value = getattr(message, part.name)
        match value:
            case SlicePlane():
                arrays["plane"] = _plane_array(value)
            case PlaneMask() | (PlaneMask(), *_):
                masks = (value,) if isinstance(value, PlaneMask) else value
                fields["shapes"] = [each.mask.shape for each in masks]
                for place, each in enumerate(masks):
                    arrays |= _plane_mask_arrays(each, place)
            case _ if part.name == "views":
                arrays |= _view_arrays(value)
            case PromptSet():
                fields["sigma_px"] = value.sigma_px
                arrays |= _prompt_arrays(value)
            case MaskCandidates():
                fields["shape"] = value.logits.shape
                arrays |= _candidate_arrays(value)
            case np.ndarray():
                arrays[part.name] = value
            case None:
                pass  # what is not there is not sent
            case _:
                fields[part.name] = value
    return protocol.encode(Message(kind_of(message), fields, arrays))


def parse(message: Message) -> ToWorker | FromWorker:
    """Return what a decoded `message` says.

    Raises
    ------
    ProtocolError
        If the kind is unknown, or a field or an array is missing or of another type.
    GazeSAMError
        If a prompt, a plane or candidates contradict themselves.
    """
    type_ = KINDS.get(message.kind)
    if type_ is None:
        raise ProtocolError(f"a message of the unknown kind '{message.kind[:40]}'")
    values = {part.name: _value(message, part) for part in dataclasses.fields(type_)}
    said: ToWorker | FromWorker = type_(**values)
    return said


def _value(message: Message, part: "dataclasses.Field[Any]") -> object:
    if part.type is SlicePlane:
        return _plane(_array(message, "plane", "<f8", 2))
    if part.type is PromptSet:
        return _prompts(message)
    if part.type is MaskCandidates:
        return _candidates(message)
    if part.type == PlaneMask | None and "shapes" not in message.fields:
        return None
    if part.type in (PlaneMask, PlaneMask | None, tuple[PlaneMask, ...]):
        shapes = _field(message, "shapes", tuple[tuple[int, ...], ...])
        one = part.type in (PlaneMask, PlaneMask | None)
        if not shapes or (one and len(shapes) != 1):
            raise ProtocolError(f"a {message.kind} message cannot be about {len(shapes)} masks")
        masks = tuple(_plane_mask(message, shape, place) for place, shape in enumerate(shapes))
        return masks[0] if one else masks
    if part.name == "views":
        return _views(message)
    if part.name == "data":
        return _array(message, "data", "|u1", 1)
    return _field(message, part.name, part.type)


def _field(message: Message, name: str, expected: Any) -> Any:  # noqa: ANN401 - JSON
    value: Any = message.fields.get(name)
    if not _conforms(value, expected):
        raise ProtocolError(f"a {message.kind} message has no '{name}', or of another type")
    if isinstance(value, list):
        return tuple(value)
    return float(value) if expected is float else value


def _conforms(value: object, expected: object) -> bool:
    if isinstance(expected, GenericAlias) and expected.__origin__ is tuple:
        return isinstance(value, list) and all(_conforms(v, expected.__args__[0]) for v in value)
    if isinstance(expected, GenericAlias):
        return isinstance(value, dict)
    if expected is float and type(value) is int:
        return abs(value) < 1 << 63
    return type(value) is expected


def _array(message: Message, name: str, dtype: str, ndim: int) -> npt.NDArray[Any]:
    values = message.arrays.get(name)
    if values is None or values.dtype.str != dtype or values.ndim != ndim:
        raise ProtocolError(f"a {message.kind} message needs an array '{name}' of type {dtype}")
    return values


def _plane_array(plane: SlicePlane) -> npt.NDArray[np.float64]:
    return np.stack([getattr(plane, name) for name in _PLANE_PARTS])


def _plane(parts: npt.NDArray[np.float64]) -> SlicePlane:
    if parts.shape != (4, 3):
        raise ProtocolError(f"a plane travels as 4 x 3 numbers, got {parts.shape}")
    plane = SlicePlane(parts[0], parts[1], parts[2])
    # Making unit vectors orthonormal once more may change their last bits.
    if np.allclose([getattr(plane, name) for name in _PLANE_PARTS], parts):
        for name, value in zip(_PLANE_PARTS, parts, strict=True):
            object.__setattr__(plane, name, value)
    return plane


def _view_arrays(views: tuple[ViewAhead, ...]) -> dict[str, npt.NDArray[Any]]:
    planes = [_plane_array(view.plane) for view in views]
    counts = [(view.before, view.after, view.direction) for view in views]
    return {
        "planes": np.array(planes, dtype=np.float64).reshape(-1, 4, 3),
        "steps": np.array([view.step_mm for view in views], dtype=np.float64),
        "counts": np.array(counts, dtype=np.int64).reshape(-1, 3),
    }


def _views(message: Message) -> tuple[ViewAhead, ...]:
    planes = _array(message, "planes", "<f8", 3)
    steps, counts = _array(message, "steps", "<f8", 1), _array(message, "counts", "<i8", 2)
    if planes.shape[1:] != (4, 3) or counts.shape != (len(planes), 3) or len(steps) != len(planes):
        raise ProtocolError("the views of a look_ahead message do not fit together")
    sides, directions = counts[:, :2], counts[:, 2]
    if (
        not (np.isfinite(steps).all() and (steps > 0.0).all())
        or ((sides < 0) | (sides > MOST_PER_SIDE)).any()
        or (np.abs(directions) > 1).any()
    ):
        raise ProtocolError("the views of a look_ahead message have no sensible neighbours")
    return tuple(
        ViewAhead(_plane(plane), step, *count)
        for plane, step, count in zip(planes, steps.tolist(), counts.tolist(), strict=True)
    )


def _prompt_arrays(prompts: PromptSet) -> dict[str, npt.NDArray[Any]]:
    arrays: dict[str, npt.NDArray[Any]] = {
        "points": prompts.points_image_uv,
        "labels": prompts.labels,
    }
    if prompts.box_image_uv is not None:
        arrays["box"] = prompts.box_image_uv
    if prompts.previous is not None:
        arrays["previous"] = prompts.previous
    return arrays


def _prompts(message: Message) -> PromptSet:
    return PromptSet(
        _array(message, "points", "<f8", 2),
        _array(message, "labels", "<i8", 1),
        _array(message, "box", "<f8", 1) if "box" in message.arrays else None,
        _field(message, "sigma_px", float),
        _array(message, "previous", "<f4", 2) if "previous" in message.arrays else None,
    )


def _candidate_arrays(candidates: MaskCandidates) -> dict[str, npt.NDArray[Any]]:
    arrays = _inside_arrays(candidates.inside)
    arrays["scores"] = np.asarray(candidates.scores, dtype=np.float32)
    if candidates.low_res is not None:
        arrays["low_res"] = np.asarray(candidates.low_res, dtype=np.float32)
    return arrays


def _inside_arrays(inside: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[Any]]:
    """Return masks of shape (K, H, W) as bits in the box that holds them all."""
    rows, columns = (_extent(np.any(inside, axis=axes)) for axes in ((0, 2), (0, 1)))
    return {
        "box": np.array([rows.start, rows.stop, columns.start, columns.stop], dtype=np.int64),
        "inside": np.packbits(inside[:, rows, columns]),
    }


def _extent(occupied: npt.NDArray[np.bool_]) -> slice:
    where = np.flatnonzero(occupied)
    return slice(int(where[0]), int(where[-1]) + 1) if len(where) else slice(0, 0)


def _plane_mask_arrays(value: PlaneMask, place: int) -> dict[str, npt.NDArray[Any]]:
    """Return a mask and its plane as arrays named after its place among several."""
    arrays = _inside_arrays(value.mask[None]) | {"plane": _plane_array(value.plane)}
    return {f"{name}{place}": array for name, array in arrays.items()}


def _plane_mask(message: Message, shape: tuple[int, ...], place: int) -> PlaneMask:
    (mask,) = _inside(message, (1, *shape), str(place))
    return PlaneMask(_plane(_array(message, f"plane{place}", "<f8", 2)), mask)


def _inside(message: Message, shape: tuple[int, ...], name: str = "") -> npt.NDArray[np.bool_]:
    """Return the masks of a message, of shape (K, H, W)."""
    box = _array(message, "box" + name, "<i8", 1).tolist()
    inside = _array(message, "inside" + name, "|u1", 1)
    if len(shape) != 3 or min(shape) < 1 or math.prod(shape) > protocol.FRAME_LIMIT:
        raise ProtocolError(f"masks cannot have the shape {shape}")
    if len(box) != 4 or not (
        0 <= box[0] <= box[1] <= shape[1] and 0 <= box[2] <= box[3] <= shape[2]
    ):
        raise ProtocolError(f"the box {box} does not lie in masks of the shape {shape}")
    part = (shape[0], box[1] - box[0], box[3] - box[2])
    if len(inside) != -(-math.prod(part) // 8):
        raise ProtocolError(f"{len(inside)} bytes of mask bits do not fit the box {box}")
    masks = np.zeros(shape, dtype=bool)
    bits = np.unpackbits(inside, count=math.prod(part)).view(np.bool_)
    masks[:, box[0] : box[1], box[2] : box[3]] = bits.reshape(part)
    return masks


def _candidates(message: Message) -> MaskCandidates:
    logits = _inside(message, _field(message, "shape", tuple[int, ...])).view(np.int8)
    logits *= 2
    logits -= 1
    low_res = _array(message, "low_res", "<f4", 3) if "low_res" in message.arrays else None
    return MaskCandidates(logits, _array(message, "scores", "<f4", 1), low_res)
