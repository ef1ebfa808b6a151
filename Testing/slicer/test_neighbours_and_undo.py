"""Segments beside each other: who loses voxels, and taking steps back."""

import numpy as np
import pytest

from GazeSAMLib.errors import OutputError
from GazeSAMLib.segmentation.segment import Edit, VoxelPatch, new_segment

pytest.importorskip("slicer", reason="slicer-core is not installed")

import slicer
import vtk

from GazeSAMLib.hosts.slicer.edit_rules import EditRules, Overwrite
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segment_list import segment_of
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from Testing.slicer.segments import (
    KIDNEY,
    LIVER,
    SPLEEN,
    TUMOUR,
    all_voxels,
    block,
    filled,
    same,
    scattered,
    voxels_of,
)

SHAPE_KJI = (12, 14, 16)
GRID = np.array([[0, 0, 2.0, -5], [-0.8, 0.1, 0, 7], [0, 0.9, 0, 9], [0, 0, 0, 1]])


class Bench:
    """A segmentation of a small volume, and the writer under test."""

    def __init__(self, volume_node, make_segmentation) -> None:
        self.volume_node = volume_node
        self.scene_volume = SceneVolume(volume_node)
        self.node = make_segmentation(self.scene_volume)
        self.overwrite = Overwrite.KEEP
        self.writer = SegmentationNodeWriter(
            self.node, self.scene_volume, lambda: EditRules(self.overwrite)
        )

    def voxels(self, segment):
        return voxels_of(self.node, segment, self.volume_node)

    @property
    def everything(self):
        return all_voxels(self.node, self.volume_node)

    @property
    def segmentation(self):
        return self.node.GetSegmentation()


@pytest.fixture
def bench(a_volume, a_segmentation):
    return Bench(a_volume(np.zeros(SHAPE_KJI, np.int16), GRID), a_segmentation)


@pytest.fixture
def beside_a_liver(bench):
    """The liver is there; the next mask will lie half over it."""
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    return bench


OVER_THE_LIVER = block(KIDNEY, (5, 5, 5), (3, 6, 6))
SHARED = filled(block(LIVER, (5, 5, 5), (2, 3, 3)).patch, SHAPE_KJI)


def test_a_new_mask_does_not_erase_its_neighbour(beside_a_liver):
    liver = beside_a_liver.voxels(LIVER)

    beside_a_liver.writer.apply(OVER_THE_LIVER)

    assert np.array_equal(beside_a_liver.voxels(LIVER), liver)
    expected = filled(OVER_THE_LIVER.patch, SHAPE_KJI) & ~liver
    assert np.array_equal(beside_a_liver.voxels(KIDNEY), expected)


def test_a_new_mask_may_lie_over_its_neighbour(beside_a_liver):
    liver = beside_a_liver.voxels(LIVER)
    beside_a_liver.overwrite = Overwrite.OVERLAP

    beside_a_liver.writer.apply(OVER_THE_LIVER)

    assert np.array_equal(beside_a_liver.voxels(LIVER), liver)
    assert np.array_equal(beside_a_liver.voxels(KIDNEY), filled(OVER_THE_LIVER.patch, SHAPE_KJI))


def test_overwriting_takes_from_the_neighbour_and_undo_gives_it_back(beside_a_liver):
    before = beside_a_liver.voxels(LIVER)
    beside_a_liver.overwrite = Overwrite.ALL

    beside_a_liver.writer.apply(OVER_THE_LIVER)

    assert np.array_equal(beside_a_liver.voxels(LIVER), before & ~SHARED)
    assert beside_a_liver.writer.undo()
    assert np.array_equal(beside_a_liver.voxels(LIVER), before)
    assert not beside_a_liver.voxels(KIDNEY).any()
    assert beside_a_liver.writer.redo()
    assert np.array_equal(beside_a_liver.voxels(LIVER), before & ~SHARED)
    assert np.array_equal(beside_a_liver.voxels(KIDNEY), filled(OVER_THE_LIVER.patch, SHAPE_KJI))


@pytest.mark.parametrize("is_shown", [True, False])
def test_only_shown_neighbours_lose_voxels_if_so_told(beside_a_liver, is_shown):
    before = beside_a_liver.voxels(LIVER)
    beside_a_liver.node.GetDisplayNode().SetSegmentVisibility(LIVER.id, is_shown)
    beside_a_liver.overwrite = Overwrite.VISIBLE

    beside_a_liver.writer.apply(OVER_THE_LIVER)

    left = before & ~SHARED if is_shown else before
    assert np.array_equal(beside_a_liver.voxels(LIVER), left)
    assert np.array_equal(beside_a_liver.voxels(KIDNEY), filled(OVER_THE_LIVER.patch, SHAPE_KJI))


