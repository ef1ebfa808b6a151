"""Frames: whatever the pieces in which bytes arrive, messages come whole or not at all."""

import itertools
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from GazeSAMLib.engines.protocol import (
    FRAME_LIMIT,
    HEADER_LIMIT,
    MAGIC,
    VERSION,
    FrameDecoder,
    Message,
    encode,
)
from GazeSAMLib.errors import ProtocolError

# Written out here again, so that a change of the format breaks a test.
PREFIX = struct.Struct("<4sHHII")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
arrays = hnp.arrays(
    dtype=st.sampled_from(["u1", "i1", "<i2", ">i2", "<u2", "<i4", "<i8", "<f2", "<f4", ">f8"]),
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)
messages = st.builds(
    Message,
    kind=st.text(max_size=10),
    fields=st.dictionaries(st.text(), json_values, max_size=4),
    arrays=st.dictionaries(st.text(), arrays, max_size=3),
)


def frame(header: object, payload: bytes = b"", version: int = VERSION) -> bytes:
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    return PREFIX.pack(MAGIC, version, 0, len(content), len(payload)) + content + payload


def decoded(*pieces: bytes) -> list[Message]:
    decoder = FrameDecoder()
    return [message for piece in pieces for message in decoder.feed(piece)]


def assert_same(message: Message, expected: Message) -> None:
    assert message.kind == expected.kind
    assert message.fields == expected.fields
    assert list(message.arrays) == list(expected.arrays)
    for values, wanted in zip(message.arrays.values(), expected.arrays.values(), strict=True):
        assert values.shape == wanted.shape
        assert values.dtype == wanted.dtype.newbyteorder("<")
        assert values.tobytes() == wanted.astype(values.dtype).tobytes()


@given(st.lists(messages, max_size=4), st.data())
def test_messages_arrive_alike_in_whatever_pieces(sent, data):
    stream = b"".join(map(encode, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[a:b] for a, b in itertools.pairwise([0, *cuts, len(stream)])]
    received = decoded(*pieces)
    assert len(received) == len(sent)
    for message, expected in zip(received, sent, strict=True):
        assert_same(message, expected)


def test_messages_arrive_alike_byte_by_byte():
    sent = [Message("a", {"n": 1}, {"x": np.arange(5.0)}), Message("b")]
    stream = b"".join(map(encode, sent))
    received = decoded(*(stream[i : i + 1] for i in range(len(stream))))
    for message, expected in zip(received, sent, strict=True):
        assert_same(message, expected)


@given(st.binary(max_size=200))
def test_garbage_is_an_error_or_awaits_more(garbage):
    try:
        assert decoded(garbage) == []
    except ProtocolError:
        return
    assert MAGIC.startswith(garbage[:4])


@given(messages, st.data())
def test_a_damaged_frame_is_an_error_or_a_message_or_awaits_more(message, data):
    damaged = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    decoder = FrameDecoder()
    try:
        for received in decoder.feed(bytes(damaged)):
            assert isinstance(received, Message)
    except ProtocolError:
        with pytest.raises(ProtocolError):
            list(decoder.feed(encode(message)))


described = st.dictionaries(
    st.text(max_size=3),
    st.one_of(
        json_values,
        st.tuples(
            st.sampled_from(["<f4", "|u1", "<f8", "|O", "<c8", "|V4", "f4,f4", "<U1", "?"]),
            st.lists(st.integers(-1, 3) | st.just(1 << 62) | st.just(1 << 70), max_size=5),
        ),
    ),
    max_size=3,
)


@given(
    st.fixed_dictionaries(
        {}, optional={"kind": json_values, "fields": json_values, "arrays": described}
    ),
    st.integers(0, 8),
)
def test_a_header_that_lies_is_an_error(header, blocks):
    try:
        (message,) = decoded(frame(header, bytes(16 * blocks)))
    except ProtocolError:
        return
    assert sum(-(-values.nbytes // 16) for values in message.arrays.values()) == blocks


def test_what_came_before_a_bad_frame_is_given_out():
    stream = FrameDecoder().feed(encode(Message("good")) + b"print('hello')\n")
    assert next(stream).kind == "good"
    with pytest.raises(ProtocolError, match="must begin with"):
        next(stream)


def test_after_a_bad_frame_nothing_is_read_any_more():
    decoder = FrameDecoder()
    with pytest.raises(ProtocolError):
        list(decoder.feed(b"hello"))
    with pytest.raises(ProtocolError):
        list(decoder.feed(encode(Message("good"))))


def test_half_a_frame_awaits_the_rest():
    whole = encode(Message("a", {}, {"x": np.ones(100)}))
    for length in range(len(whole)):
        assert decoded(whole[:length]) == []


def test_another_version_is_named():
    with pytest.raises(ProtocolError, match=f"version {VERSION + 1} .* version {VERSION}"):
        decoded(frame({"kind": "a", "fields": {}, "arrays": {}}, version=VERSION + 1))


@pytest.mark.parametrize(
    ("header_size", "payload_size"),
    [(HEADER_LIMIT + 1, 0), (10, FRAME_LIMIT), (0xFFFFFFFF, 0xFFFFFFFF)],
)
def test_an_oversized_frame_is_refused_before_it_comes(header_size, payload_size):
    with pytest.raises(ProtocolError, match="over the limit"):
        decoded(PREFIX.pack(MAGIC, VERSION, 0, header_size, payload_size))


def test_an_oversized_message_is_not_sent():
    with pytest.raises(ProtocolError, match="over the limit"):
        encode(Message("a", {"text": "x" * HEADER_LIMIT}))
    with pytest.raises(ProtocolError, match="over the limit"):
        encode(Message("a", {}, {"x": np.broadcast_to(np.uint8(0), FRAME_LIMIT)}))


@pytest.mark.parametrize(
    "values",
    [np.array([object()]), np.array(["text"]), np.array([1j]), np.zeros(2, "f4,f4")],
    ids=["object", "text", "complex", "record"],
)
def test_only_numbers_are_sent(values):
    with pytest.raises(ProtocolError, match="cannot be sent"):
        encode(Message("a", {}, {"x": values}))


def test_fields_of_numpy_numbers_are_sent_as_numbers():
    (message,) = decoded(encode(Message("a", {"window": np.float32(0.1), "n": np.int64(3)})))
    assert message.fields == {"window": float(np.float32(0.1)), "n": 3}
    with pytest.raises(ProtocolError, match="type set"):
        encode(Message("a", {"x": {1}}))


@pytest.mark.parametrize(
    "header",
    [b"", b"\xff\xfe", b"[", b"[" * HEADER_LIMIT, b"9" * 5000, b"null", b'"kind"', b"{}"],
    ids=["empty", "no text", "open", "deep", "long number", "null", "text", "no kind"],
)
def test_a_header_that_is_no_message_is_an_error(header):
    with pytest.raises(ProtocolError, match="header"):
        decoded(frame(header))


def test_received_arrays_cannot_be_written_to():
    (message,) = decoded(encode(Message("a", {}, {"x": np.ones(3)})))
    with pytest.raises(ValueError, match="read-only"):
        message.arrays["x"][0] = 2.0
