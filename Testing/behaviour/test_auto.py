"""Everything in images and slices is segmented, and written as segment-anything's script does."""

import contextlib
import csv
import json
import os
import signal
import subprocess

import numpy as np
import pytest
import SimpleITK
from PIL import Image
from pycocotools import mask as coco_mask

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.sam.architecture import SamArchitecture  # noqa: E402
from GazeSAMLib.errors import EngineError  # noqa: E402

# An untrained network is sure of nothing: with these some of its masks pass.
LENIENT = (
    "--points-per-side", "5", "--pred-iou-thresh", "0", "--stability-score-thresh", "0.3",
    "--box-nms-thresh", "0.99", "--device", "cpu",
)  # fmt: skip
HEADER = (
    "id,area,bbox_x0,bbox_y0,bbox_w,bbox_h,point_input_x,point_input_y,predicted_iou,"
    "stability_score,crop_box_x0,crop_box_y0,crop_box_w,crop_box_h"
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(3)
    try:
        model = SamArchitecture(48, 2, 3, (1,), 4, 16, 128).build()
    except EngineError as error:
        pytest.skip(str(error))
    for name, tensor in model.state_dict().items():
        if "hypernetworks" in name or "upscaling" in name:
            tensor.mul_(3.0)
    path = tmp_path_factory.mktemp("sam") / "weights.pth"
    torch.save(model.state_dict(), path)
    return path


@pytest.fixture(autouse=True)
def a_cache_of_its_own(tmp_path_factory, monkeypatch):
    """What is measured of devices here is nothing for the next session to rely on."""
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, mode in (("grey.png", "L"), ("colour.jpg", "RGB"), ("clear.png", "RGBA")):
        picture = Image.fromarray(rng.integers(0, 255, (40, 60, 4), dtype=np.uint8), "RGBA")
        picture.convert(mode).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_a_folder_of_pictures_gives_masks_and_a_table_for_each(
    gazesam, pictures, checkpoint, tmp_path
) -> None:
    output = tmp_path / "masks"
    said = gazesam("auto", pictures, "-o", output, "--checkpoint", checkpoint, *LENIENT)
    assert said.code == 0, said.err
    assert "1 file is no picture" in said.err
    assert "masks of 3 images by sam (cpu" in said.out
    folders = sorted(path.name for path in output.iterdir() if path.is_dir())
    assert folders == ["clear", "colour", "grey"]
    for name in folders:
        lines = (output / name / "metadata.csv").read_text().splitlines()
        assert lines[0] == HEADER
        rows = list(csv.DictReader(lines))
        assert rows
        assert len(list((output / name).glob("*.png"))) == len(rows)
        for row in rows:
            mask = np.asarray(Image.open(output / name / f"{row['id']}.png"))
            assert mask.shape == (40, 60)
            assert set(np.unique(mask)) <= {0, 255}
            assert (mask > 0).sum() == int(row["area"])


def test_run_length_codes_are_those_of_the_png_files(
    gazesam, pictures, checkpoint, tmp_path
) -> None:
    options = ("--checkpoint", checkpoint, *LENIENT)
    pngs, codes = tmp_path / "pngs", tmp_path / "codes"
    assert gazesam("auto", pictures / "grey.png", "-o", pngs, *options).code == 0
    said = gazesam("auto", pictures / "grey.png", "-o", codes, "--convert-to-rle", *options)
    assert said.code == 0, said.err
    records = json.loads((codes / "grey.json").read_text())
    assert set(records[0]) == {
        "segmentation",
        "area",
        "bbox",
        "predicted_iou",
        "point_coords",
        "stability_score",
        "crop_box",
    }
    for number, record in enumerate(records):
        mask = np.asarray(Image.open(pngs / "grey" / f"{number}.png")) > 0
        assert np.array_equal(coco_mask.decode(record["segmentation"]) > 0, mask)


def test_slices_of_a_scan_are_chosen_by_plane_and_number(
    gazesam, scan, checkpoint, tmp_path
) -> None:
    output = tmp_path / "masks"
    arguments = ("auto", scan, "-o", output, "--checkpoint", checkpoint, *LENIENT, "--json")
    said = gazesam(*arguments, "--slices", "3-4,9")
    assert said.code == 0, said.err
    assert list(json.loads(said.out)["images"]) == ["axial-003", "axial-004", "axial-009"]
    about = json.loads((output / "about.json").read_text())
    assert (about["plane"], about["points_per_side"]) == ("axial", 5)
    refused = gazesam(*arguments, "--plane", "coronal", "--slices", "1")
    assert refused.code == 1
    assert 'plane was "axial", is "coronal"' in refused.err
    for slices, why in (("25", "the scan has 1 to 24"), ("a", "write such as 1-20,25")):
        said = gazesam(*arguments, "--slices", slices)
        assert (said.code, why in said.err) == (1, True)


def test_what_is_done_is_not_done_again_unless_that_is_asked_for(
    gazesam, pictures, checkpoint, tmp_path
) -> None:
    output = tmp_path / "masks"
    arguments = ("auto", pictures, "-o", output, "--checkpoint", checkpoint, *LENIENT)
    assert gazesam(*arguments).code == 0
    made = (output / "grey" / "metadata.csv").stat().st_mtime_ns
    said = gazesam(*arguments)
    assert "3 of 3 images were there already" in said.err
    assert (output / "grey" / "metadata.csv").stat().st_mtime_ns == made
    other = gazesam(*arguments, "--crop-n-layers", "1")
    assert (other.code, "crop_n_layers was 0, is 1" in other.err) == (1, True)
    assert gazesam(*arguments, "--overwrite").code == 0
    assert (output / "grey" / "metadata.csv").stat().st_mtime_ns != made
    assert not list(output.glob(".*"))


def test_a_picture_that_cannot_be_read_does_not_hold_up_the_others(
    gazesam, pictures, checkpoint, tmp_path
) -> None:
    whole = (pictures / "clear.png").read_bytes()
    (pictures / "clear.png").write_bytes(whole[:300])
    arguments = ("auto", pictures, "-o", tmp_path / "masks", "--checkpoint", checkpoint, *LENIENT)
    said = gazesam(*arguments, "--json")
    assert said.code == 1
    assert "clear.png cannot be read as a picture" in said.err
    values = json.loads(said.out)
    assert (list(values["images"]), list(values["faults"])) == (["colour", "grey"], ["clear"])
    (pictures / "clear.png").write_bytes(whole)
    said = gazesam(*arguments)
    assert said.code == 0, said.err
    assert "2 of 3 images were there already" in said.err


def test_masks_of_another_scan_are_not_taken_for_this_ones(
    gazesam, scan, checkpoint, tmp_path
) -> None:
    other = tmp_path / "other.nii.gz"
    volume = SimpleITK.ReadImage(str(scan))
    SimpleITK.WriteImage(volume + 1, str(other))
    arguments = ("-o", tmp_path / "masks", "--checkpoint", checkpoint, *LENIENT, "--slices", "3")
    assert gazesam("auto", scan, *arguments).code == 0
    said = gazesam("auto", other, *arguments)
    assert (said.code, "scan was" in said.err) == (1, True)


def test_results_of_another_program_are_not_overwritten(
    gazesam, pictures, checkpoint, tmp_path
) -> None:
    (tmp_path / "masks" / "grey").mkdir(parents=True)
    output = tmp_path / "masks"
    said = gazesam("auto", pictures, "-o", output, "--checkpoint", checkpoint, *LENIENT)
    assert said.code == 1
    assert "grey is there already" in said.err


def test_where_no_mask_passes_it_says_what_to_change(
    gazesam, pictures, checkpoint, tmp_path
) -> None:
    options = ("--checkpoint", checkpoint, *LENIENT, "--stability-score-thresh", "1.1")
    said = gazesam("auto", pictures / "grey.png", "-o", tmp_path / "masks", *options)
    assert said.code == 0
    assert "0 masks of 1 images" in said.out
    assert "lower --pred-iou-thresh or --stability-score-thresh" in said.err
    table = (tmp_path / "masks" / "grey" / "metadata.csv").read_text()
    assert table.splitlines() == [HEADER]


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to another process there")
def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    gazesam, installed, pictures, checkpoint, tmp_path
) -> None:
    output = tmp_path / "masks"
    thorough = (*LENIENT, "--points-per-side", "10")
    arguments = ["auto", pictures, "-o", output, "--checkpoint", checkpoint, *thorough]
    command = [*installed, *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        while not (output / "clear" / "metadata.csv").exists():
            with contextlib.suppress(subprocess.TimeoutExpired):
                pytest.fail(f"it ended with {running.wait(0.05)}")
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "1 of 3 images are done" in err
    assert not list(output.glob(".*"))
    said = gazesam(*arguments)
    assert said.code == 0
    assert "1 of 3 images were there already" in said.err


@pytest.mark.parametrize("engine", ["compact", "region", "sam2.1_tiny", "onnx"])
def test_engines_that_cannot_do_it_say_which_can(gazesam, pictures, tmp_path, engine) -> None:
    said = gazesam("auto", pictures, "-o", tmp_path / "masks", "--engine", engine)
    assert said.code == 1
    assert f"'{engine}' cannot segment everything: name a model" in said.err


def test_without_any_model_here_it_says_how_to_get_one(
    gazesam, pictures, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path / "cache"))
    said = gazesam("auto", pictures, "-o", tmp_path / "masks")
    assert said.code == 1
    assert "type: gazesam models pull mobile_sam" in said.err
