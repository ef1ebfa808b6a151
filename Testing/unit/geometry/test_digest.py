"""The digest is a contract between hosts: recomputed here from its description alone."""

import hashlib
import math
import struct

import nibabel
import numpy as np
import pytest

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.volume import VolumeGeometry

RIGHT_HANDED = np.array(
    [
        [-0.78125, 0, 0, 199.609375],
        [0, -0.78125, 0.01, -121.71875],
        [0, 0, 2.5, -0.03],
        [0, 0, 0, 1],
    ]
)
VOXELS_KJI = np.random.default_rng(3).integers(-1000, 2000, (3, 4, 5), dtype=np.int16)


def recomputed(voxels_kji, local_ras_from_ijk):
    """Return the digest of a right-handed scan, number by number."""
    digest = hashlib.blake2b(digest_size=32)
    digest.update(struct.pack("<3q", *voxels_kji.shape))
    for row in local_ras_from_ijk:
        for value in row:
            digest.update(struct.pack("<d", math.floor(value * 10_000 + 0.618) / 10_000))
    for slice_ji in voxels_kji.tolist():
        for row in slice_ji:
            digest.update(struct.pack(f"<{len(row)}f", *row))
    return digest.hexdigest()


def digest_of(voxels_kji, local_ras_from_ijk=RIGHT_HANDED):
    return scan_digest(voxels_kji, VolumeGeometry(voxels_kji.shape, local_ras_from_ijk))


def test_the_digest_is_what_its_description_says():
    digest = digest_of(VOXELS_KJI)

    assert digest == recomputed(VOXELS_KJI, RIGHT_HANDED)
    assert len(digest) == 64


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<i4", "<f4", ">f4", "<f8"])
def test_the_type_of_the_voxels_does_not_matter(dtype):
    assert digest_of(VOXELS_KJI.astype(dtype)) == digest_of(VOXELS_KJI)


def test_the_memory_order_does_not_matter():
    assert digest_of(np.asfortranarray(VOXELS_KJI)) == digest_of(VOXELS_KJI)
    assert digest_of(np.repeat(VOXELS_KJI, 2, axis=2)[:, :, ::2]) == digest_of(VOXELS_KJI)


def test_a_memory_map_has_the_digest_of_its_array(tmp_path):
    VOXELS_KJI.tofile(tmp_path / "scan.raw")
    mapped = np.memmap(tmp_path / "scan.raw", dtype=np.int16, mode="r", shape=VOXELS_KJI.shape)

    assert digest_of(mapped) == digest_of(VOXELS_KJI)


def test_minus_zero_is_zero():
    zeros = np.zeros((2, 2, 2), dtype=np.float32)
    matrix = np.diag((1.0, 1.0, 1.0, 1.0))
    negative = matrix.copy()
    negative[0, 1] = negative[2, 3] = -0.0

    assert digest_of(-zeros, negative) == digest_of(zeros, matrix)


@pytest.mark.parametrize("noise", [-1e-8, 1e-8])
def test_noise_of_a_reader_does_not_matter(noise):
    noisy = RIGHT_HANDED.copy()
    noisy[:3] += noise

    assert digest_of(VOXELS_KJI, noisy) == digest_of(VOXELS_KJI)


def test_left_handed_axes_are_the_same_scan_with_k_reversed():
    # Slicer reads a left-handed file with k reversed; other readers keep the file's order.
    image = nibabel.Nifti1Image(VOXELS_KJI.T, RIGHT_HANDED)
    reversed_k = image.as_reoriented(np.array([[0, 1], [1, 1], [2, -1]]))

    assert np.linalg.det(reversed_k.affine) < 0.0
    assert digest_of(np.asarray(reversed_k.dataobj).T, reversed_k.affine) == digest_of(VOXELS_KJI)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_shift_of_a_thousandth_of_a_millimetre_is_another_scan(axis):
    moved = RIGHT_HANDED.copy()
    moved[axis, 3] += 0.001

    assert digest_of(VOXELS_KJI, moved) != digest_of(VOXELS_KJI)


@pytest.mark.parametrize("row", [0, 1, 2])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_another_direction_or_spacing_is_another_scan(row, column):
    turned = RIGHT_HANDED.copy()
    turned[row, column] += 0.001

    assert digest_of(VOXELS_KJI, turned) != digest_of(VOXELS_KJI)


def test_one_changed_voxel_is_another_scan():
    changed = VOXELS_KJI.copy()
    changed[2, 3, 4] += 1

    assert digest_of(changed) != digest_of(VOXELS_KJI)


def test_the_same_numbers_in_another_shape_are_another_scan():
    assert digest_of(VOXELS_KJI.reshape(4, 3, 5)) != digest_of(VOXELS_KJI)


def test_voxels_of_another_shape_are_refused():
    with pytest.raises(GeometryError, match="volume's shape"):
        scan_digest(VOXELS_KJI, VolumeGeometry((5, 4, 3), RIGHT_HANDED))
