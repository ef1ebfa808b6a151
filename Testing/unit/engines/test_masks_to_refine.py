"""A mask that an engine has not made itself can be handed to it to refine."""

import numpy as np
import pytest

from GazeSAMLib.engines.compact.known_mask import known_mask
from GazeSAMLib.engines.engine import RefinesMasks
from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.engines.segmenter import EmbedRequest, Segmenter
from GazeSAMLib.errors import EngineError
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import sample_slice, slice_grid, to_8bit
from Testing.phantom import AXIAL, OBLIQUE, VOLUME, phantom
from Testing.shaped_scan import dice


def drawn(mask: np.ndarray) -> np.ndarray:
    logits = np.full(mask.shape, -8.0, dtype=np.float32)
    known_mask(mask).draw(logits)
    return logits > 0


@pytest.mark.parametrize(
    ("row", "column", "radius"), [(100, 120, 6), (250, 250, 40), (200, 300, 180), (5, 8, 20)]
)
def test_a_mask_comes_back_as_it_was(row, column, radius):
    rows, columns = np.ogrid[:512, :600]
    mask = np.hypot(rows - row, columns - column) <= radius
    assert dice(drawn(mask), mask) > 0.97


def test_holes_and_parts_come_back():
    rows, columns = np.ogrid[:256, :256]
    distance = np.hypot(rows - 100, columns - 90)
    mask = ((distance <= 60) & (distance >= 20)) | (np.hypot(rows - 200, columns - 200) <= 25)
    assert dice(drawn(mask), mask) > 0.97


def test_a_single_pixel_is_not_lost_in_a_crop_of_its_own():
    mask = np.zeros((64, 64), dtype=bool)
    mask[30, 31] = True
    assert drawn(mask)[30, 31]


def test_compact_refines_masks_and_follows_the_one_it_is_given():
    pytest.importorskip("onnxruntime")
    from GazeSAMLib.engines.compact.engine import CompactEngine
    from GazeSAMLib.prompts.prompt_set import PromptSet

    rows, columns = np.ogrid[:256, :256]
    disc = np.hypot(rows - 120, columns - 130) <= 30
    noise = np.random.default_rng(0).normal(0.0, 6.0, disc.shape)
    pixels = np.clip(np.where(disc, 150, 80) + noise, 0, 255).astype(np.uint8)
    engine = CompactEngine(threads=1)
    assert isinstance(engine, RefinesMasks)
    previous = engine.low_res_of(np.roll(disc, 3, axis=1))
    prompts = PromptSet(np.array([(130.0, 120.0)]), np.array([1]), previous=previous)
    found = engine.decode(engine.embed(pixels), prompts)
    assert max(dice(found.mask(n), disc) for n in range(len(found))) > 0.93


def test_an_engine_that_refines_from_prompts_alone_takes_none():
    segmenter = Segmenter(RegionEngine(), phantom(), VOLUME)
    assert segmenter.low_res_of(np.ones((48, 64), dtype=bool)) is None


@pytest.mark.parametrize("plane", [AXIAL, OBLIQUE])
def test_the_segmenter_shows_the_pixels_that_the_engine_sees(plane):
    class Seeing(RegionEngine):
        def embed(self, pixels):
            self.seen = pixels
            return super().embed(pixels)

    engine = Seeing()
    segmenter = Segmenter(engine, phantom(), VOLUME)
    request = EmbedRequest(1, plane, 256.0, 100.0)
    pixels = segmenter.pixels(request)
    segmenter.embed(request)
    grid = slice_grid(VOLUME, plane)
    expected = to_8bit(sample_slice(phantom(), VOLUME, grid), 256.0, 100.0)
    assert np.array_equal(pixels, expected)
    assert np.array_equal(engine.seen, expected)
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0] = 1


def test_pixels_of_a_plane_beside_the_scan_are_refused():
    segmenter = Segmenter(RegionEngine(), phantom(), VOLUME)
    beside = SlicePlane((0.0, 0.0, 900.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    with pytest.raises(EngineError, match="does not cross"):
        segmenter.pixels(EmbedRequest(1, beside, 256.0, 100.0))
