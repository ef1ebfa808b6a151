"""Which slices a contact sheet shows when there are too many."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.hosts.cli.pictures.selection import most_telling
from GazeSAMLib.hosts.cli.trace import AcceptedStep
from GazeSAMLib.prompts.prompt_set import PromptSet
from GazeSAMLib.segmentation.segment import Edit, VoxelPatch, new_segment


def accepted(segment: int, size: int, *, remove: bool = False, labels=(1,)) -> AcceptedStep:
    """A step of which only what the selection looks at is real."""
    patch = VoxelPatch((0, 0, 0), np.ones((1, 1, size), dtype=bool))
    prompts = PromptSet(np.zeros((len(labels), 2)), np.array(labels))
    look = SimpleNamespace(prompts=prompts)
    step = SimpleNamespace(edit=Edit(new_segment(segment), patch, remove), look=look)
    return AcceptedStep(0, step, (0.0,))


def test_few_slices_are_all_shown() -> None:
    assert most_telling([[accepted(1, 4)]] * 5, 6) == [0, 1, 2, 3, 4]


def test_the_largest_slice_of_each_segment_is_shown() -> None:
    groups = [[accepted(1, 5 if n == 13 else 2)] for n in range(40)]
    groups[27] = [accepted(2, 1)]
    assert {13, 27} <= set(most_telling(groups, 4))


@pytest.mark.parametrize("corrected", [{"remove": True}, {"labels": (1, 0)}])
def test_corrected_slices_are_shown(corrected) -> None:
    groups = [[accepted(1, 3)] for _ in range(50)]
    groups[31].append(accepted(1, 1, **corrected))
    assert 31 in most_telling(groups, 4)


@given(count=st.integers(1, 300), limit=st.integers(1, 40))
def test_the_limit_is_used_up_and_the_order_kept(count, limit) -> None:
    chosen = most_telling([[accepted(n % 3, 1 + n % 7)] for n in range(count)], limit)
    assert len(chosen) == min(count, limit)
    assert chosen == sorted(set(chosen))
