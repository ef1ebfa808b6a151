"""The report: complete, self-contained, and deaf to what names contain."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image

from GazeSAMLib.hosts.cli.report import remarks, report_html
from GazeSAMLib.hosts.cli.timing import Figures
from GazeSAMLib.segmentation.segment import Segment

SHEET = Image.new("RGB", (40, 30))
EMPTY_ELEMENTS = {"meta", "img"}


class Outline(HTMLParser):
    """Which elements there are, whether they are closed, and what they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.seen, self.sources = [], [], []

    def handle_starttag(self, tag, attrs) -> None:
        self.seen.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in EMPTY_ELEMENTS:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_else(done) -> None:
    outline = Outline()
    outline.feed(report_html(done, SHEET))
    assert outline.open == []
    assert "script" not in outline.seen
    (source,) = outline.sources
    assert source.startswith("data:image/png;base64,")


def test_the_page_tells_segments_volumes_timing_and_quality(done) -> None:
    text = re.sub(r"<[^>]+>", " ", report_html(done, SHEET))
    for segment in done.summary.segments:
        assert segment.name in text
        assert f"{segment.volume_ml:.2f} ml" in text
    assert "56 \N{MULTIPLICATION SIGN} 64 \N{MULTIPLICATION SIGN} 24 voxels" in text
    assert f"n = {done.summary.decode_ms.count}" in text
    assert "100.0 %" in text
    assert "not a medical device" in text


def test_names_cannot_break_the_page(done) -> None:
    evil = '<script>alert("x")</script>'
    facts = tuple(replace(segment, name=evil) for segment in done.summary.segments)
    summary = replace(
        done.summary,
        segments=facts,
        scan=replace(done.summary.scan, name=evil, notes=(evil,)),
        notices={evil: 2},
    )
    outline = Outline()
    outline.feed(report_html(replace(done, summary=summary), SHEET))
    assert "script" not in outline.seen


def test_what_stopped_the_replay_stands_in_the_page(done) -> None:
    replayed = replace(done.replayed, cancelled=True)
    summary = replace(done.summary, complete=False)
    page = report_html(replace(done, replayed=replayed, summary=summary), SHEET)
    assert "stopped before the end" in page


def test_remarks_tell_a_notice_with_its_count(done) -> None:
    summary = replace(done.summary, notices={"Nothing to undo.": 3}, notes=("a line is cut off",))
    assert remarks(replace(done, summary=summary)) == [
        "Recording: a line is cut off",
        "Nothing to undo. (3 times)",
    ]


def test_the_summary_as_json_has_no_nan(done) -> None:
    nothing = Figures(float("nan"), float("nan"), 0)
    values = replace(done.summary, embed_ms=nothing).to_json()
    assert values["embed_ms"] == {"median": None, "p95": None, "count": 0}
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_volumes_follow_from_voxels(done) -> None:
    for number, segment in enumerate(done.summary.segments, start=1):
        voxels = int((done.labelmap.labels_kji == number).sum())
        assert segment.voxels == voxels
        assert segment.volume_ml == pytest.approx(voxels * 2.0 * 2.0 * 3.0 / 1000.0)


def test_colours_are_those_of_the_segments(done) -> None:
    segment: Segment = done.labelmap.segments[0]
    told = done.summary.segments[0].color
    assert [int(told[i : i + 2], 16) / 255 for i in (1, 3, 5)] == pytest.approx(
        segment.color_rgb, abs=1 / 255
    )
