"""Bytes of the Open Gaze API to samples, however they are cut and whatever is among them."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.opengaze_records import LONGEST_RECORD, OpenGazeParser
from GazeSAMLib.gaze.sample import EyeSample

# As printed in Gazepoint's manual, with the fields that GazeSAM enables.
RECORD = (
    b'<REC CNT="1484" TIME="5.01366" LPOGX="0.48439" LPOGY="0.50313" LPOGV="1" '
    b'RPOGX="0.49000" RPOGY="0.51000" RPOGV="0" BPOGX="0.48439" BPOGY="0.50313" BPOGV="1" '
    b'LPMM="3.10000" LPMMV="1" RPMM="0.00000" RPMMV="0" />\r\n'
)
BEST_ONLY = b'<REC TIME="5.02" BPOGX="0.25" BPOGY="0.75" BPOGV="1" />\r\n'


def record(number: int) -> bytes:
    return RECORD.replace(b"5.01366", f"{5 + number / 60:.5f}".encode())


def test_a_record_becomes_a_sample_of_both_eyes() -> None:
    (sample,) = OpenGazeParser().feed(RECORD, 7_000)
    assert sample.t_ns == 7_000
    assert sample.device_t_ns == 5_013_660_000
    assert sample.left == EyeSample(DisplayPoint(0.48439, 0.50313), True, 3.1)
    assert sample.right is not None
    assert not sample.right.valid
    assert math.isnan(sample.right.point_display.x)


def test_the_mean_of_both_eyes_stands_for_them_where_there_is_no_other() -> None:
    (sample,) = OpenGazeParser().feed(BEST_ONLY, 0)
    assert sample.left == sample.right == EyeSample(DisplayPoint(0.25, 0.75), True)


def test_fields_may_come_and_go() -> None:
    parser = OpenGazeParser()
    assert len(parser.feed(RECORD + BEST_ONLY + record(3), 0)) == 3


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_records_may_be_cut_anywhere(size: int) -> None:
    data = b"".join(map(record, range(20)))
    parser = OpenGazeParser()
    samples = [
        sample
        for start in range(0, len(data), size)
        for sample in parser.feed(data[start : start + size], 10**9)
    ]
    assert [sample.device_t_ns for sample in samples] == [
        sample.device_t_ns for sample in OpenGazeParser().feed(data, 10**9)
    ]
    assert len(samples) == 20
    assert parser.rejected_count == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b'<REC TIME="nan" LPOGX="0.5" LPOGY="0.5" LPOGV="1" />\r\n',
        b'<REC TIME="1e300" LPOGX="0.5" LPOGY="0.5" LPOGV="1" />\r\n',
        b'<REC LPOGX="0.5" LPOGY="0.5" LPOGV="1" />\r\n',
        b'<REC TIME="5.0" CNT="3" />\r\n',
        b'<REC TIME="5.0" LPOGX="0.5"\r\n',
        b'<!DOCTYPE a [<!ENTITY b "b">]><REC TIME="&b;" />\r\n',
        b"\xff\xfe\x00\x80\r\n",
    ],
)
def test_garbage_is_left_out_and_counted(garbage: bytes) -> None:
    parser = OpenGazeParser()
    assert len(parser.feed(record(0) + garbage + record(1), 0)) == 2
    assert parser.rejected_count == 1
    assert parser.record_count == 2


@pytest.mark.parametrize("size", [1_000, LONGEST_RECORD + 1])
def test_a_huge_record_costs_no_memory_and_only_itself(size: int) -> None:
    parser = OpenGazeParser()
    parser.feed(record(0) + b'<REC TIME="', 0)
    for _ in range(300):
        assert parser.feed(b"1" * size, 0) == []
        assert len(parser._rest) <= LONGEST_RECORD
    assert len(parser.feed(b'" />\r\n' + record(1), 0)) == 1
    assert parser.rejected_count == 1


@pytest.mark.parametrize("value", ["nan", "inf", "-", "1_0", "1e999", "\u0661", ""])
def test_what_is_no_number_is_no_valid_eye(value: str) -> None:
    line = f'<REC TIME="1.5" LPOGX="{value}" LPOGY="0.5" LPOGV="1" />\r\n'.encode()
    (sample,) = OpenGazeParser().feed(line, 0)
    assert sample.left is not None
    assert not sample.left.valid


def test_answers_tell_the_tracker() -> None:
    parser = OpenGazeParser()
    parser.feed(b'<ACK ID="PRODUCT_ID" VALUE="GP3HD" BUS="USB3" RATE="150" />\r\n', 0)
    parser.feed(b'<ACK ID="SERIAL_ID" VALUE="1234567" />\r\n<ACK ID="X" />\r\n', 0)
    assert (parser.tracker.model, parser.tracker.serial) == ("GP3HD", "1234567")
    assert parser.tracker.rate_hz == 150.0


FRAGMENTS = st.sampled_from(
    [RECORD, BEST_ONLY, b"<REC ", b"/>", b"\r\n", b"\n", b'TIME="', b'"', b'LPOGX="9e9"', b"\x00"]
)


@settings(deadline=None, max_examples=400)
@given(st.lists(st.one_of(st.binary(max_size=60), FRAGMENTS), max_size=30))
@example([b"\n" * 10, b"\r\n" * 10, RECORD[:-1]])
def test_any_bytes_give_samples_whose_times_rise_and_valid_eyes_a_place(
    pieces: list[bytes],
) -> None:
    parser = OpenGazeParser()
    samples = [sample for i, piece in enumerate(pieces) for sample in parser.feed(piece, i)]
    times = [sample.t_ns for sample in samples]
    assert times == sorted(set(times))
    for sample in samples:
        for eye in (sample.left, sample.right):
            assert eye is None or eye.valid == all(map(math.isfinite, eye.point_display))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.binary(max_size=200).filter(lambda junk: b"\n" not in junk), max_size=5))
def test_after_any_garbage_a_whole_record_is_understood(junk: list[bytes]) -> None:
    parser = OpenGazeParser()
    for piece in junk:
        parser.feed(piece, 0)
    parser.feed(b"\r\n", 0)
    assert len(parser.feed(record(0), 0)) == 1
