"""Written segmentations, read back by nibabel, SimpleITK, pynrrd, slicerio and ourselves."""

import subprocess
import sys
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import pytest
import SimpleITK
import slicerio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.affine import apply
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.read_labelmap import read_labelmap
from GazeSAMLib.scans.write_labelmap import LABELMAP_EXTENSIONS, write_labelmap
from GazeSAMLib.segmentation.segment import Segment

SHEARED = np.array([[-0.9, 0.1, 0.2, 10], [0, 0.8, 0.3, 20], [0.05, 0, 2, 30], [0, 0, 0, 1]])
LEFT_HANDED = np.array([[0.0, 0, 2, -5], [0.8, 0, 0, 7], [0, 0.9, 0, 9], [0, 0, 0, 1]])
LEFT_HANDED[:3, 2] *= -1
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix() * (1, 2, 3)
MATRICES = {"sheared": SHEARED, "left-handed": LEFT_HANDED, "oblique": OBLIQUE}

SEGMENTS = (
    Segment("kidney-1", "Left kidney", (1.0, 0.5, 0.25)),
    Segment("tumour", 'Tumour: "2" | a;b', (0.0, 1.0, 0.125)),
)


def labels() -> np.ndarray:
    values = np.zeros((4, 5, 6), dtype=np.uint8)
    values[1, 2, 3] = 1
    values[3, 0, 5] = values[2, 4, 0] = 2
    return values


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("extension", LABELMAP_EXTENSIONS)
def test_what_is_written_is_read_back(tmp_path, extension, matrix):
    volume = VolumeGeometry((4, 5, 6), matrix)
    write_labelmap(tmp_path / f"a{extension}", labels(), volume, SEGMENTS)
    read, grid, names = read_labelmap(tmp_path / f"a{extension}")
    np.testing.assert_array_equal(read, labels())
    np.testing.assert_allclose(grid.local_ras_from_ijk, matrix, atol=1e-5)
    assert names == {1: "Left kidney", 2: 'Tumour: "2" | a;b'}
    assert [file.name for file in tmp_path.iterdir()] == [f"a{extension}"]


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("extension", [".nii", ".nii.gz"])
def test_nibabel_finds_the_grid_and_the_right_codes(tmp_path, extension, matrix):
    file = tmp_path / f"a{extension}"
    write_labelmap(file, labels(), VolumeGeometry((4, 5, 6), matrix), SEGMENTS)
    image = nibabel.load(file)
    np.testing.assert_allclose(image.affine, matrix, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(image.dataobj), labels().transpose(2, 1, 0))
    assert image.get_data_dtype() == np.uint8
    assert image.header.get_xyzt_units()[0] == "mm"
    np.testing.assert_allclose(image.header.get_zooms(), np.linalg.norm(matrix[:3, :3], axis=0))
    assert image.header["sform_code"] == 1
    if matrix is SHEARED:  # a quaternion cannot hold shear and must not pretend to
        assert image.header["qform_code"] == 0
    else:
        assert image.header["qform_code"] == 1
        np.testing.assert_allclose(image.get_qform(), matrix, atol=1e-5)


@pytest.mark.parametrize("matrix", [LEFT_HANDED, OBLIQUE], ids=["left-handed", "oblique"])
@pytest.mark.parametrize("extension", LABELMAP_EXTENSIONS)
def test_simpleitk_puts_every_voxel_in_the_same_place(tmp_path, extension, matrix):
    file = tmp_path / f"a{extension}"
    write_labelmap(file, labels(), VolumeGeometry((4, 5, 6), matrix), SEGMENTS)
    image = SimpleITK.ReadImage(file)
    for k, j, i in np.argwhere(labels()).tolist():
        point = apply(matrix, (i, j, k)) * (-1, -1, 1)
        index = image.TransformPhysicalPointToIndex(point.tolist())
        assert image[index] == labels()[k, j, i]


@pytest.mark.parametrize("extension", [".nrrd", ".seg.nrrd"])
def test_pynrrd_finds_the_shear_in_lps(tmp_path, extension):
    file = tmp_path / f"a{extension}"
    write_labelmap(file, labels(), VolumeGeometry((4, 5, 6), SHEARED), SEGMENTS)
    data, header = nrrd.read(str(file))
    np.testing.assert_array_equal(data, labels().transpose(2, 1, 0))
    assert header["space"] == "left-posterior-superior"
    flip = np.diag((-1.0, -1.0, 1.0))
    np.testing.assert_allclose(header["space directions"].T, flip @ SHEARED[:3, :3])
    np.testing.assert_allclose(header["space origin"], flip @ SHEARED[:3, 3])


