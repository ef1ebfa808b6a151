"""Segmentations as files, opened again by other readers, from looks at real scans."""

import csv

import nibabel
import numpy as np
import pytest
import SimpleITK
import slicerio

from GazeSAMLib.errors import OutputError
from GazeSAMLib.frames import ViewPoint
from GazeSAMLib.geometry.shown_slices import ShownSlices
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.segmentation.editor import SegmentEditor
from Testing.full_disk import limited_file_size
from Testing.slicer.test_view_geometry import PARENTS, VOLUMES

pytest.importorskip("slicer", reason="slicer-core is not installed")

import vtk

from GazeSAMLib.hosts.slicer.edit_rules import EditRules, Overwrite
from GazeSAMLib.hosts.slicer.export import export_nifti, export_nrrd
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from GazeSAMLib.hosts.slicer.slice_snapshot import snapshot
from Testing.slicer.segments import KIDNEY, LIVER, block, disc

SHAPE_KJI = (12, 14, 16)


@pytest.fixture
def loaded(mrml):
    """Return a function that loads a file or a DICOM folder as the module Volumes does."""
    made = []

    def load(path):
        files = vtk.vtkStringArray()
        for one in sorted(path.iterdir()) if path.is_dir() else [path]:
            if one.name != "LICENSE":
                files.InsertNextValue(str(one))
        made.append(mrml.volumes.AddArchetypeVolume(files.GetValue(0), "scan", 0, files))
        return made[-1]

    yield load
    for node in made:
        mrml.scene.RemoveNode(node)


def accept_a_disc(view, scene_volume, node, radius_px):
    """Look at the middle of a view and accept a disc; return where it lies, world mm."""
    width, height, _ = view.node.GetDimensions()
    shown = snapshot(view.logic, (0.0, 0.0, width, height), scene_volume)
    slices = ShownSlices(scene_volume.volume)
    slices.show(shown)
    middle = ViewPoint(width / 2, height / 2)
    hit = slices.locate(shown.layout.screen_from_view(middle))
    editor = SegmentEditor(scene_volume.volume, SegmentationNodeWriter(node, scene_volume), None)
    editor.accept(hit, disc(hit, radius_px), remove=False)
    directions = view.ras_from_view_xy[:3, :2] / np.linalg.norm(
        view.ras_from_view_xy[:3, :2], axis=0
    )
    centre = (view.ras_from_view_xy @ (*middle, 0.0, 1.0))[:3]
    return centre, directions, radius_px * hit.grid.pixel_mm


def around(centre, directions, radii_mm):
    """Points on circles in the displayed plane, world mm."""
    angles = np.linspace(0.0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack((np.cos(angles), np.sin(angles)))
    return np.concatenate([centre + (directions @ (r * circle)).T for r in radii_mm])


SCANS = [
    "mr_brain_oblique/t2.nii.gz",  # left-handed and oblique
    "mr_tumour/image.nrrd",  # y flipped
    "ct_abdomen/dicom",
]


@pytest.mark.parametrize("orientation", ["Axial", "Sagittal", "Coronal"])
@pytest.mark.parametrize("scan", SCANS)
def test_a_disc_accepted_in_slicer_lies_in_the_nifti_file_where_it_was_seen(
    loaded, a_slice_view, a_segmentation, shared_data, tmp_path, scan, orientation
):
    volume = loaded(shared_data / scan)
    scene_volume = SceneVolume(volume)
    node = a_segmentation(scene_volume)
    view = a_slice_view(volume, orientation, 400, 300)
    centre, directions, radius_mm = accept_a_disc(view, scene_volume, node, 25.0)

    assert export_nifti(node, scene_volume, tmp_path / "result.nii.gz") == ""

    image = nibabel.load(tmp_path / "result.nii.gz")
    labels = np.asarray(image.dataobj)
    read = read_scan(shared_data / scan)
    assert labels.shape == read.volume.shape_ijk

    def values_at(points):
        ijk = nibabel.affines.apply_affine(np.linalg.inv(image.affine), points)
        nearest = np.floor(ijk + 0.5).astype(int)
        inside = ((nearest >= 0) & (nearest < labels.shape)).all(axis=1)
        return labels[tuple(nearest[inside].T)]

    blur_mm = np.linalg.norm(scene_volume.volume.spacing_mm)
    within = np.linspace(0.0, max(radius_mm - blur_mm, 0.0), 5)
    beyond = radius_mm + blur_mm + np.array([1.0, 3.0, 9.0])
    assert values_at(around(centre, directions, within)).all()
    assert not values_at(around(centre, directions, beyond)).any()
    normal = np.cross(*directions.T)
    assert not values_at(around(centre + 1.5 * blur_mm * normal, directions, within)).any()


def test_a_gantry_tilted_scan_goes_to_nrrd_with_its_shear(
    loaded, a_slice_view, a_segmentation, shared_data, tmp_path
):
    volume = loaded(shared_data / "ct_head_tilted")
    scene_volume = SceneVolume(volume)
    node = a_segmentation(scene_volume)
    view = a_slice_view(volume, "Axial", 400, 300)
    centre, directions, radius_mm = accept_a_disc(view, scene_volume, node, 60.0)

    with pytest.raises(OutputError, match="sheared against each other"):
        export_nifti(node, scene_volume, tmp_path / "result.nii.gz")
    export_nrrd(node, tmp_path / "result.seg.nrrd")

    assert [path.name for path in tmp_path.iterdir()] == ["result.seg.nrrd"]
    read = slicerio.read_segmentation(str(tmp_path / "result.seg.nrrd"))
    lps_from_ijk = read["ijkToLPS"]
    ras = around(centre, directions, [0.0, 0.5 * radius_mm, 0.9 * radius_mm])
    lps = ras * (-1.0, -1.0, 1.0)
    ijk = nibabel.affines.apply_affine(np.linalg.inv(lps_from_ijk), lps)
    nearest = np.floor(ijk + 0.5).astype(int)
    assert (read["voxels"][tuple(nearest.T)] == 1).all()
    assert np.allclose(
        np.diag((-1.0, -1.0, 1.0, 1.0)) @ lps_from_ijk,
        scene_volume.volume.local_ras_from_ijk,
        atol=1e-4,
    )


@pytest.fixture
def two_segments(a_volume, a_segmentation):
    """The liver and a kidney under a transform, as Slicer has them; and the volume."""
    volume = a_volume(np.zeros(SHAPE_KJI, np.int16), VOLUMES["oblique"], PARENTS["rigid"])
    scene_volume = SceneVolume(volume)
    node = a_segmentation(scene_volume)
    writer = SegmentationNodeWriter(
        node, scene_volume, lambda: EditRules(overwrite=Overwrite.OVERLAP)
    )
    writer.apply(block(LIVER, (1, 2, 3), (4, 5, 6)))
    writer.apply(block(KIDNEY, (6, 2, 3), (4, 5, 6)))
    return node, scene_volume, writer


def test_nifti_holds_all_segments_on_the_volume_s_own_grid(two_segments, tmp_path):
    node, scene_volume, _ = two_segments

    assert export_nifti(node, scene_volume, tmp_path / "both.nii.gz") == ""

    labels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(tmp_path / "both.nii.gz"))
    expected = np.zeros(SHAPE_KJI, dtype=int)
    expected[1:5, 2:7, 3:9] = 1
    expected[6:10, 2:7, 3:9] = 2
    assert np.array_equal(labels, expected)
    affine = nibabel.load(tmp_path / "both.nii.gz").affine
    assert np.allclose(affine, VOLUMES["oblique"], atol=1e-4)
    with (tmp_path / "both.labels.csv").open() as file:
        names = {row["Name"]: int(row["LabelValue"]) for row in csv.DictReader(file)}
    assert names["Liver"] == 1
    assert names["Kidney"] == 2


