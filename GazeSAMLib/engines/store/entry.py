"""One embedding as the bytes of a file: checked, mapped into memory, never unpickled.

::

    "GSEM" | version u16 | zero u16 | crc32 u32 | header bytes u32 | header | arrays

All little-endian. The checksum covers everything after itself. The header is JSON,
``{"key": ..., "facts": {...}, "arrays": {name: [dtype, shape, offset]}}``, the key as
:meth:`GazeSAMLib.engines.store.key.EmbeddingKey.text` has it. Arrays begin at multiples of 64
bytes, where processors like them.
"""

import json
import math
import mmap
import struct
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.engine import PackedEmbedding

MAGIC: Final = b"GSEM"
VERSION: Final = 1

_PREFIX: Final = struct.Struct("<4sHHII")
_CHECKED_FROM: Final = 12
_ALIGNMENT: Final = 64
_KINDS: Final = "fiub"
_NONSENSE: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)


class BadEntryError(Exception):
    """A file is not the entry that it should be; the sentence is for a log."""


def entry_bytes(key_text: str, packed: PackedEmbedding) -> bytes:
    """Return the file of an embedding.

    Raises
    ------
    BadEntryError
        If it holds something else than arrays of numbers and JSON values.
    """
    arrays = {name: np.asarray(values, order="C") for name, values in packed.arrays.items()}
    described, offset = {}, 0
    for name, values in arrays.items():
        dtype = values.dtype.newbyteorder("<")
        if dtype.kind not in _KINDS:
            raise BadEntryError(f"the array '{name}' is of type {dtype}")
        described[name] = [dtype.str, values.shape, offset]
        offset += _aligned(values.nbytes)
    content = {"key": key_text, "facts": dict(packed.facts), "arrays": described}
    try:
        header = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise BadEntryError(f"the facts of an embedding are not JSON: {error}") from error
    start = _aligned(_PREFIX.size + len(header))
    data = bytearray(start + offset)
    data[_PREFIX.size : _PREFIX.size + len(header)] = header
    for name, values in arrays.items():
        place = start + described[name][2]
        raw = values.astype(described[name][0], copy=False)
        data[place : place + values.nbytes] = raw.reshape(-1).view(np.uint8).data
    _PREFIX.pack_into(data, 0, MAGIC, VERSION, 0, 0, len(header))
    checksum = zlib.crc32(memoryview(data)[_CHECKED_FROM:])
    _PREFIX.pack_into(data, 0, MAGIC, VERSION, 0, checksum, len(header))
    return bytes(data)


def read_entry(path: Path, key_text: str) -> PackedEmbedding:
    """Return the embedding in a file, its arrays mapped into memory, read-only.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    OSError
        If it cannot be read.
    BadEntryError
        If it is not whole, is damaged, or holds another embedding.
    """
    with path.open("rb") as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise BadEntryError("it is empty") from error
    return _parsed(mapped, key_text)


def _parsed(mapped: mmap.mmap, key_text: str) -> PackedEmbedding:
    if len(mapped) < _PREFIX.size:
        raise BadEntryError(f"it has {len(mapped)} bytes")
    magic, version, zero, checksum, header_size = _PREFIX.unpack_from(mapped)
    if (magic, version, zero) != (MAGIC, VERSION, 0):
        raise BadEntryError(f"it begins with {bytes(mapped[:8])!r}")
    if zlib.crc32(memoryview(mapped)[_CHECKED_FROM:]) != checksum:
        raise BadEntryError("its checksum is wrong")
    # From here on the bytes are those that were written.
    start = _aligned(_PREFIX.size + header_size)
    try:
        content = json.loads(mapped[_PREFIX.size : _PREFIX.size + header_size])
        if content["key"] != key_text:
            raise BadEntryError("it holds another embedding")
        arrays = {
            name: _array(mapped, np.dtype(dtype), tuple(shape), start + offset)
            for name, (dtype, shape, offset) in content["arrays"].items()
        }
        return PackedEmbedding(arrays, dict(content["facts"]))
    except _NONSENSE as error:
        raise BadEntryError(f"its header makes no sense: {error}") from error


def _array(
    mapped: mmap.mmap, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int
) -> npt.NDArray[Any]:
    if dtype.kind not in _KINDS:
        raise ValueError(f"an array of type {dtype}")
    if not math.prod(shape):
        return np.zeros(shape, dtype)
    # np.frombuffer refuses what does not lie within the bytes.
    values = np.frombuffer(mapped, dtype, math.prod(shape), offset)
    return values.reshape(shape)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
