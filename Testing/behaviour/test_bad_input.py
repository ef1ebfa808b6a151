"""Input that cannot be used ends with one clear sentence, exit code 1, and nothing written."""

import gzip
import json
import re
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pydicom.data
import pytest
from PIL import Image

from Testing.recorded_scan import beside_the_scan, look_at, record, write_scan

BEFORE = b"a segmentation that was here before"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """An output that exists already and that no failure may touch."""
    path = tmp_path / "out.nii.gz"
    path.write_bytes(BEFORE)
    return path


def assert_refused(said, *parts: object) -> None:
    """Exit code 1 and one sentence on standard error that names what is said to be wrong."""
    assert said.code == 1, said.out + said.err
    assert said.out == ""
    assert "Traceback" not in said.err
    error = re.sub(r"\s+", " ", said.err).strip()
    assert error.count("error:") == 1
    for part in parts:
        assert str(part) in error


def copied(recording: Path, folder: Path) -> Path:
    return Path(shutil.copytree(recording, folder / "gaze"))


def rewritten(recording: Path, name: str, change) -> Path:
    """Change the lines of a recording's file."""
    path = recording / name
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")
    return recording


def make_empty_folder(folder: Path, _scan: Path) -> Path:
    (folder / "scan").mkdir()
    return folder / "scan"


def make_folder_of_texts(folder: Path, _scan: Path) -> Path:
    (folder / "scan").mkdir()
    for name in ("readme.txt", "notes.md"):
        (folder / "scan" / name).write_text("not an image\n" * 50)
    return folder / "scan"


def make_truncated_nifti(folder: Path, scan: Path) -> Path:
    (folder / "scan.nii").write_bytes(gzip.decompress(scan.read_bytes())[:50_000])
    return folder / "scan.nii"


def make_truncated_gzip(folder: Path, scan: Path) -> Path:
    (folder / "scan.nii.gz").write_bytes(scan.read_bytes()[:20_000])
    return folder / "scan.nii.gz"


def make_truncated_dicom(folder: Path, _scan: Path) -> Path:
    source = Path(str(pydicom.data.get_testdata_file("CT_small.dcm", download=False)))
    (folder / "scan.dcm").write_bytes(source.read_bytes()[:20_000])
    return folder / "scan.dcm"


def make_4d_file(folder: Path, _scan: Path) -> Path:
    nibabel.save(
        nibabel.Nifti1Image(np.zeros((8, 8, 8, 3), np.int16), np.eye(4)), folder / "4d.nii"
    )
    return folder / "4d.nii"


def make_singular_matrix(folder: Path, _scan: Path) -> Path:
    image = nibabel.Nifti1Image(np.zeros((8, 8, 8), np.int16), np.eye(4))
    flat = np.diag((2.0, 2.0, 0.0, 1.0))
    image.header["sform_code"] = 1
    image.header["srow_x"], image.header["srow_y"], image.header["srow_z"] = flat[:3]
    nibabel.save(image, folder / "flat.nii")
    data = bytearray((folder / "flat.nii").read_bytes())
    data[280:328] = flat[:3].astype("<f4").tobytes()
    (folder / "flat.nii").write_bytes(data)
    return folder / "flat.nii"


def make_text_file(folder: Path, _scan: Path) -> Path:
    (folder / "scan.nii.gz").write_text("not an image")
    return folder / "scan.nii.gz"


def make_nothing(folder: Path, _scan: Path) -> Path:
    return folder / "missing.nii.gz"


@pytest.mark.parametrize(
    "make",
    [
        make_empty_folder,
        make_folder_of_texts,
        make_truncated_nifti,
        make_truncated_gzip,
        make_truncated_dicom,
        make_4d_file,
        make_singular_matrix,
        make_text_file,
        make_nothing,
    ],
    ids=lambda make: make.__name__.removeprefix("make_").replace("_", " "),
)
def test_a_scan_that_cannot_be_read_is_named(
    gazesam, scan, recording, output, tmp_path, make
) -> None:
    bad = make(tmp_path, scan)
    assert_refused(gazesam("segment", bad, "--gaze", recording, "-o", output), bad)
    assert_refused(gazesam("info", bad), bad)
    assert output.read_bytes() == BEFORE


def test_another_scans_recording_is_refused(gazesam, recording, output, tmp_path) -> None:
    other = write_scan(tmp_path / "other.nii.gz", seed=7)
    said = gazesam("segment", other, "--gaze", recording, "-o", output)
    assert_refused(said, recording, other, "another scan")
    assert output.read_bytes() == BEFORE


