"""A scan has one digest, whether Slicer or the command line reads it."""

import nibabel
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.read import read_scan


def digest_of_file(path):
    scan = read_scan(path)
    return scan_digest(scan.voxels_kji, scan.volume)


def digest_in_slicer(mrml, paths):
    import slicer.util
    import vtk

    files = vtk.vtkStringArray()
    for path in paths:
        files.InsertNextValue(str(path))
    volume = mrml.volumes.AddArchetypeVolume(str(paths[0]), "scan", 0, files)
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    ras_from_ijk = slicer.util.arrayFromVTKMatrix(matrix)
    voxels_kji = slicer.util.arrayFromVolume(volume)
    digest = scan_digest(voxels_kji, VolumeGeometry(voxels_kji.shape, ras_from_ijk))
    mrml.scene.RemoveNode(volume)
    return digest


@pytest.mark.parametrize(
    "file",
    [
        "mr_brain_oblique/t2.nii.gz",  # left-handed: Slicer reverses k
        "geometry/mr_flair_oblique.nii.gz",
        "ct_abdomen/labels.nii.gz",
        "mr_tumour/image.nrrd",
    ],
)
def test_of_a_real_file(mrml, shared_data, file):
    assert digest_in_slicer(mrml, [shared_data / file]) == digest_of_file(shared_data / file)


@pytest.mark.parametrize("folder", ["ct_abdomen/dicom", "ct_liver_seg/dicom"])
def test_of_a_real_dicom_series(mrml, shared_data, folder):
    files = sorted((shared_data / folder).iterdir())

    assert digest_in_slicer(mrml, files) == digest_of_file(shared_data / folder)


@pytest.mark.parametrize("k_sign", [1.0, -1.0])
@pytest.mark.parametrize("spacing", [(0.78125, 0.78125, 0.625), (0.46875, 0.46875, 3.0)])
@pytest.mark.parametrize("degrees", [(0.0, 0.0, 0.0), (8.0, 0.0, 0.0), (35.0, -20.0, 10.0)])
def test_where_spacings_and_origin_are_halves_of_the_rounding_step(
    mrml, tmp_path, k_sign, spacing, degrees
):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    affine[:3, :3] *= (-spacing[0], spacing[1], k_sign * spacing[2])
    affine[:3, 3] = (199.609375, -121.71875, -150.3125)
    voxels = np.random.default_rng(7).integers(-1000, 2000, (9, 8, 7), dtype=np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, affine), tmp_path / "scan.nii")

    digest = digest_in_slicer(mrml, [tmp_path / "scan.nii"])

    assert digest == digest_of_file(tmp_path / "scan.nii")
