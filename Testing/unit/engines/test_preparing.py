"""A whole study embedded beforehand, as many slices at once as the engine likes."""

import os
from functools import partial

import numpy as np
import pytest

from GazeSAMLib.engines.engine import EmbedsBatches
from GazeSAMLib.engines.look_ahead import planes_ahead, view_ahead
from GazeSAMLib.engines.preparing import Preparation
from GazeSAMLib.engines.segmenter import EmbedRequest, Segmenter
from GazeSAMLib.engines.store.disk import DiskStore
from GazeSAMLib.engines.store.keeper import EmbeddingKeeper
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings
from GazeSAMLib.errors import EngineError, OutputError
from GazeSAMLib.geometry.digest import scan_digest
from Testing.full_disk import limited_file_size
from Testing.phantom import AXIAL, VOLUME, look, phantom
from Testing.worker_of_slow_engine import SlowBlur

STUDY = [EmbedRequest(0, p, 256.0, 100.0) for p in planes_ahead([view_ahead(VOLUME, AXIAL)])]
SLICES = VOLUME.shape_kji[0]
SLICE_BYTES = 2 * 48 * 64


class OneByOne(SlowBlur):
    """An engine that knows nothing of batches."""

    embed_batch = None

    def __getattribute__(self, name):
        if name in ("embed_batch", "batch_size"):
            raise AttributeError(name)
        return super().__getattribute__(name)


class Tired(SlowBlur):
    """An engine whose batches become smaller: they were too large."""

    def embed_batch(self, images):
        self.batch_size = max(1, self.batch_size - 1)
        return super().embed_batch(images)


@pytest.fixture
def store(tmp_path):
    return DiskStore(tmp_path / "embeddings", 1 << 30)


def preparation_of(engine, store):
    keeper = EmbeddingKeeper(store, lambda _sentence: None)
    digest = partial(scan_digest, phantom(), VOLUME)
    stored = StoredEmbeddings(engine, keeper, digest)
    segmenter = Segmenter(engine, phantom(), VOLUME, stored)
    return Preparation(engine, segmenter, stored), segmenter


def prepared(engine, store, requests=STUDY, is_cancelled=lambda: False):
    told = []
    preparation, _ = preparation_of(engine, store)
    done = preparation.run(requests, lambda *progress: told.append(progress), is_cancelled)
    return done, told


def test_slices_that_had_been_prepared_do_not_make_room_for_the_others(tmp_path):
    entry_bytes = SLICE_BYTES + 2000
    store = DiskStore(tmp_path / "embeddings", int(1.5 * SLICES * entry_bytes))
    half = STUDY[: SLICES // 2]
    prepared(SlowBlur(), store, half)
    for path in store.folder.iterdir():
        os.utime(path, (0, 0))
    prepared(SlowBlur(), store, [EmbedRequest(0, e.plane, 99.0, 1.0) for e in STUDY])
    small = DiskStore(store.folder, int(1.12 * SLICES * entry_bytes))
    done, _ = prepared(SlowBlur(), small)
    assert done.is_complete
    assert prepared(SlowBlur(), small)[0].at_hand == SLICES


@pytest.mark.parametrize("kind", [SlowBlur, OneByOne, Tired])
def test_each_slice_is_embedded_once_whatever_the_batches(store, kind):
    engine = kind()
    done, told = prepared(engine, store, [*STUDY, *STUDY])
    assert (done.slices, done.embedded, done.at_hand, done.is_complete) == (SLICES, SLICES, 0, True)
    assert told[0] == (0, SLICES)
    assert told[-1] == (SLICES, SLICES)
    assert [count for count, _ in told] == list(range(SLICES + 1))
    assert done.size_bytes == store.size_bytes() > SLICES * SLICE_BYTES
    assert sum(engine.batches) == (SLICES if isinstance(engine, EmbedsBatches) else 0)
    if kind is SlowBlur:
        assert engine.batches == [4] * 5
    again, told = prepared(kind(), store)
    assert (again.embedded, again.at_hand, again.is_complete) == (0, SLICES, True)
    assert told == [(0, 0)]


def test_what_was_prepared_in_batches_is_what_a_look_would_have_made(store):
    prepared(SlowBlur(), store)
    _, with_store = preparation_of(SlowBlur(), store)
    alone = Segmenter(SlowBlur(), phantom(), VOLUME)
    for number in range(3):
        assert with_store.is_embedded(look(number))
        answers = [each.answer(look(number)).candidates for each in (with_store, alone)]
        assert np.array_equal(answers[0].logits, answers[1].logits)


def test_what_is_done_before_it_is_cancelled_is_kept(store):
    asked = iter([False, False, True])
    done, _ = prepared(SlowBlur(), store, is_cancelled=lambda: next(asked))
    assert (done.embedded, done.is_complete) == (8, False)
    rest, _ = prepared(SlowBlur(), store)
    assert (rest.embedded, rest.at_hand) == (SLICES - 8, 8)


def test_planes_beside_the_scan_do_not_count(store):
    plane = type(AXIAL)((0.0, 0.0, 900.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    done, _ = prepared(SlowBlur(), store, [EmbedRequest(0, plane, 256.0, 100.0)])
    assert (done.slices, done.is_complete) == (0, True)


def test_a_full_disk_is_an_error_and_what_was_kept_stays(store):
    prepared(SlowBlur(), store, STUDY[:3])
    with limited_file_size(1000), pytest.raises(OutputError, match="cannot be kept in"):
        prepared(SlowBlur(), store)
    rest, _ = prepared(SlowBlur(), store)
    assert rest.at_hand == 3


def test_no_more_is_embedded_than_there_is_room_for(tmp_path):
    small = DiskStore(tmp_path / "embeddings", 12 * SLICE_BYTES)
    done, _ = prepared(SlowBlur(), small)
    assert not done.is_complete
    assert done.most_slices == 10
    assert 10 <= done.embedded <= 12
    assert small.size_bytes() <= 12 * SLICE_BYTES
    again, _ = prepared(SlowBlur(), small)
    assert again.at_hand >= 9


def test_an_engine_that_fails_is_an_error_and_what_was_kept_stays(store):
    class Failing(SlowBlur):
        def embed_batch(self, images):
            if len(self.batches) == 2:
                raise EngineError("out of memory")
            return super().embed_batch(images)

    with pytest.raises(EngineError, match="out of memory"):
        prepared(Failing(), store)
    assert prepared(SlowBlur(), store)[0].at_hand == 8


def test_nothing_can_be_prepared_without_a_disk():
    with pytest.raises(OutputError, match="GAZESAM_STORE_GB is 0"):
        preparation_of(SlowBlur(), None)
