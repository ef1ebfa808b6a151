"""The file of one embedding: what was written comes back, what was damaged does not."""

import json
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.store.entry import (
    MAGIC,
    VERSION,
    BadEntryError,
    entry_bytes,
    read_entry,
)
from Testing.made_embeddings import made_embedding, made_key, same

KEY = made_key().text()
WHOLE = entry_bytes(KEY, made_embedding(size=200))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("store") / "one.embedding"


numbers = hnp.arrays(
    st.sampled_from([np.dtype(name) for name in ("<f2", "<f4", "<f8", "|u1", "<i4", ">i2", "|b1")]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)


@given(
    arrays=st.dictionaries(st.text(max_size=8), numbers, max_size=4),
    facts=st.dictionaries(st.text(max_size=8), st.integers() | st.text() | st.booleans()),
)
def test_what_was_kept_comes_back(path, arrays, facts):
    path.write_bytes(entry_bytes(KEY, PackedEmbedding(arrays, facts)))
    read = read_entry(path, KEY)
    assert read.facts == facts
    assert read.arrays.keys() == arrays.keys()
    for name, values in arrays.items():
        assert read.arrays[name].dtype == values.dtype.newbyteorder("<")
        assert read.arrays[name].shape == values.shape
        assert read.arrays[name].tobytes() == values.astype(read.arrays[name].dtype).tobytes()
        assert values.size == 0 or not read.arrays[name].flags.writeable


@given(at=st.integers(0, len(WHOLE) - 1), flip=st.integers(1, 255))
def test_a_flipped_byte_is_noticed_wherever_it_is(path, at, flip):
    damaged = bytearray(WHOLE)
    damaged[at] ^= flip
    path.write_bytes(damaged)
    with pytest.raises(BadEntryError):
        read_entry(path, KEY)


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_cut_off_anywhere_is_noticed(path, size):
    path.write_bytes(WHOLE[:size])
    with pytest.raises(BadEntryError):
        read_entry(path, KEY)


@given(st.binary(min_size=1, max_size=50))
def test_bytes_at_the_end_are_noticed(path, more):
    path.write_bytes(WHOLE + more)
    with pytest.raises(BadEntryError):
        read_entry(path, KEY)


@given(st.binary(max_size=200))
def test_any_other_file_is_no_entry(path, data):
    path.write_bytes(data)
    with pytest.raises(BadEntryError):
        read_entry(path, KEY)


json_values = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.sampled_from(["<f2", "|O", "<f4,<f4", "V8", "<U3", "", "("])
)
json_trees = st.recursive(
    json_values,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["key", "facts", "arrays", "a"]), inner, max_size=4)
    ),
    max_leaves=8,
)
described = st.lists(json_trees, max_size=4) | st.tuples(
    st.sampled_from(["<f2", "<f4", "|u1", "|O"]),
    st.lists(st.integers(-2, 1 << 66), max_size=3),
    st.integers(-100, 1 << 66),
)


@given(
    json_trees
    | st.fixed_dictionaries(
        {
            "key": st.just(KEY),
            "facts": st.just({}) | json_trees,
            "arrays": st.dictionaries(st.text(max_size=2), described, max_size=2) | json_trees,
        }
    )
)
def test_a_header_that_makes_no_sense_is_noticed_though_its_checksum_is_right(path, content):
    header = json.dumps(content).encode()
    rest = struct.pack("<I", len(header)) + header + bytes(200)
    path.write_bytes(struct.pack("<4sHHI", MAGIC, VERSION, 0, zlib.crc32(rest)) + rest)
    with suppress(BadEntryError):
        read = read_entry(path, KEY)
        assert all(values.nbytes <= len(rest) for values in read.arrays.values())
        assert all(values.dtype.kind in "fiub" for values in read.arrays.values())


def test_an_entry_of_another_key_is_noticed(path):
    path.write_bytes(WHOLE)
    assert same(read_entry(path, KEY), made_embedding(size=200))
    with pytest.raises(BadEntryError, match="another embedding"):
        read_entry(path, made_key(1).text())


@pytest.mark.parametrize(
    "packed",
    [
        PackedEmbedding({"any": np.array([object()])}),
        PackedEmbedding({"text": np.array(["a"])}),
        PackedEmbedding({}, {"fact": object()}),
        PackedEmbedding({}, {"fact": float("nan")}),
    ],
    ids=["objects", "text", "fact", "nan"],
)
def test_only_numbers_and_json_values_are_kept(packed):
    with pytest.raises(BadEntryError):
        entry_bytes(KEY, packed)
