"""What a replay is remembered by."""

import itertools

import numpy as np

from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.slice_key import slice_key
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli.trace import Trace
from Testing.recorded_scan import ball_centre_ras


def trace_of(done) -> Trace:
    return done.replayed.trace


def test_steps_are_what_was_accepted_and_not_undone(done) -> None:
    names = [accepted.step.edit.segment.name for accepted in trace_of(done).steps]
    assert names == ["bright ball", "grey ball", "bright ball"]
    assert trace_of(done).undone == 1


def test_the_voxels_of_the_steps_are_those_of_the_labelmap(done) -> None:
    kept = np.zeros(done.scan.volume.shape_kji, dtype=bool)
    for accepted in trace_of(done).steps:
        patch = accepted.step.edit.patch
        kept[patch.box] |= patch.mask
    np.testing.assert_array_equal(kept, done.labelmap.labels_kji > 0)


def test_fixations_of_accepted_looks_lie_on_their_structures(done) -> None:
    seen_at = {seen.fixation.start_ns: seen for seen in trace_of(done).fixations}
    for accepted in trace_of(done).steps:
        seen = seen_at[accepted.step.look.start_ns]
        away_mm = np.array(tuple(seen.hit.point_local_ras)) - ball_centre_ras(
            accepted.step.edit.segment.name
        )
        assert np.linalg.norm(away_mm[:2]) < 3.0
        assert seen.fixation.duration_ms > 300.0


def test_every_view_is_visited_once_and_in_turn(done) -> None:
    visits = trace_of(done).visits
    assert len(visits) == 3  # the middle slice, 6 mm up, 9 mm down
    for before, after in itertools.pairwise(visits):
        assert before.end_ns == after.start_ns
    assert visits[-1].end_ns is None


def test_planes_through_one_layer_of_voxels_are_one_slice() -> None:
    volume = VolumeGeometry((10, 20, 20), np.diag((1.0, 1.0, 3.0, 1.0)))
    directions = ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    keys = [
        slice_key(plane, slice_grid(volume, plane))
        for plane in (SlicePlane((0.0, 0.0, s_mm), *directions) for s_mm in (5.0, 6.0, 7.0, 8.0))
    ]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_oblique_planes_are_slices_of_their_own() -> None:
    volume = VolumeGeometry((10, 20, 20), np.diag((1.0, 1.0, 3.0, 1.0)))
    tilted = ((-1.0, 0.0, 0.0), (0.0, -0.9, 0.3))
    planes = [SlicePlane((0.0, 5.0, s_mm), *tilted) for s_mm in (10.0, 10.5)]
    keys = {slice_key(plane, slice_grid(volume, plane)) for plane in planes}
    assert len(keys) == 2
