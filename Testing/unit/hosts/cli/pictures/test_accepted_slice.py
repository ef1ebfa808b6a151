"""Which slices a job has, in the order in which they are read, and how they came about."""

import numpy as np

from GazeSAMLib.hosts.cli.pictures.accepted_slice import accepted_slices


def slices_of(done):
    steps, segments = done.replayed.trace.steps, done.labelmap.segments
    return accepted_slices(steps, done.book, segments, done.scan)


def layers(slices):
    return [shown.grid.layer.index for shown in slices]


def test_without_propagation_they_are_those_looked_at(done) -> None:
    slices = slices_of(done)
    assert [len(shown.steps) for shown in slices] == [2, 1]
    assert not any(shown.propagated for shown in slices)


def test_every_layer_with_a_voxel_is_there_from_head_to_feet(propagated) -> None:
    slices = slices_of(propagated)
    filled = np.flatnonzero(propagated.labelmap.labels_kji.any(axis=(1, 2)))
    assert layers(slices) == filled[::-1].tolist()


def test_a_segment_is_propagated_where_nobody_looked_at_it(propagated) -> None:
    bright, grey = (segment.id for segment in propagated.labelmap.segments)
    found = {shown.grid.layer.index: shown for shown in slices_of(propagated)}
    assert len(found[12].steps) == 2
    assert found[12].propagated == frozenset()
    assert len(found[15].steps) == 1
    assert found[15].propagated == {grey}
    assert found[11].steps == []
    assert found[11].propagated == {bright, grey}


def test_where_nobody_looked_the_window_is_that_of_the_looks(propagated) -> None:
    slices = slices_of(propagated)
    windows = {(shown.window, shown.level) for shown in slices}
    view = propagated.replayed.trace.steps[0].step.look.hit.view
    assert windows == {(view.window, view.level)}


def test_the_summary_counts_them(propagated) -> None:
    slices = slices_of(propagated)
    for segment, facts in zip(
        propagated.labelmap.segments, propagated.summary.segments, strict=True
    ):
        count = sum(segment.id in shown.propagated for shown in slices)
        assert facts.slices_propagated == count > 5
        assert facts.slices == count + (2 if facts.name == "bright ball" else 1)
    assert propagated.summary.accepted_looks == 3
    assert propagated.summary.propagations == 3