def test_removing_takes_from_the_current_segment_alone(bench):
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    bench.writer.apply(block(KIDNEY, (4, 2, 8), (3, 6, 6)))
    layers = bench.segmentation.GetNumberOfLayers()
    liver = bench.voxels(LIVER)

    bench.writer.apply(block(KIDNEY, (0, 0, 0), SHAPE_KJI, remove=True))

    assert layers == 1  # both segments share a labelmap
    assert np.array_equal(bench.voxels(LIVER), liver)
    assert not bench.voxels(KIDNEY).any()


def test_removing_where_segments_overlap_leaves_the_other(bench):
    bench.overwrite = Overwrite.OVERLAP
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    bench.writer.apply(block(KIDNEY, (4, 4, 4), (3, 6, 6)))
    liver = bench.voxels(LIVER)

    bench.writer.apply(block(KIDNEY, (0, 0, 0), SHAPE_KJI, remove=True))

    assert np.array_equal(bench.voxels(LIVER), liver)
    assert not bench.voxels(KIDNEY).any()


def test_voxels_beside_the_volume_are_left_out(bench):
    mask = np.ones((6, 6, 6), dtype=bool)

    bench.writer.apply(Edit(LIVER, VoxelPatch((-3, 11, 13), mask)))
    bench.writer.apply(Edit(KIDNEY, VoxelPatch((40, 0, 0), mask)))

    expected = np.zeros(SHAPE_KJI, dtype=bool)
    expected[:3, 11:, 13:] = True
    assert np.array_equal(bench.voxels(LIVER), expected)
    assert not bench.voxels(KIDNEY).any()
    assert bench.writer.undo()
    assert bench.writer.undo()
    assert not bench.voxels(LIVER).any()


def random_steps(bench, count):
    """Random edits under random rules; yields what the segmentation is after each."""
    random = np.random.default_rng(11)
    segments = (LIVER, KIDNEY, TUMOUR, SPLEEN)
    for number in range(count):
        bench.overwrite = list(Overwrite)[random.integers(4)]
        offset = random.integers(0, 8, 3).tolist()
        segment = segments[random.integers(4)]
        is_removal = random.random() < 0.25
        bench.writer.apply(scattered(segment, offset, (4, 5, 6), number, remove=is_removal))
        yield bench.everything


def with_all(states):
    """Segments that come later, as empty ones, in the states before."""
    names = states[-1].keys()
    empty = np.zeros(SHAPE_KJI, dtype=bool)
    return [{name: state.get(name, empty) for name in names} for state in states]


def test_every_step_of_a_session_can_be_taken_back_and_repeated(bench):
    states = with_all([{}, *random_steps(bench, 24)])

    for state in reversed(states[:-1]):
        assert bench.writer.undo()
        assert same(bench.everything, state)
    assert not bench.writer.undo()
    for state in states[1:]:
        assert bench.writer.redo()
        assert same(bench.everything, state)
    assert not bench.writer.redo()


def test_a_new_step_ends_what_could_be_redone(bench):
    bench.writer.apply(block(LIVER, (0, 0, 0), (2, 2, 2)))
    bench.writer.undo()
    bench.writer.apply(block(LIVER, (5, 5, 5), (2, 2, 2)))

    assert not bench.writer.redo()
    assert bench.voxels(LIVER).sum() == 8


def test_saving_in_between_does_not_disturb_undo(bench, tmp_path):
    *_, after = random_steps(bench, 12)
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(tmp_path / "saved.seg.nrrd"))
    before = bench.segmentation.GetNumberOfLayers()

    assert storage.WriteData(bench.node)  # brings segments together in fewer labelmaps

    assert bench.segmentation.GetNumberOfLayers() <= before
    for _ in range(12):
        assert bench.writer.undo()
    assert not any(held.any() for held in bench.everything.values())
    for _ in range(12):
        assert bench.writer.redo()
    assert same(bench.everything, after)


