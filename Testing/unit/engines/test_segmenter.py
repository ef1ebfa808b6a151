"""From a request to an answer: reslice, embed once, decode, rank."""

import numpy as np
import pytest

from GazeSAMLib.engines.segmenter import EMBEDDINGS_IN_MEMORY, EmbedRequest, Segmenter
from GazeSAMLib.errors import EngineError, GeometryError
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_image import sample_slice, slice_grid, to_8bit
from Testing.phantom import AXIAL, OBLIQUE, VOLUME, look, phantom
from Testing.worker_of_test_engines import EqualGreyOnBadDays

ELSEWHERE = SlicePlane((0.0, 0.0, 900.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))


class Counting(EqualGreyOnBadDays):
    def __init__(self):
        super().__init__()
        self.embedded = []

    def embed(self, pixels):
        self.embedded.append(pixels)
        return super().embed(pixels)


@pytest.fixture
def engine():
    return Counting()


@pytest.fixture
def segmenter(engine):
    return Segmenter(engine, phantom(), VOLUME)


def ahead(window=256.0, plane=AXIAL):
    return EmbedRequest(1, plane, window, 100.0)


@pytest.mark.parametrize("plane", [AXIAL, OBLIQUE], ids=["axial", "oblique"])
def test_an_engine_sees_the_slice_as_displayed(segmenter, engine, plane):
    segmenter.answer(look(1, plane))
    grid = slice_grid(VOLUME, plane)
    (seen,) = engine.embedded
    assert seen.dtype == np.uint8
    np.testing.assert_array_equal(
        seen, to_8bit(sample_slice(phantom(), VOLUME, grid), 256.0, 100.0)
    )


def test_candidates_come_best_first(segmenter):
    candidates = segmenter.answer(look(1)).candidates
    assert candidates.scores.tolist() == sorted(candidates.scores.tolist(), reverse=True)
    assert candidates.mask(0).sum() < candidates.mask(2).sum()  # the middle tolerance leads


def test_a_slice_is_embedded_once(segmenter, engine):
    for number in range(5):
        segmenter.answer(look(number))
    assert len(engine.embedded) == 1
    assert segmenter.answer(look(6)).embed_ms < 100.0


def test_a_slice_that_was_embedded_ahead_is_not_embedded_again(segmenter, engine):
    assert not segmenter.is_embedded(ahead())
    assert segmenter.embed(ahead()) > 0.0
    assert segmenter.is_embedded(look(1))
    segmenter.answer(look(1))
    assert len(engine.embedded) == 1


def test_another_window_or_plane_is_another_image(segmenter, engine):
    for request in (ahead(), ahead(window=300.0), ahead(plane=OBLIQUE)):
        segmenter.embed(request)
    assert len(engine.embedded) == 3


def test_only_so_many_embeddings_are_kept_and_the_oldest_used_goes_first(segmenter, engine):
    segmenter.embed(ahead())
    for window in range(1, EMBEDDINGS_IN_MEMORY + 1):
        segmenter.embed(ahead())
        segmenter.embed(ahead(float(window)))
    assert segmenter.is_embedded(ahead())
    assert not segmenter.is_embedded(ahead(1.0))
    assert segmenter.is_embedded(ahead(2.0))
    assert len(engine.embedded) == EMBEDDINGS_IN_MEMORY + 1


def test_a_plane_beside_the_scan_is_refused(segmenter):
    with pytest.raises(EngineError, match="does not cross the scan"):
        segmenter.answer(look(1, ELSEWHERE))
    with pytest.raises(EngineError, match="does not cross the scan"):
        segmenter.embed(ahead(plane=ELSEWHERE))


def test_a_window_that_is_none_is_refused_and_forgotten(segmenter):
    with pytest.raises(GeometryError, match="window"):
        segmenter.embed(ahead(window=0.0))
    assert not segmenter.is_embedded(ahead(window=0.0))
