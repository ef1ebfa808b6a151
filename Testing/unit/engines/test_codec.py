"""Messages to frames and back: the same bits at both ends, and nothing but our own errors."""

import dataclasses
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from GazeSAMLib import errors
from GazeSAMLib.engines.codec import KINDS, frame, parse
from GazeSAMLib.engines.look_ahead import LookAhead, ViewAhead
from GazeSAMLib.engines.messages import (
    Cancel,
    Embedded,
    EngineReady,
    Failure,
    Hello,
    Notice,
    Opened,
    OpenScan,
    Outdated,
    Ping,
    Pong,
    PreparedAhead,
    Progress,
    Propagate,
    Propagated,
    PropagationEnded,
    ScanDigest,
    Shutdown,
    StopPropagation,
    UseEngine,
)
from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.engines.protocol import FrameDecoder, Message
from GazeSAMLib.engines.segmenter import EmbedRequest, SegmentAnswer, SegmentRequest
from GazeSAMLib.errors import GazeSAMError, ProtocolError
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet
from Testing.phantom import OBLIQUE, look

PLAIN = [
    Hello(("region", "sam"), "0.1.0", 4711),
    OpenScan(1, "/tmp/scan é.raw", "<i2", (3, 4, 5), (0.1, 1e-300, -0.0) * 5 + (1.0,), False),
    Opened(1),
    ScanDigest(1, "ab" * 32),
    UseEngine(2, "sam", {"checkpoint": "vit_b.pth", "device": None, "threads": 2}),
    EngineReady(2, "sam", "cd" * 32),
    Embedded(3, 12.5),
    Cancel(),
    Outdated((1, 2), (3,)),
    Progress("loading sam", 0, 1),
    Failure("decode", 3, "EngineError", "it failed"),
    PreparedAhead(3, 4, 20, 12.5),
    Notice("the disk is full"),
    PropagationEnded(4, ("the scan ends", "the structure ends")),
    StopPropagation(),
    Shutdown(),
]


def sent(message):
    (received,) = FrameDecoder().feed(frame(message))
    return parse(received)


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("message", PLAIN, ids=lambda message: type(message).__name__)
def test_a_plain_message_arrives_as_it_was(message):
    assert sent(message) == message


def test_every_kind_of_message_is_tested_here():
    tested = {type(message) for message in PLAIN}
    tested |= {SegmentRequest, EmbedRequest, SegmentAnswer, Ping, Pong, Propagate, Propagated}
    tested |= {LookAhead}
    assert tested == {*KINDS.values()}


@pytest.mark.parametrize("kind", [Ping, Pong])
def test_the_data_of_a_ping_arrive_as_they_were(kind):
    received = sent(kind(7, np.arange(256, dtype=np.uint8)))
    assert isinstance(received, kind)
    assert received.number == 7
    assert received.data.tobytes() == bytes(range(256))


finite = st.floats(-1e4, 1e4)
vectors = st.tuples(finite, finite, finite)


@given(vectors, vectors, vectors)
def test_a_plane_arrives_with_the_same_bits(origin, row, column):
    try:
        plane = SlicePlane(origin, row, column)
    except GazeSAMError:
        return
    received = sent(EmbedRequest(1, plane, 400.0, 40.0)).plane
    for part in dataclasses.fields(SlicePlane):
        assert same_bits(getattr(received, part.name), getattr(plane, part.name))


@given(
    points=hnp.arrays(np.float64, st.tuples(st.integers(1, 5), st.just(2)), elements=finite),
    sigma_px=st.floats(0.0, 1e3),
    box=st.none() | st.tuples(st.floats(0, 10), st.floats(0, 10), st.floats(10, 20), st.just(10.0)),
    previous=st.none()
    | hnp.arrays(np.float32, (4, 5), elements=st.floats(-30, 30, width=32)),
    window=st.floats(1e-3, 1e5),
    level=finite,
)  # fmt: skip
def test_a_request_arrives_with_the_same_bits(points, sigma_px, box, previous, window, level):
    labels = np.arange(len(points)) % 2 ^ 1
    prompts = PromptSet(points, labels, box, sigma_px, previous)
    request = SegmentRequest(123, OBLIQUE, window, level, prompts)
    received = sent(request)
    assert (received.number, received.window, received.level) == (123, window, level)
    assert received.prompts.sigma_px == sigma_px
    for name in ("points_image_uv", "labels", "box_image_uv", "previous"):
        before, after = getattr(prompts, name), getattr(received.prompts, name)
        assert (before is None and after is None) or same_bits(before, after)