def test_slicerio_finds_segments_names_and_colours(tmp_path):
    file = tmp_path / "a.seg.nrrd"
    write_labelmap(file, labels(), VolumeGeometry((4, 5, 6), SHEARED), SEGMENTS)
    read = slicerio.read_segmentation(str(file))
    found = [(s["id"], s["name"], tuple(s["color"]), s["labelValue"]) for s in read["segments"]]
    assert found == [
        (segment.id, segment.name, segment.color_rgb, value)
        for value, segment in enumerate(SEGMENTS, start=1)
    ]
    np.testing.assert_array_equal(read["voxels"], labels().transpose(2, 1, 0))
    assert read["segments"][0]["terminology"]["category"] == ["SCT", "85756007", "Tissue"]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1), min_size=1, max_size=4
    ),
    extension=st.sampled_from([".seg.nrrd", ".nii"]),
)
def test_any_name_survives(tmp_path, names, extension):
    segments = [Segment(f"s{n}", name, (0, 0, 0)) for n, name in enumerate(names)]
    file = tmp_path / f"a{extension}"
    write_labelmap(file, labels() % 2, VolumeGeometry((4, 5, 6), np.eye(4)), segments)
    read = read_labelmap(file)[2]
    assert [name.strip() for name in read.values()] == [
        "".join(c if c.isprintable() or extension == ".seg.nrrd" else " " for c in name).strip()
        for name in names
    ]


def test_more_than_255_segments_fit(tmp_path):
    segments = [Segment(str(n), f"part {n}", (0, 0, 0)) for n in range(300)]
    values = np.arange(301, dtype=np.uint16).reshape(1, 7, 43)
    for extension in LABELMAP_EXTENSIONS:
        file = tmp_path / f"a{extension}"
        write_labelmap(file, values, VolumeGeometry((1, 7, 43), np.eye(4)), segments)
        read, _, names = read_labelmap(file)
        np.testing.assert_array_equal(read, values)
        assert names[300] == "part 299"


def test_an_empty_segmentation_is_written(tmp_path):
    for extension in LABELMAP_EXTENSIONS:
        file = tmp_path / f"a{extension}"
        write_labelmap(file, labels() * 0, VolumeGeometry((4, 5, 6), np.eye(4)), ())
        assert not read_labelmap(file)[0].any()


def test_the_same_segmentation_gives_the_same_seg_nrrd(tmp_path):
    contents = []
    for name in ("a.seg.nrrd", "b.seg.nrrd"):
        write_labelmap(tmp_path / name, labels(), VolumeGeometry((4, 5, 6), SHEARED), SEGMENTS)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]


@pytest.mark.parametrize("name", ["a.dcm", "a", "a.png", "nrrd"])
def test_an_unknown_extension_is_refused_with_the_known_ones(tmp_path, name):
    with pytest.raises(OutputError, match=r"\.seg\.nrrd, \.nrrd, \.nii\.gz, \.nii"):
        write_labelmap(tmp_path / name, labels(), VolumeGeometry((4, 5, 6), SHEARED), SEGMENTS)
    assert not list(tmp_path.iterdir())


def test_labels_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(OutputError, match="is not the scan's"):
        write_labelmap(tmp_path / "a.nrrd", labels(), VolumeGeometry((4, 5, 7), SHEARED), SEGMENTS)
    with pytest.raises(OutputError, match="from 0 to 2, but there are 1 segments"):
        write_labelmap(
            tmp_path / "a.nrrd", labels(), VolumeGeometry((4, 5, 6), SHEARED), SEGMENTS[:1]
        )


@pytest.mark.parametrize("extension", LABELMAP_EXTENSIONS)
def test_a_missing_folder_is_named(tmp_path, extension):
    file = tmp_path / "nowhere" / f"a{extension}"
    with pytest.raises(OutputError, match=f"could not write {file}: No such file or directory"):
        write_labelmap(file, labels(), VolumeGeometry((4, 5, 6), SHEARED), SEGMENTS)


WRITE_TO_A_FULL_DISK = """
import resource, sys
import numpy as np
from GazeSAMLib.errors import OutputError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.scans.write_labelmap import write_labelmap
from GazeSAMLib.segmentation.segment import Segment
noise = np.random.default_rng(0).integers(0, 2, (50, 50, 50), dtype=np.uint8)
volume = VolumeGeometry(noise.shape, np.eye(4))
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    write_labelmap(sys.argv[1], noise, volume, [Segment("a", "a", (1, 0, 0))])
except OutputError as error:
    sys.exit(str(error))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes")
@pytest.mark.parametrize("extension", LABELMAP_EXTENSIONS)
def test_a_disk_that_fills_up_leaves_the_old_file_whole(tmp_path, extension):
    """The system cuts the file off at 5000 bytes, as a full disk would."""
    file = tmp_path / f"a{extension}"
    file.write_text("what was there before")
    done = subprocess.run(
        [sys.executable, "-c", WRITE_TO_A_FULL_DISK, str(file)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert done.stderr.strip() == f"could not write {file}: File too large"
    assert file.read_text() == "what was there before"
    assert [f.name for f in tmp_path.iterdir()] == [file.name]
