"""Recordings of other programs come in, recordings for researchers go out."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from GazeSAMLib.gaze.import_gaze import read_gaze
from GazeSAMLib.gaze.recording_reader import read_recording
from Testing.foreign_gaze import write_eyelink, write_tobii
from Testing.full_disk import limited_file_size

SIZE = ("--display-mm", "531x299", "--distance-mm", "650")


def labels_of(path: Path) -> np.ndarray:
    return np.asarray(nibabel.load(path).dataobj)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2.0 * float((one & other).sum()) / float(one.sum() + other.sum())


@pytest.fixture(scope="module")
def reference(gazesam, scan, recording, tmp_path_factory) -> np.ndarray:
    out = tmp_path_factory.mktemp("reference") / "out.nii.gz"
    assert gazesam("segment", scan, "--gaze", recording, "-o", out, "--in-process").code == 0
    return labels_of(out)


@pytest.fixture(scope="module")
def dataset(gazesam, scan, recording, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "bids"
    said = gazesam(
        "export-gaze", recording, "--scan", scan, "--output", folder, "--subject", "07",
        "--session", "pre",
    )  # fmt: skip
    assert said.code == 0, said.err
    return folder


@pytest.mark.parametrize(
    ("writer", "name", "size"),
    [(write_tobii, "export.tsv", SIZE[:2]), (write_eyelink, "reader.asc", SIZE)],
    ids=["Tobii Pro Lab", "EyeLink"],
)
def test_another_programs_recording_segments_the_same(
    gazesam, scan, recording, reference, tmp_path, writer, name, size
) -> None:
    file = writer(tmp_path / name, read_recording(recording))
    out = tmp_path / "out.nii.gz"
    said = gazesam("segment", scan, "--gaze", file, *size, "-o", out, "--in-process")
    assert said.code == 0, said.err
    for label in (1, 2):
        assert dice(labels_of(out) == label, reference == label) > 0.95
    said = gazesam("import-gaze", file, *size, "--output", tmp_path / "gaze", "--json")
    assert said.code == 0, said.err
    told, imported = json.loads(said.out), read_recording(tmp_path / "gaze")
    assert told["samples"] == len(imported.samples) == len(read_recording(recording).samples)
    assert told["events"] == len(read_recording(recording).events)
    everything = b"".join(path.read_bytes() for path in (tmp_path / "gaze").iterdir())
    assert b"Doe" not in everything


def test_a_missing_display_size_is_asked_for(gazesam, scan, recording, tmp_path) -> None:
    file = write_tobii(tmp_path / "export.tsv", read_recording(recording))
    said = gazesam("segment", scan, "--gaze", file, "-o", tmp_path / "out.nii.gz")
    assert said.code == 1
    assert "--display-mm" in said.err
    assert "--distance-mm" not in said.err


def test_a_bids_export_comes_back_bit_for_bit(
    gazesam, scan, recording, reference, dataset, tmp_path
) -> None:
    file = next(dataset.rglob("*_recording-eye1_physio.tsv.gz"))
    read, written = read_gaze(file), read_recording(recording)
    assert [repr(sample) for sample in read.samples] == [
        repr(sample).replace(f"device_t_ns={sample.device_t_ns}", f"device_t_ns={sample.t_ns}")
        for sample in written.samples
    ]
    assert [(e.t_ns, e.kind, dict(e.details)) for e in read.events] == [
        (e.t_ns, e.kind, dict(e.details)) for e in written.events
    ]
    assert read.header.scan_digest == written.header.scan_digest
    out = tmp_path / "out.nii.gz"
    said = gazesam("segment", scan, "--gaze", file, "-o", out, "--in-process")
    assert said.code == 0, said.err
    np.testing.assert_array_equal(labels_of(out), reference)


def test_the_dataset_is_valid_bids(dataset) -> None:
    beside = str(Path(sys.executable).parent)
    validator = shutil.which(
        "bids-validator-deno", path=f"{beside}{os.pathsep}{os.environ['PATH']}"
    )
    if validator is None:
        pytest.skip("bids-validator-deno is not installed")
    done = subprocess.run(
        [validator, str(dataset), "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue["severity"] == "error"] == []


def test_no_file_names_the_scan_but_by_its_digest(dataset, scan, recording) -> None:
    digest = read_recording(recording).header.scan_digest
    texts = [path.read_text() for path in dataset.rglob("*.json")]
    assert any(digest in text for text in texts)
    for path in dataset.rglob("*"):
        assert scan.stem.split(".")[0] not in path.name
    assert not any(scan.name in text for text in texts)


def test_maps_lie_in_the_derivatives(dataset, scan) -> None:
    derived = dataset / "derivatives" / "gazesam"
    assert json.loads((derived / "dataset_description.json").read_text())["DatasetType"] == (
        "derivative"
    )
    names = sorted(path.name for path in derived.rglob("*.png"))
    assert len(names) == 4
    assert names[0] == "sub-07_ses-pre_task-reading_slice-001_heat.png"
    heat = nibabel.load(next(derived.rglob("*_heat.nii.gz")))
    np.testing.assert_allclose(heat.affine, nibabel.load(scan).affine, atol=1e-5)


def test_a_second_recording_goes_into_the_same_dataset(gazesam, recording, tmp_path) -> None:
    for subject in ("01", "02"):
        said = gazesam("export-gaze", recording, "-o", tmp_path, "--subject", subject)
        assert said.code == 0, said.err
    assert len(list(tmp_path.glob("sub-*"))) == 2


def test_parquet_holds_the_whole_table(gazesam, recording, tmp_path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    said = gazesam("export-gaze", recording, "-o", tmp_path, "--parquet")
    assert said.code == 0, said.err
    table = parquet.read_table(next(tmp_path.rglob("*.parquet")))
    samples = read_recording(recording).samples
    assert table["t_ns"].to_pylist() == [sample.t_ns for sample in samples]
    assert table["left_x_display"].to_pylist() == [
        None if x != x else x for x in (sample.left.point_display.x for sample in samples)
    ]
    assert b"pixel" in table.schema.field("x_screen_px").metadata[b"unit"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("--subject", "Jane Doe"), "letters and digits"), (("--scan", "nowhere.nii"), "nowhere.nii")],
)
def test_what_cannot_be_exported_is_told(gazesam, recording, tmp_path, arguments, sentence) -> None:
    said = gazesam("export-gaze", recording, "-o", tmp_path / "bids", *arguments)
    assert said.code == 1
    assert said.err.count("error:") == 1
    assert sentence in " ".join(said.err.split())


def test_a_full_disk_leaves_no_half_file(gazesam, recording, tmp_path) -> None:
    with limited_file_size(2000):
        said = gazesam("export-gaze", recording, "-o", tmp_path / "bids")
    assert said.code == 1
    assert said.err.count("error:") == 1
    assert "could not write" in said.err
    files = [path for path in (tmp_path / "bids").rglob("*") if path.is_file()]
    assert not any(path.name.startswith(".") for path in files)
