"""The scorer's fit: made-up slices, looks that the engine answers, weights that choose better."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

from GazeSAMLib.engines.compact import choice
from GazeSAMLib.engines.compact.network import SHIPPED, Network
from GazeSAMLib.engines.scorer import Scorer
from GazeSAMLib.errors import CheckpointError
from training.choosing.__main__ import main
from training.choosing.fit import Recipe, expected_dice, fitted
from training.choosing.gathering import gathered
from training.choosing.judging import judged, split
from training.choosing.looks import CONDITIONS, Looks, looks_at_anatomy
from training.choosing.slices import SIDES_PX, cases_of
from training.labelmaps import read_label_maps

SEED = 20_000_001


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def looks() -> Looks:
    return Looks.joined(looks_at_anatomy(Network(SHIPPED, threads=1), SEED))


def made_up(count: int, seed: int) -> Looks:
    """Looks at six masks, of which the third number of the evidence tells the overlap."""
    rng = np.random.default_rng(seed)
    overlap = rng.uniform(0, 1, (count, 6))
    evidence = rng.normal(size=(count, 6, 4))
    evidence[:, :, 2] = 3 * overlap + 0.2 * rng.normal(size=overlap.shape)
    there = rng.random((count, 6)) < 0.9
    iou = np.where(np.eye(6, dtype=bool), 1.0, 0.1) * there[:, :, None] * there[:, None, :]
    number = np.arange(count)
    return Looks(evidence, iou, there, overlap * there, number % len(CONDITIONS), number)


def test_a_case_is_a_whole_slice_with_one_structure_around_its_middle() -> None:
    cases = cases_of(SEED)
    assert cases
    for case in cases:
        assert case.pixels.shape == case.mask.shape
        assert case.pixels.shape[0] in SIDES_PX
        assert case.pixels.dtype == np.uint8
        assert np.ptp(case.pixels) > 50
        assert ndimage.label(case.mask)[1] == 1
        assert case.mask[int(case.innermost_uv.v), int(case.innermost_uv.u)]
    assert not np.array_equal(cases[0].pixels, cases_of(SEED + 1)[0].pixels)


def test_an_anatomy_is_looked_at_alike_each_time(looks: Looks) -> None:
    again = Looks.joined(looks_at_anatomy(Network(SHIPPED, threads=1), SEED))
    np.testing.assert_array_equal(looks.evidence, again.evidence)
    np.testing.assert_array_equal(looks.overlap, again.overlap)


def test_each_case_is_looked_at_under_each_condition(looks: Looks) -> None:
    cases = len(cases_of(SEED))
    assert looks.condition.tolist() == list(range(len(CONDITIONS))) * cases
    assert looks.overlap.min() >= 0
    assert looks.overlap.max() <= 1
    assert looks.overlap.max() > 0.2, "the network found nothing"


def test_the_package_s_scorer_takes_the_evidence_that_is_gathered(looks: Looks) -> None:
    scorer = Scorer.of_package("GazeSAMLib.engines.compact")
    assert scorer.features == looks.evidence.shape[2]
    for figures in judged(scorer, looks):
        assert 0 <= figures.shown <= figures.best_shown <= figures.best <= 1


def test_the_fit_expects_the_dice_that_the_engine_expects() -> None:
    looks = made_up(5, 1)
    scores = np.random.default_rng(2).uniform(0, 1, looks.there.shape)
    ours = expected_dice(*map(torch.as_tensor, (scores, looks.iou, looks.there))).numpy()
    for row, one in enumerate(ours):
        theirs = choice.expected_dice(scores[row], looks.iou[row], looks.there[row])
        np.testing.assert_allclose(one, theirs, atol=1e-6)


def test_a_fitted_scorer_chooses_nearly_the_best() -> None:
    scorer = Scorer.of_values(fitted(made_up(600, 3), Recipe(rounds=12)))
    for figures in judged(scorer, made_up(150, 4)):
        assert figures.best - figures.shown < 0.03
        assert figures.score_error < 0.1


def test_a_seed_fits_the_same_scorer_and_another_a_different_one() -> None:
    first, again, other = (
        fitted(made_up(200, 3), Recipe(rounds=2, seed=seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_no_anatomy_is_both_fitted_to_and_judged_with() -> None:
    fitted_to, held_out = split(made_up(50, 5))
    assert len(held_out) == 10
    assert not set(fitted_to.anatomy) & set(held_out.anatomy)


def test_one_command_gathers_fits_and_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, cache = tmp_path / "scorer.json", tmp_path / "cache"
    command = ["--network", str(SHIPPED), "--out", str(out), "--cache", str(cache)]
    assert main([*command, "--scenes", "2", "--processes", "1"]) == 0
    files = {path: path.stat().st_mtime_ns for path in cache.rglob("*.npz")}
    assert len(files) == 1
    assert "0.5°, one-up" in capsys.readouterr().err
    first = out.read_text()
    shipped = Path(choice.__file__).with_name("scorer.json").read_text()
    assert json.loads(first).keys() == json.loads(shipped).keys()
    assert main([*command, "--scenes", "2", "--processes", "1"]) == 0
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.npz")} == files
    assert out.read_text() == first


def test_slices_come_from_label_maps_too(label_maps_folder: Path) -> None:
    maps = read_label_maps(label_maps_folder, share=1.0, device="cpu")
    cases = [case for seed in range(SEED, SEED + 4) for case in cases_of(seed, maps)]
    assert cases
    for case in cases:
        assert case.pixels.shape[0] in SIDES_PX
        assert case.mask[int(case.innermost_uv.v), int(case.innermost_uv.u)]


def test_looks_at_label_maps_are_kept_apart_from_others(
    tmp_path: Path, label_maps_folder: Path
) -> None:
    keep = tmp_path / "keep"
    with_maps = gathered(SHIPPED, label_maps_folder, 2, 1, keep)
    without = gathered(SHIPPED, None, 2, 1, keep)
    assert len(list(keep.iterdir())) == 2
    assert len(with_maps)
    assert not np.array_equal(with_maps.evidence, without.evidence)


def test_label_maps_that_are_not_there_are_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--out", str(tmp_path / "s.json"), "--cache", str(tmp_path / "cache")]
    assert main([*command, "--label-maps", str(tmp_path / "nothing-here")]) == 1
    assert "nothing-here" in capsys.readouterr().err


def test_a_network_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing.onnx"
    assert main(["--network", str(missing), "--out", str(tmp_path / "s.json")]) == 1


def test_a_file_that_is_no_network_is_an_error_before_anything_is_made(tmp_path: Path) -> None:
    network = tmp_path / "network.onnx"
    network.write_bytes(b"no network")
    with pytest.raises(CheckpointError, match="is not a network"):
        gathered(network, None, 1, 1, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