def test_nrrd_holds_names_colours_and_overlaps(two_segments, tmp_path):
    node, scene_volume, writer = two_segments
    writer.apply(block(KIDNEY, (4, 5, 6), (3, 4, 5)))

    export_nrrd(node, tmp_path / "both.seg.nrrd")
    notice = export_nifti(node, scene_volume, tmp_path / "both.nii.gz")

    assert "overlap" in notice
    read = slicerio.read_segmentation(str(tmp_path / "both.seg.nrrd"))
    assert [segment["name"] for segment in read["segments"]] == ["Liver", "Kidney"]
    assert read["segments"][0]["color"] == pytest.approx(LIVER.color_rgb, abs=1e-3)
    liver = slicerio.extract_segments(read, [("Liver", 1)])["voxels"]
    kidney = slicerio.extract_segments(read, [("Kidney", 1)])["voxels"]
    assert liver.sum() == 4 * 5 * 6
    assert kidney.sum() == 4 * 5 * 6 + 3 * 4 * 5 - 6
    assert (liver.astype(bool) & kidney.astype(bool)).sum() == 6


def test_an_empty_segmentation_is_not_written(a_volume, a_segmentation, tmp_path):
    scene_volume = SceneVolume(a_volume(np.zeros(SHAPE_KJI, np.int16), np.eye(4)))
    node = a_segmentation(scene_volume)
    writer = SegmentationNodeWriter(node, scene_volume)
    writer.apply(block(LIVER, (1, 1, 1), (1, 1, 1)))
    writer.undo()

    with pytest.raises(OutputError, match="is empty"):
        export_nrrd(node, tmp_path / "empty.seg.nrrd")
    with pytest.raises(OutputError, match="is empty"):
        export_nifti(node, scene_volume, tmp_path / "empty.nii.gz")
    assert not list(tmp_path.iterdir())


def exports(two_segments):
    node, scene_volume, _ = two_segments
    return {
        ".seg.nrrd": lambda path: export_nrrd(node, path),
        ".nii.gz": lambda path: export_nifti(node, scene_volume, path),
    }


@pytest.mark.parametrize("extension", [".seg.nrrd", ".nii.gz"])
def test_a_missing_folder_is_told(two_segments, tmp_path, extension):
    with pytest.raises(OutputError, match="does not exist"):
        exports(two_segments)[extension](tmp_path / "none" / f"result{extension}")


@pytest.mark.parametrize("extension", [".seg.nrrd", ".nii.gz"])
def test_another_extension_is_told(two_segments, tmp_path, extension):
    with pytest.raises(OutputError, match=f"let its name end in {extension}"):
        exports(two_segments)[extension](tmp_path / "result.txt")


@pytest.mark.parametrize("extension", [".seg.nrrd", ".nii.gz"])
def test_a_full_disk_is_told_and_the_file_of_before_stays(two_segments, tmp_path, extension):
    path = tmp_path / f"result{extension}"
    path.write_bytes(b"of before")

    with limited_file_size(200), pytest.raises(OutputError, match="could not write"):
        exports(two_segments)[extension](path)

    assert path.read_bytes() == b"of before"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("extension", [".seg.nrrd", ".nii.gz"])
def test_exporting_leaves_the_scene_as_it_is(mrml, two_segments, tmp_path, extension):
    node, _, writer = two_segments
    before = mrml.scene.GetNumberOfNodes()

    exports(two_segments)[extension](tmp_path / f"result{extension}")
    exports(two_segments)[extension](tmp_path / f"result{extension}")  # over the first

    assert mrml.scene.GetNumberOfNodes() == before
    assert node.GetStorageNode() is None
    assert writer.undo()
