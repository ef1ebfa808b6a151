"""From a stream's values to gaze samples."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GazeSAMLib.errors import TrackerError
from GazeSAMLib.gaze.lsl_channels import ChannelMap, Eye, EyeChannels, Unit
from GazeSAMLib.gaze.lsl_decoder import SampleDecoder, TrackedDisplay
from GazeSAMLib.gaze.lsl_description import Channel, StreamDescription
from GazeSAMLib.signals.validity import merged_eyes
from Testing.simulated_gaze import DISPLAY

TRACKED = TrackedDisplay((1920.0, 1080.0), (531.0, 299.0), 650.0)
BOTH = {Eye.BOTH: EyeChannels(0, 1)}


def stream(count: int, display_px=None) -> StreamDescription:
    return StreamDescription("t", "Gaze", "", "", None, (Channel(),) * count, display_px=display_px)


def decode(values, channel_map, display=TRACKED, display_px=None):
    return SampleDecoder(stream(len(values), display_px), channel_map, display).sample(values, 7)


def test_fractions_pass_unchanged_and_one_point_stands_for_both_eyes() -> None:
    sample = decode([0.25, 1.5], ChannelMap(BOTH, Unit.FRACTION), None)
    assert sample.left is sample.right
    assert (sample.t_ns, sample.left.point_display.x, sample.left.point_display.y) == (7, 0.25, 1.5)
    assert sample.left.valid


def test_y_that_grows_upwards_is_turned() -> None:
    point = decode([0.25, 0.25], ChannelMap(BOTH, Unit.FRACTION, y_up=True)).left.point_display
    assert (point.x, point.y) == (0.25, 0.75)


def test_pixels_are_counted_on_the_display_that_the_stream_tells() -> None:
    channel_map = ChannelMap(BOTH, Unit.PIXELS)
    assert decode([960.0, 270.0], channel_map).left.point_display.x == 0.5
    assert (
        decode([960.0, 270.0], channel_map, display_px=(3840.0, 2160.0)).left.point_display.x
        == 0.25
    )


@given(st.floats(-40, 40), st.floats(-40, 40))
def test_degrees_are_those_of_the_display_geometry(x_deg: float, y_deg: float) -> None:
    point = decode([x_deg, y_deg], ChannelMap(BOTH, Unit.DEGREES)).left.point_display
    expected = DISPLAY.display_from_degrees(x_deg, y_deg)
    assert (point.x, point.y) == pytest.approx((expected.x, expected.y), rel=1e-12)


@pytest.mark.parametrize("unit", [Unit.PIXELS, Unit.DEGREES])
def test_a_display_that_is_needed_is_asked_for(unit: Unit) -> None:
    with pytest.raises(TrackerError, match="say"):
        decode([0.5, 0.5], ChannelMap(BOTH, unit), None)


@pytest.mark.parametrize(
    "lost", [(0.0, 0.0), (-32768.0, -32768.0), (math.nan, 5.0), (math.inf, 5.0)]
)
def test_pixels_that_mean_a_lost_eye_do_not_count(lost) -> None:
    assert merged_eyes(decode(list(lost), ChannelMap(BOTH, Unit.PIXELS))) is None


def test_confidence_decides_where_there_is_one() -> None:
    channel_map = ChannelMap({Eye.LEFT: EyeChannels(0, 1, valid=2)}, Unit.FRACTION)
    valid = [decode([0.5, 0.5, c], channel_map).left.valid for c in (0.0, 0.59, 0.6, 1.0, math.nan)]
    assert valid == [False, False, True, True, False]
    assert decode([0.5, 0.5, 1.0], channel_map).right is None


def test_pupils_are_millimetres_or_unknown() -> None:
    channel_map = ChannelMap({Eye.LEFT: EyeChannels(0, 1, None, 2, 1000.0)}, Unit.FRACTION)
    pupils = [decode([0.5, 0.5, m], channel_map).left.pupil_mm for m in (0.003, 0.0, math.nan, 9.0)]
    assert pupils == [3.0, None, None, None]


def test_the_device_time_is_carried_along() -> None:
    channel_map = ChannelMap(BOTH, Unit.FRACTION, device_time=2, device_time_ns_per_unit=1e3)
    assert decode([0.5, 0.5, 1204411.0], channel_map).device_t_ns == 1_204_411_000
    assert decode([0.5, 0.5, math.nan], channel_map).device_t_ns is None


def test_a_sample_with_another_number_of_values_is_left_out() -> None:
    decoder = SampleDecoder(stream(2), ChannelMap(BOTH, Unit.FRACTION))
    assert decoder.sample([0.5, 0.5, 0.5], 1) is None


@given(st.lists(st.floats(), min_size=4, max_size=4), st.sampled_from(Unit), st.booleans())
def test_no_value_upsets_it(values, unit, y_up) -> None:
    eyes = {Eye.LEFT: EyeChannels(0, 1, 2, 3), Eye.RIGHT: EyeChannels(1, 0)}
    sample = decode(values, ChannelMap(eyes, unit, y_up, 3, 1e9))
    point = merged_eyes(sample)
    assert point is None or (math.isfinite(point.x) and math.isfinite(point.y))
