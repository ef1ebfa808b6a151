"""Each embedding is made once, whoever needs it."""

import threading

import numpy as np
import pytest

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.segmenter import EmbedRequest, Segmenter
from GazeSAMLib.engines.store.disk import DiskStore
from GazeSAMLib.engines.store.keeper import EmbeddingKeeper
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings
from GazeSAMLib.errors import EngineError
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.slice import SlicePlane
from Testing.phantom import AXIAL, OBLIQUE, VOLUME, look, phantom
from Testing.worker_of_slow_engine import SlowBlur
from Testing.worker_of_test_engines import EqualGreyOnBadDays

DIGEST = scan_digest(phantom(), VOLUME)


class Counting(SlowBlur):
    def __init__(self, **options):
        super().__init__(**options)
        self.count = 0

    def embed_in_steps(self, pixels, between):
        self.count += 1
        return super().embed_in_steps(pixels, between)


@pytest.fixture
def store(tmp_path):
    return DiskStore(tmp_path / "embeddings", 1 << 30)


def segmenter_of(engine, store):
    keeper = EmbeddingKeeper(store, pytest.fail)
    stored = StoredEmbeddings(engine, keeper, lambda: DIGEST)
    return Segmenter(engine, phantom(), VOLUME, stored)


@pytest.mark.parametrize("plane", [AXIAL, OBLIQUE], ids=["axial", "oblique"])
def test_a_second_session_embeds_nothing_and_answers_the_same_bits(store, plane):
    engines = Counting(), Counting()
    answers = [segmenter_of(engine, store).answer(look(1, plane)) for engine in engines]
    assert [engine.count for engine in engines] == [1, 0]
    first, second = (answer.candidates for answer in answers)
    assert np.array_equal(first.logits, second.logits)
    assert np.array_equal(first.scores, second.scores)


def test_what_another_device_made_when_the_first_had_failed_is_kept_as_its(store):
    class Moving(SlowBlur):
        def step(self, grey):
            self.runs_on = "cpu, bf16"
            return super().step(grey)

    segmenter_of(Moving(runs_on="cuda, fp16"), store).embed(look(1))
    assert not segmenter_of(SlowBlur(runs_on="cuda, fp16"), store).is_embedded(look(1))
    assert segmenter_of(SlowBlur(runs_on="cpu, bf16"), store).is_embedded(look(1))


def test_what_is_kept_needs_no_embedding_any_more(store):
    segmenter_of(SlowBlur(), store).embed(look(1))
    again = segmenter_of(SlowBlur(), store)
    assert again.is_embedded(look(1))
    assert not again.is_embedded(look(1, OBLIQUE))
    beside = SlicePlane((0.0, 0.0, 900.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    assert not again.is_embedded(look(1, beside))
    with pytest.raises(EngineError, match="does not cross the scan"):
        again.answer(look(1, beside))


def test_all_planes_within_a_layer_share_one_embedding(store):
    engine = Counting()
    segmenter = segmenter_of(engine, store)
    for s in (29.0, 30.0, 31.0):
        plane = SlicePlane((0.0, 0.0, s), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
        segmenter.answer(look(1, plane))
    assert engine.count == 1


def test_a_damaged_embedding_is_made_again(store):
    segmenter_of(SlowBlur(), store).embed(look(1))
    (path,) = store.folder.iterdir()
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    engine = Counting()
    segmenter_of(engine, store).answer(look(1))
    assert engine.count == 1
    assert path.read_bytes() != data


def test_what_the_engine_cannot_unpack_is_made_again(store):
    segmenter = segmenter_of(SlowBlur(), store)
    key = segmenter.stored_key(look(1))
    store.write(key, PackedEmbedding({"grey": np.zeros((2, 2), np.float16)}, {"steps": 99}))
    engine = Counting()
    again = segmenter_of(engine, store)
    again.answer(look(1))
    assert engine.count == 1
    assert store.read(key).facts == {"steps": 4}


def test_only_engines_whose_embeddings_can_be_packed_are_taken(store):
    with pytest.raises(EngineError, match="'equal-grey' cannot be kept"):
        segmenter_of(EqualGreyOnBadDays(), store)


def made_ahead(segmenter, make_way, request):
    """Embed ahead in a thread of its own; return the thread and what comes of it."""
    done = []

    def work():
        try:
            pixels = segmenter.pixels(request)
            key = segmenter.stored_key(request)
            done.append(segmenter.stored.make_ahead(key, lambda: pixels, make_way))
        except InterruptedError as error:
            done.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, done


AHEAD = EmbedRequest(1, AXIAL, 256.0, 100.0)


def test_a_look_at_the_slice_that_is_being_made_waits_for_it_and_begins_no_other(store):
    engine = Counting()
    segmenter = segmenter_of(engine, store)
    in_the_middle = threading.Event()

    def make_way():
        if engine.count:
            in_the_middle.set()
            while not segmenter.stored.is_waited_for:
                pass

    thread, done = made_ahead(segmenter, make_way, AHEAD)
    assert in_the_middle.wait(10.0)
    answer = segmenter.answer(look(1))
    thread.join(10.0)
    assert done == [True]
    assert engine.count == 1
    assert answer.candidates.mask().any()


def test_a_look_makes_what_was_given_up_while_it_waited(store):
    engine = Counting()
    segmenter = segmenter_of(engine, store)
    in_the_middle = threading.Event()

    def give_up():
        if engine.count:
            in_the_middle.set()
            while not segmenter.stored.is_waited_for:
                pass
            raise InterruptedError

    thread, done = made_ahead(segmenter, give_up, AHEAD)
    assert in_the_middle.wait(10.0)
    assert segmenter.answer(look(1)).candidates.mask().any()
    thread.join(10.0)
    assert isinstance(done[0], InterruptedError)
    assert engine.count == 2


def test_what_is_at_hand_is_not_made_ahead(store):
    engine = Counting()
    segmenter = segmenter_of(engine, store)
    segmenter.embed(AHEAD)
    thread, done = made_ahead(segmenter, lambda: None, AHEAD)
    thread.join(10.0)
    assert done == [False]
    assert engine.count == 1


def test_it_knows_for_how_many_slices_there_is_room():
    keeper = EmbeddingKeeper(None, pytest.fail, most_bytes_in_memory=100_000)
    engine = SlowBlur()
    stored = StoredEmbeddings(engine, keeper, lambda: DIGEST)
    segmenter = Segmenter(engine, phantom(), VOLUME, stored)
    assert stored.most_slices(0.5) > 1000
    segmenter.embed(AHEAD)
    assert stored.most_slices(0.5) == 50_000 // (2 * 48 * 64)
