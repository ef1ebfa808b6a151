"""What a crop shows of a mask, against plain computations with scipy."""

import numpy as np
import pytest
from scipy import ndimage

from GazeSAMLib.engines.compact.crop import Crop
from GazeSAMLib.engines.compact.crop_evidence import CropView
from GazeSAMLib.engines.compact.network import SIDE
from GazeSAMLib.engines.compact.points import Points
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import PromptSet

SHAPE = (SIDE, SIDE)
CROP = Crop(0.5 * (SIDE - 1), 0.5 * (SIDE - 1), float(SIDE))  # its pixels are the image's
PLACE = {name: place for place, name in enumerate((
    "count", "firm", "by_gaze", "by_size", "off_by_size", "off_by_gaze", "unround", "undecided",
    "sure_within", "sure", "contrast", "grain", "unlike", "unlike_by_grain", "likes_it_better",
    "step", "clear",
))}  # fmt: skip


def away(row: float, column: float) -> np.ndarray:
    return np.hypot(*np.meshgrid(np.arange(SIDE) - row, np.arange(SIDE) - column, indexing="ij"))


def seen(logits: np.ndarray, grey: np.ndarray, at=(47, 47), sigma_px: float = 2.0) -> dict:
    points = Points.of(PromptSet.at(ImagePoint(at[1], at[0]), sigma_px), SHAPE)
    view = CropView(CROP, grey.astype(np.float32), points, sigma_px)
    found = view.seen(logits.astype(np.float32))
    assert len(found) == len(PLACE)
    return {name: found[place] for name, place in PLACE.items()}


def a_disc(radius: float = 20.0, at=(47, 47)) -> np.ndarray:
    return radius - away(*at)


def test_a_disc_that_is_looked_at_is_round_central_and_has_a_clear_edge():
    found = seen(a_disc(), np.where(a_disc() > 0, 0.8, 0.2))
    assert found["count"] == np.count_nonzero(a_disc() > 0)
    assert found["unround"] == pytest.approx(0.0, abs=0.1)
    assert found["off_by_size"] == pytest.approx(0.0, abs=0.01)
    assert found["by_gaze"] == 1.0
    assert found["contrast"] == pytest.approx(0.6, abs=1e-5)
    assert found["grain"] == pytest.approx(0.0, abs=1e-3)
    assert found["unlike"] == pytest.approx(0.0, abs=1e-5)
    assert found["likes_it_better"] == pytest.approx(0.6, abs=1e-5)
    assert found["clear"] == 1.0
    assert found["step"] == pytest.approx(0.6, abs=1e-5)


def test_grey_values_within_around_and_at_the_look_are_those_of_scipy():
    rng = np.random.default_rng(1)
    grey = ndimage.gaussian_filter(rng.random(SHAPE), 2)
    logits = 12.0 - 0.7 * away(40, 52) + 3 * ndimage.gaussian_filter(rng.normal(size=SHAPE), 3)
    inside = logits > 0
    cross = np.zeros((5, 5), bool)
    cross[[0, 2, 2, 4, 2], [2, 0, 4, 2, 2]] = True
    ring = ndimage.binary_dilation(inside, cross) & ~inside
    found = seen(logits, grey)
    look = ndimage.uniform_filter(grey, 3)[47, 47]
    assert found["contrast"] == pytest.approx(
        abs(grey[inside].mean() - grey[ring].mean()), abs=1e-4
    )
    assert found["grain"] == pytest.approx(grey[inside].std(), abs=1e-4)
    assert found["unlike"] == pytest.approx(abs(look - grey[inside].mean()), abs=1e-4)
    middle = np.array(ndimage.center_of_mass(inside))
    radius = np.sqrt(inside.sum() / np.pi)
    assert found["off_by_size"] == pytest.approx(np.hypot(*(middle - 47)) / radius, abs=1e-3)
    assert found["sure"] == pytest.approx(np.abs(np.clip(logits, -8, 8)).mean(), abs=1e-4)
    assert found["sure_within"] == pytest.approx(np.clip(logits, -8, 8)[inside].mean(), abs=1e-4)
    outline = inside & ~ndimage.binary_erosion(inside)
    steps = np.maximum(*(np.abs(2 * np.gradient(grey, axis=axis)) for axis in (0, 1)))
    assert found["step"] == pytest.approx(steps[outline].mean(), abs=1e-4)


def test_a_ragged_mask_is_less_round_than_a_disc_of_its_size():
    ragged = a_disc() + 6 * np.random.default_rng(2).normal(size=SHAPE)
    grey = np.full(SHAPE, 0.5)
    assert seen(ragged, grey)["unround"] > seen(a_disc(), grey)["unround"] + 0.5


def test_a_network_that_hesitates_along_the_outline_is_found_out():
    grey = np.full(SHAPE, 0.5)
    hesitant, decided = (seen(slope * a_disc(), grey) for slope in (0.2, 2.0))
    assert hesitant["undecided"] > 3 * decided["undecided"]
    assert hesitant["sure_within"] < decided["sure_within"]
    assert hesitant["firm"] < decided["firm"]


def test_a_mask_beside_a_sure_gaze_holds_none_of_it_and_more_of_an_unsure_one():
    grey, logits = np.full(SHAPE, 0.5), a_disc(10, at=(20, 20))
    sure, unsure = (seen(logits, grey, at=(20, 38), sigma_px=sigma) for sigma in (1.0, 12.0))
    assert sure["by_gaze"] == 0.0
    assert 0.0 < unsure["by_gaze"] < 0.5
    assert unsure["off_by_gaze"] < sure["off_by_gaze"]


@pytest.mark.parametrize("value", [-9.0, 9.0, 0.0])
def test_empty_and_full_masks_have_finite_evidence(value):
    found = seen(np.full(SHAPE, value), np.zeros(SHAPE), at=(0, SIDE - 1), sigma_px=0.0)
    assert all(np.isfinite(list(found.values())))
    assert found["count"] >= 1