def test_a_request_brings_the_mask_that_it_corrects():
    mask = np.arange(63).reshape(7, 9) % 5 == 0
    received = sent(replace(look(1), refines=PlaneMask(OBLIQUE, mask)))
    assert same_bits(received.refines.mask, mask)
    assert sent(look(1)).refines is None


def test_a_request_with_a_box_alone_arrives():
    request = look(1, points_image_uv=np.empty((0, 2)), labels=[], box_image_uv=(1, 2, 3, 4))
    assert sent(request).prompts.points_image_uv.shape == (0, 2)


@given(
    st.integers(1, 4).flatmap(
        lambda count: st.tuples(
            hnp.arrays(
                np.float32,
                st.tuples(st.just(count), st.integers(1, 9), st.integers(1, 9)),
                elements=st.floats(width=32),
            ),
            hnp.arrays(np.float32, count, elements=st.floats(0, 1, width=32)),
            st.none() | hnp.arrays(np.float32, (count, 3, 2), elements=st.floats(width=32)),
        )
    )
)
def test_an_answer_arrives_with_the_same_masks_scores_and_low_resolution_masks(parts):
    candidates = MaskCandidates(*parts)
    received = sent(SegmentAnswer(5, candidates, 0.25, 12.0))
    assert (received.number, received.embed_ms, received.decode_ms) == (5, 0.25, 12.0)
    for index in range(len(candidates)):
        np.testing.assert_array_equal(
            received.candidates.mask(index), candidates.mask(index), strict=True
        )
    assert received.candidates.logits.dtype == np.int8
    assert same_bits(received.candidates.scores, candidates.scores)
    low_res = candidates.low_res
    if low_res is None:
        assert received.candidates.low_res is None
    else:
        assert same_bits(received.candidates.low_res, low_res)


masks = hnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


@given(st.lists(masks, min_size=1, max_size=3), st.booleans())
def test_a_propagation_is_asked_for_with_the_same_bits(seeds, whole):
    order = Propagate(3, tuple(PlaneMask(OBLIQUE, mask) for mask in seeds), 400.0, 40.5, whole)
    received = sent(order)
    assert (received.number, received.window, received.level) == (3, 400.0, 40.5)
    assert received.whole is whole
    assert len(received.seeds) == len(seeds)
    for seed, mask in zip(received.seeds, seeds, strict=True):
        assert same_bits(seed.mask, mask)
        assert seed.plane.key() == OBLIQUE.key()


@given(masks)
def test_a_propagated_slice_arrives_with_the_same_bits(mask):
    received = sent(Propagated(4, PlaneMask(OBLIQUE, mask), -1, 0.25))
    assert (received.number, received.direction, received.confidence) == (4, -1, 0.25)
    assert same_bits(received.found.mask, mask)
    assert received.found.plane.key() == OBLIQUE.key()


@pytest.mark.parametrize("shapes", [[], [[4, 4], [4, 4]], [[4]], [[3, 4]], [4, 4]])
def test_a_propagated_slice_is_about_one_mask(shapes):
    (message,) = FrameDecoder().feed(
        frame(Propagated(1, PlaneMask(OBLIQUE, np.ones((4, 4), dtype=bool)), 1, 1.0))
    )
    message.fields["shapes"] = shapes
    with pytest.raises(ProtocolError):
        parse(message)


sides = st.integers(0, 10_000)
views = st.builds(
    ViewAhead, st.just(OBLIQUE), st.floats(1e-3, 100.0), sides, sides, st.integers(-1, 1)
)


@given(st.lists(views, max_size=4), st.booleans())
def test_a_look_ahead_arrives_with_the_same_bits(views, paused):
    received = sent(LookAhead(9, tuple(views), 400.0, 40.0, paused))
    assert (received.number, received.window, received.level) == (9, 400.0, 40.0)
    assert received.paused is paused
    assert len(received.views) == len(views)
    for view, expected in zip(received.views, views, strict=True):
        assert dataclasses.astuple(replace(view, plane=None)) == dataclasses.astuple(
            replace(expected, plane=None)
        )
        assert same_bits(view.plane.origin_local_ras, OBLIQUE.origin_local_ras)
        assert same_bits(view.plane.column_direction, OBLIQUE.column_direction)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("planes", np.zeros((1, 4, 2))),
        ("planes", np.zeros((2, 4, 3))),
        ("steps", np.zeros(1)),
        ("steps", np.array([np.inf])),
        ("steps", np.ones(2)),
        ("counts", np.array([[-1, 0, 0]])),
        ("counts", np.array([[0, 1 << 40, 0]])),
        ("counts", np.array([[1, 1, 2]])),
        ("counts", np.array([[1, 1]])),
        ("counts", None),
    ],
    ids=str,
)
def test_views_that_have_no_neighbours_are_refused(name, values):
    (message,) = FrameDecoder().feed(
        frame(LookAhead(1, (ViewAhead(OBLIQUE, 1.0, 2, 2),), 400.0, 40.0))
    )
    if values is None:
        del message.arrays[name]
    else:
        message.arrays[name] = values
    with pytest.raises(GazeSAMError):
        parse(message)