def test_a_recording_that_names_no_scan_is_used_and_told(gazesam, scan, tmp_path) -> None:
    gaze = record(tmp_path / "gaze", scan, [look_at(scan, "bright ball")], digest=None)
    said = gazesam("segment", scan, "--gaze", gaze, "-o", tmp_path / "out.nii.gz")
    assert said.code == 0
    assert "does not say on which scan" in said.err


def test_gaze_beside_every_view_accepts_nothing(gazesam, scan, output, tmp_path) -> None:
    look = look_at(scan, "bright ball")
    gaze = record(tmp_path / "gaze", scan, [look])

    def move_the_view(lines: list[str]) -> list[str]:
        moved = "\tview\t" + json.dumps(beside_the_scan(look.view).details())
        return [re.sub(r"\tview\t.*", lambda _: moved, line) for line in lines]

    rewritten(gaze, "events.tsv", move_the_view)
    said = gazesam("segment", scan, "--gaze", gaze, "-o", output)
    assert_refused(said, gaze, "beside the scan", "nothing was accepted", output)
    assert output.read_bytes() == BEFORE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gaze", "out.nii.gz"]


def test_a_recording_without_an_accept_key_says_so(gazesam, scan, output, tmp_path) -> None:
    gaze = record(tmp_path / "gaze", scan, [look_at(scan, "bright ball", key=None)])
    assert_refused(gazesam("segment", scan, "--gaze", gaze, "-o", output), "no accept key")
    assert output.read_bytes() == BEFORE


def test_a_recording_without_eyes_says_so(gazesam, scan, recording, output, tmp_path) -> None:
    def close_the_eyes(lines: list[str]) -> list[str]:
        head, *rows = lines
        return [head, *(row.split("\t")[0] + "\t" * head.count("\t") for row in rows)]

    gaze = rewritten(copied(recording, tmp_path), "samples.tsv", close_the_eyes)
    assert_refused(gazesam("segment", scan, "--gaze", gaze, "-o", output), "no eye was found")


@pytest.mark.parametrize("name", ["recording.json", "samples.tsv", "events.tsv"])
def test_a_recording_with_a_file_missing_names_it(
    gazesam, scan, recording, output, tmp_path, name
) -> None:
    gaze = copied(recording, tmp_path)
    (gaze / name).unlink()
    assert_refused(gazesam("segment", scan, "--gaze", gaze, "-o", output), gaze / name)


