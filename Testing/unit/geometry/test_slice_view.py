import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from GazeSAMLib.errors import GeometryError
from GazeSAMLib.frames import ViewPoint
from GazeSAMLib.geometry.slice import SliceGeometry
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.view import ViewLayout

angles = st.floats(-180.0, 180.0)


@st.composite
def slice_views(draw):
    width, height = draw(st.integers(50, 2000)), draw(st.integers(50, 2000))
    ratio = draw(st.sampled_from([1.0, 1.25, 1.5, 2.0]))
    layout = ViewLayout(
        draw(st.floats(-4000.0, 4000.0)),
        draw(st.floats(-4000.0, 4000.0)),
        float(width),
        float(height),
        round(width * ratio),
        round(height * ratio),
    )
    matrix = np.eye(4)
    turn = Rotation.from_euler("xyz", draw(st.tuples(angles, angles, angles)), degrees=True)
    matrix[:3, :3] = turn.as_matrix() * draw(st.floats(0.05, 4.0))
    matrix[:3, 3] = draw(st.tuples(*[st.floats(-500.0, 500.0)] * 3))
    return SliceView("Red", layout, SliceGeometry(matrix), draw(st.floats(1.0, 4000.0)), 40.0)


@given(slice_views())
def test_a_view_comes_back_from_its_record(view):
    back = SliceView.from_details(json.loads(json.dumps(view.details())))

    assert (back.name, back.window, back.level) == (view.name, view.window, view.level)
    assert back.layout == view.layout
    # The same plane to the last digit of its key, so a replay asks for the same slice image.
    assert back.geometry.plane.key() == view.geometry.plane.key()
    for x, y in ((0.0, 0.0), (-0.5, 307.5), (1234.0, 99.5)):
        point = tuple(view.geometry.point_from_view(ViewPoint(x, y)))
        assert tuple(back.geometry.point_from_view(ViewPoint(x, y))) == pytest.approx(
            point, abs=1e-9
        )


def details_of_a_view():
    layout = ViewLayout(620.0, 90.0, 318.0, 205.0, 477, 308)
    geometry = SliceGeometry(np.diag((-0.55, 0.55, 1.0, 1.0)))
    return SliceView("Red", layout, geometry, 400.0, 40.0).details()


def test_a_record_says_what_a_reader_would_want_to_know():
    details = details_of_a_view()

    assert details["rectangle_screen_px"] == [620.0, 90.0, 318.0, 205.0]
    assert details["pixel_ratio"] == [1.5, pytest.approx(308 / 205)]
    assert details["field_of_view_mm"] == pytest.approx([477 * 0.55, 308 * 0.55])
    assert details["plane"]["row_direction"] == pytest.approx([-1.0, 0.0, 0.0])
    assert details["plane"]["column_direction"] == pytest.approx([0.0, -1.0, 0.0])


@pytest.mark.parametrize("missing", sorted(details_of_a_view().keys() - {"visible"}))
def test_a_record_that_lacks_a_value_is_refused(missing):
    details = details_of_a_view()
    del details[missing]

    with pytest.raises(GeometryError, match=f"view event is incomplete or malformed.*{missing}"):
        SliceView.from_details(details)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rectangle_screen_px", [0.0, 0.0, 318.0]),
        ("rectangle_screen_px", [0.0, 0.0, 0.0, 205.0]),
        ("rectangle_screen_px", [0.0, 0.0, float("inf"), 205.0]),
        ("pixel_ratio", "1.5"),
        ("pixel_ratio", [0.0, 1.0]),
        ("pixel_ratio", [float("nan"), 1.0]),
        ("field_of_view_mm", [0.0, 100.0]),
        ("field_of_view_mm", None),
        ("plane", [1, 2, 3]),
        ("plane", {"origin": [0, 0], "row_direction": [1, 0, 0], "column_direction": [0, 1, 0]}),
        ("window", "wide"),
    ],
)
def test_a_malformed_record_is_refused(key, value):
    details = details_of_a_view() | {key: value}

    with pytest.raises(GeometryError):
        SliceView.from_details(details)
