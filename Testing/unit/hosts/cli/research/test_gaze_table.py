"""The columns of a recording, against the session's own way of a sample."""

import math

import numpy as np
import pytest

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.geometry.shown_slices import ShownSlices
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.hosts.cli.research.columns import MEANINGS
from GazeSAMLib.hosts.cli.research.gaze_table import NO_TIME, gaze_table
from GazeSAMLib.session import GazeSession, SessionOptions
from GazeSAMLib.signals.chain import SignalOptions
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.types import FixationPhase
from GazeSAMLib.signals.validity import merged_eyes


def test_every_column_is_explained(table) -> None:
    assert set(table.columns) == set(MEANINGS)
    assert {len(column) for column in table.columns.values()} == {len(table)}


def test_raw_values_are_those_of_the_recording(table, recording) -> None:
    assert len(table) == len(recording.samples)
    for row, sample in enumerate(recording.samples):
        assert table.columns["t_ns"][row] == sample.t_ns
        assert table.columns["device_t_ns"][row] == (sample.device_t_ns or NO_TIME)
        for side, eye in (("left", sample.left), ("right", sample.right)):
            found = [table.columns[f"{side}_{name}"][row] for name in ("x_display", "y_display")]
            np.testing.assert_array_equal(found, tuple(eye.point_display))
            assert table.columns[f"{side}_valid"][row] == eye.valid


def test_merged_gaze_has_the_offset_taken_out(table, recording) -> None:
    shifts = []
    for row, sample in enumerate(recording.samples):
        point = merged_eyes(sample)
        x = table.columns["x_display"][row]
        assert math.isnan(x) == (point is None)
        if point is not None:
            x_deg, y_deg = table.display.degrees_from_display(point)
            y = table.columns["y_display"][row]
            corrected = table.display.degrees_from_display(DisplayPoint(x, y))
            shifts.append((x_deg - corrected[0], y_deg - corrected[1]))
    np.testing.assert_allclose(shifts, [(0.3, -0.2)] * len(shifts), atol=1e-9)


def test_places_are_those_of_the_sessions_geometry(table, recording, opened) -> None:
    slices, hits = ShownSlices(opened.volume), 0
    rows = {int(t): row for row, t in enumerate(table.columns["t_ns"])}
    for item in recording.merged():
        if isinstance(item, Event):
            if item.kind == "view":
                slices.show(SliceView.from_details(item.details))
            continue
        row = rows[item.t_ns]
        x, y = (table.columns[f"{axis}_filtered_display"][row] for axis in "xy")
        if math.isnan(x):
            assert table.columns["view"][row] == ""
            continue
        on_screen = table.display.screen_from_display(DisplayPoint(x, y))
        hit = slices.locate(on_screen)
        if hit is None:
            continue
        hits += 1
        at_ijk = opened.volume.ijk_from_point(hit.point_local_ras)
        got = [table.columns[name][row] for name in ("r_mm", "a_mm", "s_mm", "i", "j", "k")]
        np.testing.assert_allclose(got, (*hit.point_local_ras, *at_ijk), atol=1e-6)
        in_view = hit.view.layout.view_from_screen(on_screen)
        got = [table.columns[name][row] for name in ("x_view", "y_view")]
        np.testing.assert_allclose(got, tuple(in_view), atol=1e-6)
        assert table.columns["view"][row] == hit.view.name
        offset_mm = table.columns["slice_offset_mm"][row]
        along = hit.plane.normal @ np.array(tuple(hit.point_local_ras))
        assert abs(along) == pytest.approx(abs(offset_mm), abs=1e-6)
    assert hits > 300


def test_fixations_are_those_of_the_session(table, recording, opened) -> None:
    signals = SignalOptions(drift=DriftCorrection(recording.header.offset_deg))
    session = GazeSession(opened.volume, table.display, None, None, SessionOptions(signals=signals))
    ended = []
    for item in recording.merged():
        if isinstance(item, Event):
            if item.kind == "view":
                session.handle(item)
            continue
        update = session.add_sample(item).fixation
        if update is not None and update.phase is FixationPhase.ENDED:
            ended.append(update.fixation)
    # The session drops what a new slice ends; the table keeps it.
    assert len(ended) >= 3
    assert set(ended) <= set(table.fixations)


def test_samples_carry_the_number_of_their_fixation(table) -> None:
    t_ns, numbers = table.columns["t_ns"], table.columns["fixation"]
    for number, fixation in enumerate(table.fixations, start=1):
        inside = (t_ns >= fixation.start_ns) & (t_ns <= fixation.end_ns)
        assert (numbers[inside] == number).all()
    assert (numbers == 0).any()


def test_without_the_scan_there_are_positions_but_no_voxels(recording, table) -> None:
    alone = gaze_table(recording)
    assert np.isnan(alone.columns["i"]).all()
    np.testing.assert_array_equal(alone.columns["r_mm"], table.columns["r_mm"])
    assert np.isfinite(alone.columns["r_mm"]).sum() > 300
