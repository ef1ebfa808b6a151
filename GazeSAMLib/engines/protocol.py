"""Frames: how a message travels between a host and its engine process.

A frame is a prefix of 16 bytes, a JSON header, and a payload (``docs/worker.md``)::

    magic "GSAM" | version u16 | zero u16 | header bytes u32 | payload bytes u32 | header | payload

all little-endian. The header is ``{"kind": ..., "fields": {...}, "arrays": {name: [dtype,
shape]}}``; the payload holds the arrays' values one after the other, each padded to 16
bytes. Nothing here does input or output: bytes come from a pipe, a ``QProcess`` or a test.
"""

import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import ProtocolError

MAGIC: Final = b"GSAM"
VERSION: Final = 1
HEADER_LIMIT: Final = 1 << 20
"""Longest header, bytes."""
FRAME_LIMIT: Final = 256 << 20
"""Longest frame, bytes."""

_PREFIX: Final = struct.Struct("<4sHHII")
_ALIGNMENT: Final = 16
_DTYPES: Final = ("|u1", "|i1", "<u2", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8")

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class Message:
    """What a frame carries.

    Attributes
    ----------
    kind : str
        What the message is about; :mod:`GazeSAMLib.engines.messages` knows the kinds.
    fields : mapping
        JSON values.
    arrays : mapping
        Arrays of whole or real numbers, any shape; those of a decoded message are read-only.
    """

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)


def encode(message: Message) -> bytes:
    """Return `message` as one frame.

    Raises
    ------
    ProtocolError
        If it is over a limit or holds an array that is not of numbers.
    """
    arrays = {name: np.asarray(values) for name, values in message.arrays.items()}
    described = {name: [_dtype(name, values).str, values.shape] for name, values in arrays.items()}
    header = json.dumps(
        {"kind": message.kind, "fields": message.fields, "arrays": described},
        separators=(",", ":"),
        default=_plain_number,
    ).encode()
    payload_size = sum(_padded(values.nbytes) for values in arrays.values())
    _check_sizes(len(header), payload_size)
    prefix = _PREFIX.pack(MAGIC, VERSION, 0, len(header), payload_size)
    parts: list[bytes | memoryview] = [prefix, header]
    for name, values in arrays.items():
        raw = np.asarray(values, dtype=_dtype(name, values), order="C")
        parts += [raw.data, bytes(_padded(values.nbytes) - values.nbytes)]
    return b"".join(parts)


class FrameDecoder:
    """Puts messages together from bytes as they arrive, in whatever pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._error: ProtocolError | None = None

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take `data` and iterate over the messages that are complete now.

        Raises
        ------
        ProtocolError
            While iterating, where the bytes are no frame of this protocol. What follows a bad
            frame cannot be found again, so the decoder raises from then on.
        """
        if self._error is None:
            self._buffer += data
        return self._messages()

    def _messages(self) -> Iterator[Message]:
        while True:
            if self._error is not None:
                raise self._error
            try:
                message = self._next()
            except ProtocolError as error:
                self._error = error
                self._buffer.clear()
                raise
            if message is None:
                return
            yield message

    def _next(self) -> Message | None:
        buffer = self._buffer
        if not buffer.startswith(MAGIC[: len(buffer)]):
            raise ProtocolError(f"a frame must begin with {MAGIC!r}, got {bytes(buffer[:16])!r}")
        if len(buffer) < _PREFIX.size:
            return None
        _, version, _, header_size, payload_size = _PREFIX.unpack_from(buffer)
        if version != VERSION:
            raise ProtocolError(
                f"the other side speaks version {version} of the protocol and this one version "
                f"{VERSION}: both must be of the same GazeSAM"
            )
        _check_sizes(header_size, payload_size)
        payload_at = _PREFIX.size + header_size
        end = payload_at + payload_size
        if len(buffer) < end:
            return None
        with memoryview(buffer) as view:
            header, payload = bytes(view[_PREFIX.size : payload_at]), bytes(view[payload_at:end])
        del buffer[:end]
        return _message(header, payload)


def _check_sizes(header_size: int, payload_size: int) -> None:
    if header_size > HEADER_LIMIT:
        raise ProtocolError(f"a header of {header_size} bytes is over the limit of {HEADER_LIMIT}")
    frame_size = _PREFIX.size + header_size + payload_size
    if frame_size > FRAME_LIMIT:
        raise ProtocolError(f"a frame of {frame_size} bytes is over the limit of {FRAME_LIMIT}")


def _message(header: bytes, payload: bytes) -> Message:
    try:
        content = json.loads(header)
    # A header of brackets alone nests deeper than the parser goes.
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the header of a frame is not JSON: {error}") from error
    match content:
        case {"kind": str(kind), "fields": dict(fields), "arrays": dict(described)}:
            return Message(kind, fields, _arrays(described, payload))
    raise ProtocolError(f"the header of a frame lacks kind, fields or arrays: {header[:80]!r}")


def _arrays(described: dict[str, Any], payload: bytes) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    offset = 0
    for name, description in described.items():
        match description:
            case [str(dtype_name), list(shape)] if dtype_name in _DTYPES and _is_shape(shape):
                dtype = np.dtype(dtype_name)
            case _:
                raise ProtocolError(f"the array '{name}' has no known type and shape")
        size = math.prod(shape) * dtype.itemsize
        if offset + size > len(payload):
            raise ProtocolError(f"the array '{name}' is longer than the payload")
        # Not np.frombuffer: it refuses an empty array.
        arrays[name] = np.ndarray(shape, dtype, payload, offset if size else 0)
        offset += _padded(size)
    if offset != len(payload):
        raise ProtocolError(f"the payload has {len(payload)} bytes and its arrays {offset}")
    return arrays


def _is_shape(shape: list[Any]) -> bool:
    if len(shape) > 4 or not all(type(n) is int and n >= 0 for n in shape):
        return False
    # An empty array may not hide dimensions that numpy cannot represent.
    return bool(math.prod(n for n in shape if n) <= FRAME_LIMIT)


def _plain_number(value: object) -> object:
    if isinstance(value, np.number):
        return value.item()
    raise ProtocolError(f"a field of type {type(value).__name__} cannot be sent")


def _dtype(name: str, values: Array) -> np.dtype[np.generic]:
    dtype = values.dtype.newbyteorder("<")
    if dtype.str not in _DTYPES:
        raise ProtocolError(f"the array '{name}' of type {dtype} cannot be sent")
    return dtype


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