def test_nan_positions_are_told_and_do_no_harm(gazesam, scan, recording, tmp_path) -> None:
    def lose_some(lines: list[str]) -> list[str]:
        head, *rows = lines
        for number in range(5, len(rows), 9):
            cells = rows[number].split("\t")
            cells[2:4] = cells[6:8] = ["nan", "nan"]
            rows[number] = "\t".join(cells)
        return [head, *rows]

    gaze = rewritten(copied(recording, tmp_path), "samples.tsv", lose_some)
    said = gazesam("segment", scan, "--gaze", gaze, "-o", tmp_path / "out.nii.gz", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["accepted_steps"] == 3
    assert any("no finite position" in note for note in told["notes"])
    assert told["recording"]["valid_share"] == pytest.approx(8 / 9, abs=0.01)


def test_times_that_repeat_go_back_or_miss_are_told(gazesam, scan, recording, tmp_path) -> None:
    def disorder(lines: list[str]) -> list[str]:
        head, *rows = lines
        rows[20] = rows[19]
        rows[40], rows[41] = rows[41], rows[40]
        rows[60] = "n/a" + rows[60][rows[60].index("\t") :]
        return [head, *rows]

    gaze = rewritten(copied(recording, tmp_path), "samples.tsv", disorder)
    said = gazesam("segment", scan, "--gaze", gaze, "-o", tmp_path / "out.nii.gz", "--json")
    assert said.code == 0, said.err
    notes = " ".join(json.loads(said.out)["notes"])
    for part in ("repeat the time", "go back in time", "have no time"):
        assert part in notes


def test_unknown_events_are_told_and_ignored(gazesam, scan, recording, tmp_path) -> None:
    def add_unknown(lines: list[str]) -> list[str]:
        t_ns = lines[-1].split("\t")[0]
        return [*lines, f"{t_ns}\tteleport\t{{}}", f"{t_ns}\tteleport\t{{}}"]

    gaze = rewritten(copied(recording, tmp_path), "events.tsv", add_unknown)
    said = gazesam("segment", scan, "--gaze", gaze, "-o", tmp_path / "out.nii.gz", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert "teleport" in " ".join(told["notes"])
    assert [n for notice, n in told["notices"].items() if "teleport" in notice] == [2]


def test_what_was_accepted_before_an_error_is_saved(gazesam, scan, recording, tmp_path) -> None:
    def break_the_last_view(lines: list[str]) -> list[str]:
        t_ns = lines[-1].split("\t")[0]
        return [*lines, f'{t_ns}\tview\t{{"name": "Red", "visible": true}}']

    gaze = rewritten(copied(recording, tmp_path), "events.tsv", break_the_last_view)
    output = tmp_path / "out.nii.gz"
    said = gazesam("segment", scan, "--gaze", gaze, "-o", output)
    assert said.code == 1
    assert "view event" in said.err
    assert f"what was accepted until then is in {output}" in re.sub(r"\s+", " ", said.err)
    assert set(np.unique(nibabel.load(output).get_fdata())) == {0.0, 1.0, 2.0}
    assert not (tmp_path / "out.journal").exists()


def test_an_unknown_engine_is_refused_with_those_there_are(
    gazesam, scan, recording, output
) -> None:
    said = gazesam("segment", scan, "--gaze", recording, "-o", output, "--engine", "magic")
    assert_refused(said, "magic", "region")
    assert output.read_bytes() == BEFORE


def test_outputs_that_cannot_be_written_are_refused_before_the_work(
    gazesam, scan, recording, tmp_path
) -> None:
    (tmp_path / "file").write_text("in the way")
    for output, part in (
        (tmp_path / "missing" / "out.nii.gz", "does not exist"),
        (tmp_path / "file" / "out.nii.gz", "does not exist"),
        (tmp_path / "out.tiff", ".seg.nrrd"),
        (scan, "is an input"),
        (tmp_path, "extension"),
    ):
        said = gazesam("segment", scan, "--gaze", recording, "-o", output)
        assert_refused(said, output.parent if part == "does not exist" else output, part)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_failing_write_keeps_the_old_file_and_the_journal(
    gazesam, scan, recording, output, tmp_path, monkeypatch
) -> None:
    def disk_is_full(_image: object, path: Path) -> None:
        Path(path).write_bytes(b"half of a fi")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(nibabel, "save", disk_is_full)
        said = gazesam("segment", scan, "--gaze", recording, "-o", output)
    assert_refused(said, output, "No space left on device", "gazesam restore")
    assert output.read_bytes() == BEFORE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.journal", "out.nii.gz"]
    said = gazesam("restore", tmp_path / "out.journal", scan, "-o", output)
    assert said.code == 0, said.err
    assert set(np.unique(nibabel.load(output).get_fdata())) == {0.0, 1.0, 2.0}


def test_nan_and_infinite_voxels_are_told(gazesam, scan, tmp_path) -> None:
    image = nibabel.load(scan)
    voxels = image.get_fdata().astype(np.float32)
    voxels[:3], voxels[-3:] = np.nan, np.inf
    nibabel.save(nibabel.Nifti1Image(voxels, image.affine), tmp_path / "nan.nii.gz")
    gaze = record(tmp_path / "gaze", tmp_path / "nan.nii.gz", [look_at(scan, "bright ball")])
    said = gazesam("segment", tmp_path / "nan.nii.gz", "--gaze", gaze, "-o", tmp_path / "out.nrrd")
    assert said.code == 0, said.err
    assert re.search(r"NaN|not finite", said.err)


def test_a_single_slice_and_a_colour_picture_are_scans(gazesam, tmp_path) -> None:
    pixels = np.full((96, 128, 3), 20, np.uint8)
    pixels[30:70, 40:90] = (200, 150, 150)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    said = gazesam("info", tmp_path / "picture.png", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["size_ijk"] == [128, 96, 1]
    assert any("colo" in note for note in told["notes"])


def test_wrong_usage_is_exit_code_2(gazesam, scan) -> None:
    for arguments in (
        ("segment", scan),
        ("segment", scan, "--gaze"),
        ("nonsense",),
        ("demo", "--scan", scan),
    ):
        said = gazesam(*arguments)
        assert said.code == 2
        assert said.out == ""


def test_a_mistake_in_the_program_asks_for_a_report(gazesam, scan, monkeypatch) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("impossible")

    monkeypatch.setattr("GazeSAMLib.hosts.cli.info.read_scan", broken)
    said = gazesam("info", scan)
    assert_refused(said, "impossible", "report", "--debug")
    said = gazesam("--debug", "info", scan)
    assert said.code == 1
    assert "Traceback" in said.err
