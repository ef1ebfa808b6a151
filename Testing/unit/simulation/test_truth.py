"""Labels are found on the scan's slices, whatever grid they come on."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK

from GazeSAMLib.errors import ScanError
from GazeSAMLib.frames import LocalRasPoint
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import slice_grid
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.simulation.layout import arrange
from GazeSAMLib.simulation.truth import (
    Structure,
    labels_on,
    layer_points,
    read_structures,
    shown_structures,
)
from Testing.painted_scan import (
    DISPLAY,
    NAMES,
    RAS_FROM_IJK,
    painted_labels,
    painted_scan,
    painted_structures,
)

SCAN = painted_scan()
VIEW = arrange(SCAN, DISPLAY).reading


def write_nifti(path: Path, labels_kji: np.ndarray, matrix: np.ndarray) -> Path:
    nibabel.save(nibabel.Nifti1Image(labels_kji.transpose(2, 1, 0).astype(np.uint8), matrix), path)
    return path


def test_labels_on_the_scan_s_grid_are_taken_as_they_are(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "organs.nii.gz", painted_labels(), RAS_FROM_IJK)
    structures = read_structures([path], SCAN)
    assert [structure.value for structure in structures] == list(NAMES)
    assert [structure.name for structure in structures] == ["label 1", "label 2", "label 3"]
    np.testing.assert_array_equal(structures[0].labels_kji, painted_labels())


def test_labels_of_another_grid_are_brought_to_the_scan_by_position(tmp_path: Path) -> None:
    # The same labels stored with axes turned about and at twice the in-plane resolution.
    fine = painted_labels().repeat(2, axis=1).repeat(2, axis=2)
    matrix = RAS_FROM_IJK @ np.diag((0.5, 0.5, 1.0, 1.0))
    matrix[:3, 3] = (RAS_FROM_IJK @ (-0.25, -0.25, 0.0, 1.0))[:3]
    turned = fine[:, ::-1].transpose(1, 0, 2)  # axes k, j, i become -j, k, i
    count_j = fine.shape[1]
    swap = np.array([[1, 0, 0, 0], [0, 0, -1, count_j - 1], [0, 1, 0, 0], [0, 0, 0, 1.0]])
    path = write_nifti(tmp_path / "fine.nii.gz", np.ascontiguousarray(turned), matrix @ swap)
    structures = read_structures([path], SCAN)
    np.testing.assert_array_equal(structures[0].labels_kji, painted_labels())


def test_labels_of_another_patient_are_refused(tmp_path: Path) -> None:
    elsewhere = RAS_FROM_IJK.copy()
    elsewhere[:3, 3] += (0.0, 0.0, 900.0)
    path = write_nifti(tmp_path / "other.nii.gz", painted_labels(), elsewhere)
    with pytest.raises(ScanError, match=r"other\.nii\.gz does not fit .*painted"):
        read_structures([path], SCAN)


def test_a_label_map_without_labels_is_refused(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "none.nii.gz", 0 * painted_labels(), RAS_FROM_IJK)
    with pytest.raises(ScanError, match="holds no label"):
        read_structures([path], SCAN)


def test_several_files_may_overlap_and_one_label_is_named_after_its_file(tmp_path: Path) -> None:
    paths = [
        write_nifti(tmp_path / f"{name}.nii.gz", 1 * (painted_labels() > 0), RAS_FROM_IJK)
        for name in ("liver", "lesion")
    ]
    structures = read_structures(paths, SCAN)
    assert [structure.name for structure in structures] == ["liver", "lesion"]
    shown = shown_structures(structures, SCAN.volume, VIEW, per_structure=1)
    assert [case.structure.name for case in shown.slices] == ["liver", "lesion"]


def test_every_slice_that_shows_a_structure_is_found_with_its_mask() -> None:
    shown = shown_structures(painted_structures(), SCAN.volume, VIEW)
    assert [(case.structure.value, case.layer) for case in shown.slices] == [
        (value, layer) for value in NAMES for layer in range(5)
    ]
    assert shown.unseen == ()
    for case in shown.slices:
        # Rows of the image go from anterior to posterior, columns from the patient's right.
        expected = painted_labels()[case.layer] == case.structure.value
        np.testing.assert_array_equal(case.mask, expected)
        assert case.grid.one_to_one


def test_the_innermost_point_lies_in_the_middle_of_a_disc() -> None:
    case = shown_structures(painted_structures(), SCAN.volume, VIEW).slices[0]
    assert (case.innermost_uv.u, case.innermost_uv.v) == (34.0, 40.0)
    assert case.radius_px == pytest.approx(np.sqrt(20.0**2 + 1.0), abs=0.6)
    ras = RAS_FROM_IJK @ (34, 40, case.layer, 1.0)
    np.testing.assert_allclose(tuple(case.innermost_local_ras), ras[:3], atol=1e-9)


def test_size_is_that_on_a_slice_shown_512_pixels_large() -> None:
    case = shown_structures(painted_structures(), SCAN.volume, VIEW).slices[0]
    assert case.size_px == np.count_nonzero(case.mask) * 16.0


def test_dots_and_lines_are_not_looked_at() -> None:
    labels = np.zeros(SCAN.volume.shape_kji, dtype=np.uint8)
    labels[2, 20:26, 20:26] = 1  # 36 pixels
    labels[2, 60:64, 20:100] = 2  # a line of four
    labels[2, 80:90, 20:30] = 3
    structures = [Structure(name, labels, value) for value, name in NAMES.items()]
    shown = shown_structures(structures, SCAN.volume, VIEW)
    assert shown.unseen == ("left disc", "right disc")
    assert [case.structure.name for case in shown.slices] == ["bar"]


def test_drawn_slices_are_spread_over_the_structure_and_repeat_with_the_seed() -> None:
    labels = np.zeros((30, 40, 40), dtype=np.uint8)
    labels[:, 10:30, 10:30] = 1
    scan = Scan(labels, VolumeGeometry(labels.shape, np.diag((1.0, 1, 3, 1))), "", SCAN.path)
    view = arrange(scan, DISPLAY).reading

    def layers(seed: int) -> list[int]:
        structures = [Structure("column", labels, 1)]
        shown = shown_structures(structures, scan.volume, view, per_structure=3, seed=seed)
        return [case.layer for case in shown.slices]

    for seed in range(20):
        first, second, third = layers(seed)
        assert 0 <= first < 10 <= second < 20 <= third < 30
    assert layers(1) == layers(1)
    assert len({tuple(layers(seed)) for seed in range(20)}) > 10


def test_a_limit_takes_slices_of_each_structure_before_whole_structures() -> None:
    structures = painted_structures()

    def counts(most: int) -> list[int]:
        slices = shown_structures(structures, SCAN.volume, VIEW, per_structure=4, most=most).slices
        return [sum(case.structure is structure for case in slices) for structure in structures]

    assert counts(12) == [4, 4, 4]
    assert counts(11) == [3, 3, 3]
    assert counts(3) == [1, 1, 1]
    assert sorted(counts(2)) == [0, 1, 1]


def test_points_of_layers_lie_on_voxel_centres_in_their_order() -> None:
    for k, point in enumerate(layer_points(SCAN.volume, VIEW)):
        assert SCAN.volume.ijk_from_point(point).k == pytest.approx(k)
    sagittal = arrange(SCAN, DISPLAY, reading="Yellow").reading
    points = layer_points(SCAN.volume, sagittal)
    assert len(points) == SCAN.volume.shape_ijk[0]
    assert SCAN.volume.ijk_from_point(points[7]).i == pytest.approx(7.0)


def test_labels_on_an_oblique_slice_are_those_of_an_independent_resampling() -> None:
    plane = SlicePlane((5.0, -8.0, 1.0), (-0.95, 0.1, 0.25), (0.05, -1.0, 0.2))
    grid = slice_grid(SCAN.volume, plane)
    assert grid is not None
    assert grid.layer is None
    image = SimpleITK.GetImageFromArray(painted_labels())
    to_lps = np.diag((-1.0, -1.0, 1.0))
    image.SetOrigin((to_lps @ RAS_FROM_IJK[:3, 3]).tolist())
    image.SetSpacing((2.0, 2.0, 5.0))
    image.SetDirection((to_lps @ RAS_FROM_IJK[:3, :3] / (2.0, 2.0, 5.0)).ravel().tolist())
    height, width = grid.shape
    expected = np.zeros(grid.shape, dtype=np.uint8)
    for row in range(0, height, 3):
        for column in range(0, width, 3):
            ras = grid.local_ras_from_image_uv @ (column, row, 0.0, 1.0)
            index = image.TransformPhysicalPointToIndex((to_lps @ ras[:3]).tolist())
            if all(0 <= i < n for i, n in zip(index, image.GetSize(), strict=True)):
                expected[row, column] = image[index]
    found = labels_on(painted_labels(), SCAN.volume, grid)
    assert np.count_nonzero(expected) > 150
    np.testing.assert_array_equal(found[::3, ::3], expected[::3, ::3])


def test_labels_are_zero_beyond_the_scan() -> None:
    plane = SlicePlane((0.0, 0.0, 12.0), (-0.95, 0.0, 0.3), (0.0, -1.0, 0.0))
    grid = slice_grid(SCAN.volume, plane)
    assert grid is not None
    full = np.full(SCAN.volume.shape_kji, 7, dtype=np.uint8)
    found = labels_on(full, SCAN.volume, grid)
    assert set(np.unique(found)) <= {0, 7}
    point = grid.image_from_point(LocalRasPoint(0.0, 0.0, 12.0))
    assert found[int(point.v), int(point.u)] == 7