def brush(bench, segment, offset_kji, shape, over=()):
    """A stroke of the Segment Editor, Slicer's own way to write; `over` loses voxels to it."""
    image = slicer.vtkOrientedImageData()
    image.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(GRID))
    k, j, i = offset_kji
    extent = (i, i + shape[2] - 1, j, j + shape[1] - 1, k, k + shape[0] - 1)
    image.SetExtent(extent)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    image.GetPointData().GetScalars().Fill(1)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.SetBinaryLabelmapToSegment(
        image, bench.node, segment.id, logic.MODE_MERGE_MASK, extent, False, over
    )


def test_undo_leaves_what_the_segment_editor_has_painted_since(bench):
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    brush(bench, LIVER, (0, 0, 0), (2, 2, 2))

    assert bench.writer.undo()

    expected = np.zeros(SHAPE_KJI, dtype=bool)
    expected[:2, :2, :2] = True
    assert np.array_equal(bench.voxels(LIVER), expected)


def test_undo_leaves_what_the_segment_editor_has_given_to_others_since(bench):
    bench.writer.apply(block(KIDNEY, (0, 0, 0), (1, 1, 1)))
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    brush(bench, KIDNEY, (4, 2, 2), (3, 3, 3), over=[LIVER.id])
    assert bench.segmentation.GetNumberOfLayers() == 1
    kidney = bench.voxels(KIDNEY)
    assert kidney.sum() == 28

    assert bench.writer.undo()

    assert not bench.voxels(LIVER).any()
    assert np.array_equal(bench.voxels(KIDNEY), kidney)


def test_a_mask_can_follow_a_stroke_of_the_segment_editor(bench):
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    brush(bench, LIVER, (9, 9, 9), (3, 5, 7))  # crops and pads the labelmap

    bench.writer.apply(block(LIVER, (0, 12, 0), (1, 2, 16)))

    expected = np.zeros(SHAPE_KJI, dtype=bool)
    expected[4:7, 2:8, 2:8] = expected[9:, 9:, 9:] = expected[0, 12:] = True
    assert np.array_equal(bench.voxels(LIVER), expected)


def test_a_segment_keeps_the_name_and_colour_that_the_user_gave_it(bench):
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    segment = bench.segmentation.GetSegment(LIVER.id)
    assert segment.GetName() == "Liver"
    assert segment.GetColor() == pytest.approx(LIVER.color_rgb)
    segment.SetName("Leber")
    segment.SetColor(0.1, 0.2, 0.3)

    bench.writer.apply(block(LIVER, (0, 0, 0), (1, 1, 1)))
    bench.writer.undo()

    assert segment_of(bench.node, LIVER.id).name == "Leber"
    assert segment_of(bench.node, LIVER.id).color_rgb == pytest.approx((0.1, 0.2, 0.3))
    assert bench.segmentation.GetNumberOfSegments() == 1


def test_a_deleted_segment_is_told_and_the_session_goes_on(bench):
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    bench.writer.apply(block(KIDNEY, (0, 0, 0), (2, 2, 2)))
    bench.segmentation.RemoveSegment(LIVER.id)

    with pytest.raises(OutputError, match="'Liver' was deleted"):
        bench.writer.apply(block(LIVER, (0, 5, 5), (1, 1, 1)))

    bench.writer.apply(block(KIDNEY, (0, 8, 8), (2, 2, 2)))
    assert bench.voxels(KIDNEY).sum() == 16
    assert bench.writer.undo()
    assert bench.writer.undo()
    assert not bench.voxels(KIDNEY).any()
    assert bench.writer.undo()  # the deleted segment's step: nothing is left to take back
    assert list(bench.segmentation.GetSegmentIDs()) == [KIDNEY.id]


def test_a_deleted_segmentation_is_told(mrml, bench):
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    mrml.scene.RemoveNode(bench.node)

    for act in (lambda: bench.writer.apply(OVER_THE_LIVER), bench.writer.undo):
        with pytest.raises(OutputError, match="the segmentation was deleted"):
            act()


def test_a_hidden_segment_is_told_and_nothing_is_written(bench):
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    before = bench.voxels(LIVER)
    display = bench.node.GetDisplayNode()

    display.SetSegmentVisibility(LIVER.id, False)
    with pytest.raises(OutputError, match="the segment 'Liver' is hidden"):
        bench.writer.apply(block(LIVER, (0, 0, 0), (1, 1, 1)))
    display.SetSegmentVisibility(LIVER.id, True)
    display.SetVisibility(False)
    with pytest.raises(OutputError, match="segmentation' is hidden"):
        bench.writer.apply(block(LIVER, (0, 0, 0), (1, 1, 1)))
    display.SetVisibility(True)

    assert np.array_equal(bench.voxels(LIVER), before)
    bench.writer.apply(block(LIVER, (0, 0, 0), (1, 1, 1)))
    assert bench.voxels(LIVER).sum() == before.sum() + 1


