"""The command line's segmentation: adding, removing, undo, redo, neighbours."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.segmentation.segment import Edit, VoxelPatch, new_segment

LIVER, SPLEEN = new_segment(1, "liver"), new_segment(2, "spleen")
SHAPE = (3, 6, 6)


def patch(j: slice, i: slice, k: int = 1) -> VoxelPatch:
    return VoxelPatch((k, j.start, i.start), np.ones((1, j.stop - j.start, i.stop - i.start), bool))


def test_an_accepted_step_fills_its_voxels_and_no_others():
    labelmap = Labelmap(SHAPE)
    labelmap.apply(Edit(LIVER, patch(slice(1, 3), slice(2, 5))))
    expected = np.zeros(SHAPE)
    expected[1, 1:3, 2:5] = 1
    np.testing.assert_array_equal(labelmap.labels_kji, expected)


def test_a_new_mask_never_eats_its_neighbour():
    labelmap = Labelmap(SHAPE)
    labelmap.apply(Edit(LIVER, patch(slice(0, 4), slice(0, 4))))
    labelmap.apply(Edit(SPLEEN, patch(slice(2, 6), slice(2, 6))))
    assert (labelmap.labels_kji == 1).sum() == 16
    assert (labelmap.labels_kji == 2).sum() == 16 - 4


def test_with_overwriting_the_new_mask_takes_the_voxels_and_undo_restores_the_neighbour():
    labelmap = Labelmap(SHAPE, overwrite=True)
    labelmap.apply(Edit(LIVER, patch(slice(0, 4), slice(0, 4))))
    before = labelmap.labels_kji.copy()
    labelmap.apply(Edit(SPLEEN, patch(slice(2, 6), slice(2, 6))))
    assert (labelmap.labels_kji == 2).sum() == 16
    assert labelmap.undo()
    np.testing.assert_array_equal(labelmap.labels_kji, before)


def test_removing_takes_from_the_segment_alone():
    labelmap = Labelmap(SHAPE)
    labelmap.apply(Edit(LIVER, patch(slice(0, 3), slice(0, 6))))
    labelmap.apply(Edit(SPLEEN, patch(slice(3, 6), slice(0, 6))))
    labelmap.apply(Edit(LIVER, patch(slice(0, 6), slice(0, 2)), remove=True))
    assert (labelmap.labels_kji == 1).sum() == 12
    assert (labelmap.labels_kji == 2).sum() == 18


def test_more_than_255_segments_keep_apart():
    labelmap = Labelmap((1, 20, 20))
    for number in range(300):
        j, i = divmod(number, 20)
        one_voxel = VoxelPatch((0, j, i), np.ones((1, 1, 1), dtype=bool))
        labelmap.apply(Edit(new_segment(number + 1), one_voxel))
    np.testing.assert_array_equal(labelmap.labels_kji.ravel()[:300], np.arange(1, 301))
    while labelmap.undo():
        pass
    assert not labelmap.labels_kji.any()


def test_there_is_nothing_to_undo_or_redo_in_a_new_labelmap():
    labelmap = Labelmap(SHAPE)
    assert not labelmap.undo()
    assert not labelmap.redo()


@given(seed=st.integers(0, 2**32 - 1), overwrite=st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_step_can_be_undone_and_redone_in_any_order(seed, overwrite):
    rng = np.random.default_rng(seed)
    labelmap = Labelmap(SHAPE, overwrite=overwrite)
    states, position = [labelmap.labels_kji.copy()], 0
    for _ in range(25):
        act = rng.choice(["apply", "apply", "undo", "redo"])
        if act == "apply":
            corner = rng.integers(0, 3, 3)
            mask = rng.random((1, 3, 3)) > 0.4
            offset = (int(corner[0]), int(corner[1]), int(corner[2]))
            segment = (LIVER, SPLEEN)[rng.integers(2)]
            labelmap.apply(Edit(segment, VoxelPatch(offset, mask), bool(rng.random() < 0.3)))
            position += 1
            states[position:] = [labelmap.labels_kji.copy()]
        elif act == "undo":
            assert labelmap.undo() == (position > 0)
            position = max(position - 1, 0)
        else:
            assert labelmap.redo() == (position + 1 < len(states))
            position = min(position + 1, len(states) - 1)
        np.testing.assert_array_equal(labelmap.labels_kji, states[position])