def test_a_full_size_answer_is_small_on_the_pipe():
    logits = np.full((3, 1024, 1024), 1.0, dtype=np.float32)
    answer = SegmentAnswer(1, MaskCandidates(logits, np.ones(3, dtype=np.float32)), 0.0, 0.0)
    assert len(frame(answer)) < 400_000


json_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
json_trees = st.recursive(json_values, lambda inner: st.lists(inner, max_size=4), max_leaves=6)
array_names = (
    "plane",
    "points",
    "labels",
    "box",
    "previous",
    "inside",
    "plane0",
    "box0",
    "inside0",
    "scores",
    "low_res",
    "data",
    "planes",
    "steps",
    "counts",
)
any_array = hnp.arrays(
    st.sampled_from(["|u1", "<i8", "<f4", "<f8"]), hnp.array_shapes(max_dims=4, max_side=4)
)


@given(st.data())
def test_a_message_that_lies_is_one_of_our_errors(data):
    kind = data.draw(st.sampled_from([*KINDS, "unheard of"]))
    names = {"shape", "sigma_px"}
    if kind in KINDS:
        names |= {part.name for part in dataclasses.fields(KINDS[kind])}
    fields = data.draw(st.dictionaries(st.sampled_from(sorted(names)), json_trees, max_size=9))
    arrays = data.draw(st.dictionaries(st.sampled_from(array_names), any_array, max_size=5))
    with suppress(GazeSAMError):
        parse(Message(kind, fields, arrays))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("unheard of", {}),
        ("hello", {"engines": "sam", "version": "1", "pid": 1}),
        ("opened", {"number": 1.5}),
        ("opened", {"number": True}),
        ("use_engine", {"number": 1, "name": "sam", "options": []}),
        ("progress", {"what": "x", "done": 1}),
        ("embedded", {"number": 1, "embed_ms": 10**400}),
        ("decode", {"number": 1, "window": 1, "level": 1, "sigma_px": 0}),
    ],
)
def test_a_message_of_the_wrong_kind_or_type_is_refused(kind, fields):
    with pytest.raises(ProtocolError):
        parse(Message(kind, fields))


@pytest.mark.parametrize("shape", [[1, 1 << 40, 1 << 40], [0, 8, 8], [64], [1, 8, 7], [3, 8, 8]])
def test_mask_bits_must_fit_their_shape(shape):
    with pytest.raises(ProtocolError, match=r"masks cannot have|do not fit|does not lie"):
        parse(an_answer(shape, [0, 8, 0, 8]))


@pytest.mark.parametrize(
    "box", [[0, 8, 0, 9], [-1, 7, 0, 8], [8, 0, 0, 8], [0, 8], [0, 4, 0, 8], [0, 1 << 62, 0, 8]]
)
def test_mask_bits_must_fit_the_box_that_holds_them(box):
    with pytest.raises(ProtocolError, match=r"does not lie|do not fit"):
        parse(an_answer([1, 8, 8], box))


def an_answer(shape, box):
    arrays = {
        "box": np.array(box, dtype=np.int64),
        "inside": np.zeros(8, dtype=np.uint8),
        "scores": np.ones(1, dtype=np.float32),
    }
    return Message(
        "answer", {"number": 1, "embed_ms": 0.0, "decode_ms": 0.0, "shape": shape}, arrays
    )


def test_a_failure_becomes_the_error_that_the_engine_raised():
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, GazeSAMError):
            error = Failure("decode", 1, name, "the sentence").exception()
            assert type(error) is kind
            assert str(error) == "the sentence"


@pytest.mark.parametrize("name", ["KeyError", "__doc__", "__builtins__", ""])
def test_a_failure_of_an_unknown_kind_is_an_engine_error(name):
    assert type(Failure("decode", 1, name, "x").exception()) is errors.EngineError
