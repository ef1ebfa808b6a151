"""Any damage to what is right: errors of ours alone. ``FUZZ_EXAMPLES`` sets how many a parser."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from Testing.fuzz.targets import Target, targets

pytest.importorskip("msgpack", reason="msgpack is not installed")
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
TARGETS = targets()


def damaged(target: Target) -> st.SearchStrategy[bytes]:
    """Examples with pieces taken out, doubled, overwritten by bytes or by words that matter."""
    piece = st.binary(max_size=12) | st.sampled_from(target.words)
    change = st.tuples(st.floats(0.0, 1.0), st.integers(0, 40), piece)
    return st.builds(_damage, st.sampled_from(target.examples), st.lists(change, max_size=8))


def _damage(example: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    raw = bytearray(example)
    for share, length, piece in changes:
        place = round(share * len(raw))
        raw[place : place + length] = piece
    return bytes(raw)


@pytest.mark.parametrize("name", TARGETS)
def test_examples_are_understood(name: str) -> None:
    """A target whose examples are refused would test nothing."""
    assert TARGETS[name].run(TARGETS[name].examples[0])


@pytest.mark.parametrize("name", TARGETS)
@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_damage_is_an_error_of_ours_or_none(name: str, data: st.DataObject) -> None:
    TARGETS[name].run(data.draw(damaged(TARGETS[name]) | st.binary(max_size=200)))
