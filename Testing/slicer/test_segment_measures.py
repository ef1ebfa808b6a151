"""Measures of segments in a scene, against the module Segment Statistics' own quantities."""

import numpy as np
import pytest

from GazeSAMLib.segmentation.measures import measure
from GazeSAMLib.segmentation.segment import VoxelPatch
from Testing.slicer.test_view_geometry import PARENTS, VOLUMES

pytest.importorskip("slicer", reason="slicer-core is not installed")

import slicer.util

from GazeSAMLib.hosts.slicer.edit_rules import EditRules, Overwrite
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segment_measures import SegmentMeasures
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from Testing.slicer.segments import KIDNEY, LIVER, block, scattered, voxels_of

SHAPE_KJI = (12, 14, 16)


@pytest.fixture
def segmented(a_volume, a_segmentation):
    """Two segments that overlap, on an oblique volume of noise under a transform."""
    noise = np.random.default_rng(3).integers(-500, 500, SHAPE_KJI).astype(np.int16)
    scene_volume = SceneVolume(a_volume(noise, VOLUMES["oblique"], PARENTS["rigid"]))
    node = a_segmentation(scene_volume)
    writer = SegmentationNodeWriter(
        node, scene_volume, lambda: EditRules(overwrite=Overwrite.OVERLAP)
    )
    writer.apply(scattered(LIVER, (1, 2, 3), (4, 5, 6), seed=1))
    writer.apply(scattered(KIDNEY, (3, 4, 3), (6, 5, 6), seed=2))
    return node, scene_volume, writer


def expected(node, segment, scene_volume):
    mask = voxels_of(node, segment, scene_volume.node)
    return measure(VoxelPatch((0, 0, 0), mask), scene_volume.volume, scene_volume.voxels_kji)


def numbers(measures):
    own = measures.volume_ml, measures.longest_in_plane_mm, measures.longest_3d_mm
    return (measures.voxels, *own, measures.mean, measures.sd)


def test_every_segment_is_measured_on_the_scan_s_own_voxels(segmented):
    node, scene_volume, _ = segmented
    found = SegmentMeasures().of(node, scene_volume)
    for segment in (LIVER, KIDNEY):
        whole = expected(node, segment, scene_volume)
        assert numbers(found[segment.id]) == pytest.approx(numbers(whole), rel=1e-4)
        values = slicer.util.arrayFromVolume(scene_volume.node)
        inside = values[voxels_of(node, segment, scene_volume.node)]
        assert found[segment.id].mean == pytest.approx(inside.mean())


def test_measures_follow_edits_and_undo(segmented):
    node, scene_volume, writer = segmented
    measures = SegmentMeasures()
    before = measures.of(node, scene_volume)
    writer.apply(block(LIVER, (8, 8, 8), (2, 2, 2)))
    after = measures.of(node, scene_volume)
    assert after[LIVER.id].voxels == before[LIVER.id].voxels + 8
    assert numbers(after[LIVER.id]) == pytest.approx(
        numbers(expected(node, LIVER, scene_volume)), rel=1e-4
    )
    writer.undo()
    assert numbers(measures.of(node, scene_volume)[LIVER.id]) == numbers(before[LIVER.id])


def test_what_has_not_changed_is_not_measured_again(segmented):
    node, scene_volume, _ = segmented
    measures = SegmentMeasures()
    before, after = (measures.of(node, scene_volume)[LIVER.id] for _ in range(2))
    assert after is before


def test_a_segment_without_voxels_has_none(segmented):
    node, scene_volume, writer = segmented
    for _ in range(2):
        writer.undo()
    assert [one.voxels for one in SegmentMeasures().of(node, scene_volume).values()] == [0, 0]
