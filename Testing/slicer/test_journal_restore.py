"""What was accepted before a crash comes back into the same volume, and into no other."""

import time

import numpy as np
import pytest

from GazeSAMLib.errors import JournalError
from GazeSAMLib.frames import ViewPoint
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.shown_slices import ShownSlices
from GazeSAMLib.segmentation.editor import SegmentEditor
from GazeSAMLib.segmentation.journal import Journal, journal_path
from Testing.slicer.test_view_geometry import PARENTS, VOLUMES, orient, preset_of

pytest.importorskip("slicer", reason="slicer-core is not installed")

from GazeSAMLib.hosts.slicer.journal_restore import restore_offer
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segment_list import update_segments
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from GazeSAMLib.hosts.slicer.slice_snapshot import snapshot
from Testing.slicer.segments import all_voxels, disc, same

SHAPE_KJI = (18, 40, 50)


def scan(seed=2):
    return np.random.default_rng(seed).integers(-500, 500, SHAPE_KJI, dtype=np.int16)


def digest_of(scene_volume):
    return scan_digest(scene_volume.voxels_kji, scene_volume.volume)


def look_at_the_middle(view, scene_volume):
    width, height, _ = view.node.GetDimensions()
    shown = snapshot(view.logic, (0.0, 0.0, width, height), scene_volume)
    slices = ShownSlices(scene_volume.volume)
    slices.show(shown)
    return slices.locate(shown.layout.screen_from_view(ViewPoint(width / 2, height / 2)))


def work(scene_volume, node, views, journal):
    """Accept discs in all views into two segments, take some back."""
    editor = SegmentEditor(scene_volume.volume, SegmentationNodeWriter(node, scene_volume), journal)
    for number, view in enumerate(views):
        hit = look_at_the_middle(view, scene_volume)
        editor.accept(hit, disc(hit, 6.0 + number), remove=False)
        editor.accept(hit, disc(hit, 2.0), remove=True)
        editor.change(None, 1 if number == 1 else 0)
    editor.undo()
    editor.undo()
    editor.redo()


@pytest.fixture
def after_a_crash(a_volume, a_slice_view, a_segmentation, tmp_path):
    """The volume, loaded again elsewhere, and what the segmentation was before the crash."""
    volume = a_volume(scan(), VOLUMES["sheared"], PARENTS["rigid"])
    views = []
    for orientation in ("axial", "oblique", "sagittal"):
        views.append(a_slice_view(volume, preset_of(orientation)))
        orient(views[-1], orientation, volume)
    scene_volume = SceneVolume(volume)
    node = a_segmentation(scene_volume)
    with Journal(tmp_path, digest_of(scene_volume)) as journal:
        work(scene_volume, node, views, journal)
    before = all_voxels(node, volume)
    again = a_volume(scan(), VOLUMES["sheared"])  # not moved, and of another name
    return SceneVolume(again), before, tmp_path


def test_all_of_it_comes_back(after_a_crash, a_segmentation):
    scene_volume, before, root = after_a_crash
    node = a_segmentation(scene_volume)

    offer = restore_offer(root, digest_of(scene_volume))
    segments = offer.restore(scene_volume.volume, SegmentationNodeWriter(node, scene_volume))
    update_segments(node, segments)

    assert len(before) == 2
    assert all(held.any() for held in before.values())
    assert same(all_voxels(node, scene_volume.node), before)
    assert offer.step_count == 5
    assert abs(offer.saved_at.timestamp() - time.time()) < 600


def test_what_came_back_can_be_taken_back(after_a_crash, a_segmentation):
    scene_volume, _, root = after_a_crash
    node = a_segmentation(scene_volume)
    writer = SegmentationNodeWriter(node, scene_volume)
    restore_offer(root, digest_of(scene_volume)).restore(scene_volume.volume, writer)

    for _ in range(5):
        assert writer.undo()
    assert not writer.undo()
    assert not any(held.any() for held in all_voxels(node, scene_volume.node).values())


def test_another_volume_of_the_same_shape_gets_no_offer(after_a_crash, a_volume):
    _, _, root = after_a_crash
    other = SceneVolume(a_volume(scan(seed=3), VOLUMES["sheared"]))

    assert restore_offer(root, digest_of(other)) is None


def test_where_all_was_undone_there_is_no_offer(tmp_path, a_volume, a_slice_view, a_segmentation):
    scene_volume = SceneVolume(a_volume(scan(), VOLUMES["isotropic"]))
    view, node = a_slice_view(scene_volume.node), a_segmentation(scene_volume)
    with Journal(tmp_path, digest_of(scene_volume)) as journal:
        editor = SegmentEditor(
            scene_volume.volume, SegmentationNodeWriter(node, scene_volume), journal
        )
        hit = look_at_the_middle(view, scene_volume)
        editor.accept(hit, disc(hit, 5.0), remove=False)
        assert restore_offer(tmp_path, digest_of(scene_volume)).step_count == 1
        editor.undo()

    assert restore_offer(tmp_path, digest_of(scene_volume)) is None
    assert restore_offer(tmp_path / "none", digest_of(scene_volume)) is None


def test_a_journal_without_steps_is_no_offer(tmp_path, a_volume):
    scene_volume = SceneVolume(a_volume(scan(), VOLUMES["isotropic"]))
    Journal(tmp_path, digest_of(scene_volume)).close()

    assert restore_offer(tmp_path, digest_of(scene_volume)) is None


def test_a_damaged_journal_is_told(tmp_path, a_volume):
    digest = digest_of(SceneVolume(a_volume(scan(), VOLUMES["isotropic"])))
    path = journal_path(tmp_path, digest)
    path.parent.mkdir(parents=True)
    path.write_text("not a journal\n")

    with pytest.raises(JournalError, match="is not a GazeSAM journal"):
        restore_offer(tmp_path, digest)