def test_a_step_that_changes_nothing_is_told(bench):
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    assert bench.writer.notice == ""

    bench.writer.apply(block(KIDNEY, (4, 2, 2), (1, 1, 1)))
    assert bench.writer.notice.startswith("Nothing was added")
    bench.writer.apply(block(KIDNEY, (4, 2, 2), (1, 1, 1), remove=True))
    assert bench.writer.notice.startswith("Nothing was removed")
    bench.writer.apply(block(LIVER, (0, 0, 0), (1, 1, 1)))
    assert bench.writer.notice == ""


def test_more_segments_than_a_byte_can_count(bench):
    for number in range(1, 302):
        bench.segmentation.AddEmptySegment(f"Segment_{number}", f"Segment_{number}")
    first, last = new_segment(1), new_segment(301)

    bench.writer.apply(block(first, (0, 0, 0), (2, 2, 2)))
    bench.writer.apply(block(last, (4, 4, 4), (2, 3, 4)))

    assert bench.voxels(first).sum() == 8
    assert np.array_equal(
        bench.voxels(last), filled(block(last, (4, 4, 4), (2, 3, 4)).patch, SHAPE_KJI)
    )


def test_observers_are_told_which_segment_has_changed(bench):
    told = []

    @vtk.calldata_type(vtk.VTK_STRING)
    def note(_caller, _event, segment_id):
        told.append(segment_id)

    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    observer = bench.node.AddObserver(bench.segmentation.RepresentationModified, note)
    bench.overwrite = Overwrite.ALL
    bench.writer.apply(OVER_THE_LIVER)

    assert sorted(told) == [KIDNEY.id, LIVER.id]
    assert bench.node.GetModifiedSinceRead()
    bench.node.RemoveObserver(observer)


def test_closed_surfaces_go_while_editing_and_come_back_as_they_should_be(bench):
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    assert bench.node.CreateClosedSurfaceRepresentation()
    bench.writer.suspend_surfaces()
    assert not bench.segmentation.ContainsRepresentation("Closed surface")
    assert bench.node.CreateClosedSurfaceRepresentation()  # the user asks for it in between

    bench.writer.apply(block(LIVER, (4, 8, 2), (3, 4, 6)))

    assert not bench.segmentation.ContainsRepresentation("Closed surface")
    bench.writer.resume_surfaces()
    assert bench.segmentation.ContainsRepresentation("Closed surface")
    shown, fresh = vtk.vtkPolyData(), vtk.vtkPolyData()
    bench.node.GetClosedSurfaceRepresentation(LIVER.id, shown)
    bench.segmentation.RemoveRepresentation("Closed surface")
    bench.node.CreateClosedSurfaceRepresentation()
    bench.node.GetClosedSurfaceRepresentation(LIVER.id, fresh)
    assert shown.GetNumberOfPoints() == fresh.GetNumberOfPoints() > 0
    assert shown.GetBounds() == fresh.GetBounds()


def test_without_surfaces_none_are_made(bench):
    bench.writer.apply(block(LIVER, (4, 2, 2), (3, 6, 6)))
    bench.writer.suspend_surfaces()
    bench.writer.resume_surfaces()

    assert not bench.segmentation.ContainsRepresentation("Closed surface")


def test_a_corrected_slice_takes_the_place_of_what_was_there(beside_a_liver):
    bench = beside_a_liver
    wrong = block(KIDNEY, (7, 2, 2), (1, 6, 6))
    bench.writer.apply(wrong)
    before = bench.everything
    right = VoxelPatch((7, 4, 4), np.ones((1, 6, 6), dtype=bool))

    bench.writer.apply(Edit(KIDNEY, right, replaced=wrong.patch))

    assert np.array_equal(bench.voxels(KIDNEY), filled(right, SHAPE_KJI))
    after = bench.everything
    assert bench.writer.undo()
    assert same(bench.everything, before)
    assert bench.writer.redo()
    assert same(bench.everything, after)
