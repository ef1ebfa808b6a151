"""Label maps of real data and of Slicer's layered files, and their way onto a scan's grid."""

import nibabel
import nrrd
import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from GazeSAMLib.errors import ScanError
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.read_labelmap import align_labels, read_labelmap


def test_names_come_from_the_label_table_in_the_file(shared_data):
    labels, _, names = read_labelmap(shared_data / "ct_abdomen" / "labels.nii.gz")
    assert labels.dtype == np.uint8
    assert (names[1], names[5], names[51]) == ("spleen", "liver", "heart")


def test_organs_of_a_flipped_grid_fall_on_the_right_tissue(shared_data):
    """Labels are LAS, the DICOM scan LPS: mirrored labels would hit air and bone."""
    labels, grid, _ = read_labelmap(shared_data / "ct_abdomen" / "labels.nii.gz")
    scan = read_scan(shared_data / "ct_abdomen" / "dicom")
    aligned = align_labels(labels, grid, scan.volume)
    assert (aligned > 0).sum() == (labels > 0).sum()
    for label, low, high in ((1, 60, 110), (5, 60, 120), (32, 150, 400)):  # spleen, liver, T12
        assert low < np.median(scan.voxels_kji[aligned == label]) < high


def test_labels_on_another_grid_lie_on_the_brain(shared_data):
    folder = shared_data / "mr_brain_oblique"
    labels, grid, names = read_labelmap(folder / "labels_gif.nii.gz")
    scan = read_scan(folder / "t2.nii.gz")
    aligned = align_labels(labels, grid, scan.volume)
    assert names == {}
    assert aligned.shape == scan.voxels_kji.shape
    voxel_mm3 = abs(np.linalg.det(scan.volume.axes_mm))
    brain_ml = (aligned > 0).sum() * voxel_mm3 / 1000
    whole_ml = (labels > 0).sum() / 1000
    assert brain_ml == pytest.approx(whole_ml, rel=0.1)
    assert scan.voxels_kji[aligned > 0].mean() > 2 * scan.voxels_kji[aligned == 0].mean()


def test_labels_of_another_patient_are_refused(shared_data):
    labels, grid, _ = read_labelmap(shared_data / "ct_abdomen" / "labels.nii.gz")
    scan = read_scan(shared_data / "mr_brain_oblique" / "t2.nii.gz")
    with pytest.raises(ScanError, match="another patient"):
        align_labels(labels, grid, scan.volume)


def test_an_empty_label_map_fits_anywhere():
    grid = VolumeGeometry((2, 2, 2), np.eye(4))
    away = np.eye(4)
    away[:3, 3] = 1000.0
    assert not align_labels(np.zeros((2, 2, 2), int), grid, VolumeGeometry((3, 3, 3), away)).any()


@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    shift=st.tuples(*[st.floats(-2, 2)] * 3),
    scale=st.tuples(*[st.floats(0.4, 2.5)] * 3),
    shear=st.floats(-0.5, 0.5),
    is_mirrored=st.booleans(),
)
def test_every_voxel_gets_the_label_at_its_place(angles, shift, scale, shear, is_mirrored):
    labels = np.random.default_rng(1).integers(0, 5, (6, 7, 8)).astype(np.uint8)
    grid = VolumeGeometry((6, 7, 8), np.diag((1.0, 1.2, 0.9, 1.0)))
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * scale
    matrix[:3, 1] += shear * matrix[:3, 0]
    matrix[:3, 0] *= -1 if is_mirrored else 1
    centre = np.array((3.5, 3.6, 2.3)) + shift
    matrix[:3, 3] = centre - matrix[:3, :3] @ (2.0, 2.0, 2.0)
    volume = VolumeGeometry((5, 5, 5), matrix)
    aligned = align_labels(labels, grid, volume)
    for k, j, i in np.ndindex(5, 5, 5):
        at = apply(grid.ijk_from_local_ras, apply(matrix, (i, j, k)))
        if np.abs(at - np.floor(at) - 0.5).min() < 1e-6:
            continue  # between two voxels: either is right
        nearest = np.rint(at).astype(int)
        inside = ((nearest >= 0) & (nearest < (8, 7, 6))).all()
        assert aligned[k, j, i] == (labels[tuple(nearest[::-1])] if inside else 0)


def layered(path, layers, segments):
    """Write layers as Slicer does: a list axis first."""
    header = {
        "space": "left-posterior-superior",
        "space directions": [[np.nan] * 3, [1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "space origin": [0, 0, 0],
        "kinds": ["list", "domain", "domain", "domain"],
    }
    for index, segment in enumerate(segments):
        header |= {f"Segment{index}_{key}": str(value) for key, value in segment.items()}
    nrrd.write(str(path), np.stack(layers).astype(np.uint8), header)


def test_layers_are_flattened_in_the_order_of_segments(tmp_path):
    below = np.zeros((4, 3, 2))
    below[1:3], below[3] = 1, 2
    above = np.zeros((4, 3, 2))
    above[2, 1, 1] = 1
    layered(
        tmp_path / "a.seg.nrrd",
        [below, above],
        [
            {"ID": "a", "Name": "liver", "LabelValue": 1, "Layer": 0},
            {"ID": "b", "Name": "vessel", "LabelValue": 2, "Layer": 0},
            {"ID": "c", "Name": "lesion", "LabelValue": 1, "Layer": 1},
        ],
    )
    labels, _, names = read_labelmap(tmp_path / "a.seg.nrrd")
    expected = below.copy()
    expected[2, 1, 1] = 3
    np.testing.assert_array_equal(labels, expected.T)
    assert names == {1: "liver", 2: "vessel", 3: "lesion"}


def test_whole_numbers_stored_as_floats_are_labels(shared_data):
    labels, _, _ = read_labelmap(shared_data / "synthseg_labels" / "training_seg_01.nii.gz")
    assert labels.dtype == np.int16
    assert len(np.unique(labels)) == 54


def test_labels_in_the_other_byte_order_can_be_aligned(tmp_path):
    values = np.arange(24, dtype=">i2").reshape(2, 3, 4)
    image = nibabel.Nifti1Image(values, np.eye(4), nibabel.Nifti1Header(endianness=">"))
    nibabel.save(image, tmp_path / "a.nii")
    labels, grid, _ = read_labelmap(tmp_path / "a.nii")
    np.testing.assert_array_equal(align_labels(labels, grid, grid), values.T)


def test_fractions_are_no_labels(tmp_path):
    nibabel.save(nibabel.Nifti1Image(np.full((2, 2, 2), 0.5), np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(ScanError, match=r"a.nii is no label map: .*not whole numbers"):
        read_labelmap(tmp_path / "a.nii")


def test_a_picture_is_no_label_map(tmp_path):
    SimpleITK.WriteImage(SimpleITK.Image(4, 4, SimpleITK.sitkUInt8), tmp_path / "a.png")
    with pytest.raises(ScanError, match=r"a.png is no label map"):
        read_labelmap(tmp_path / "a.png")
