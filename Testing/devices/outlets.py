"""How streams in the wild describe themselves, as read in their senders' source.

A channel is (label, eye, type, unit, coordinate system), an empty text where the sender does
not say; `expected` is the channels of x and y by eye, and the unit.
"""

from dataclasses import dataclass, field

from GazeSAMLib.gaze.lsl_channels import Eye, Unit


@dataclass(frozen=True)
class WildStream:
    name: str
    type: str
    channels: list[tuple[str, str, str, str, str]]
    expected: dict[Eye, tuple[int, int]]
    unit: Unit
    valid: dict[Eye, int] = field(default_factory=dict)
    pupil: dict[Eye, int] = field(default_factory=dict)


def _tobii_pro_connector():
    rows = []
    for eye in ("left", "right"):
        rows += [
            (f"{eye}_x", eye, "ScreenX", "screencoords", ""),
            (f"{eye}_y", eye, "ScreenY", "screencoords", ""),
            (f"{eye}_pupil", eye, "pupilsize", "", ""),
        ]
    return rows


def _titta():
    rows = []
    for eye in ("left", "right"):
        end = f"{eye}_eye"
        rows += [(f"{a}.position_on_display_area.gaze_point.{end}", eye, f"Screen{a.upper()}",
                  "normalized", "") for a in "xy"]  # fmt: skip
        rows += [(f"{a}.position_in_user_coordinates.gaze_point.{end}", eye,
                  f"Intersection{a.upper()}", "mm", "") for a in "xyz"]  # fmt: skip
        for what in ("gaze_point", "pupil", "gaze_origin"):
            if what == "pupil":
                rows.append((f"diameter.pupil.{end}", eye, "Diameter", "mm", ""))
            rows.append((f"valid.{what}.{end}", eye, "ValidFlag", "bool", ""))
            rows.append((f"available.{what}.{end}", eye, "AvailableFlag", "bool", ""))
        rows += [(f"{a}.position_in_track_box_coordinates.gaze_origin.{end}", eye,
                  f"Pupil{a.upper()}", "normalized", "") for a in "xyz"]  # fmt: skip
    return rows


def _eyelink():
    labels = "leftEyeX leftEyeY rightEyeX rightEyeY leftPupilArea rightPupilArea"
    labels += " pixelsPerDegreeX pixelsPerDegreeY eyelink_timestamp LSL_timestamp"
    return [(label, "", "eyetracking", "", "") for label in labels.split()]


def _smi():
    rows = [
        (f"Screen_{axis}_{eye}", eye, f"Screen{axis}", "pixels", "")
        for eye in ("left", "right")
        for axis in "XY"
    ]
    return rows + [(f"Diameter_{eye}", eye, "Diameter", "mm", "") for eye in ("left", "right")]


def _smi_ng():
    both = [(f"Screen_{axis}_both", "both", f"Screen{axis}", "pixels", "") for axis in "XY"]
    return both + _smi()


def _gazepoint():
    units = {"FPOGX": "percent", "FPOGY": "percent", "FPOGS": "seconds", "FPOGD": "seconds",
             "FPOGID": "integer", "FPOGV": "boolean"}  # fmt: skip
    return [(label, "", "gaze", unit, "") for label, unit in units.items()]


def pupil_capture():
    rows = [("confidence", "both", "Confidence", "normalized", "")]
    rows += [(f"norm_pos_{a}", "both", f"Screen{a.upper()}", "normalized", "world") for a in "xy"]
    return [*rows, ("diameter0_3d", "right", "Diameter", "mm", "eye0")]


TWO_EYES = {Eye.LEFT: (0, 1), Eye.RIGHT: (2, 3)}
WILD = [
    WildStream("Tobii", "Eyetracker", _tobii_pro_connector(), {Eye.LEFT: (0, 1), Eye.RIGHT: (3, 4)},
               Unit.FRACTION, pupil={Eye.LEFT: 2, Eye.RIGHT: 5}),
    WildStream("TobiiStreamEngine", "gaze", [("", "", "", "", "")] * 2, {Eye.BOTH: (0, 1)},
               Unit.FRACTION),
    WildStream("Tobii_gaze", "Gaze", _titta(), {Eye.LEFT: (0, 1), Eye.RIGHT: (15, 16)},
               Unit.FRACTION, {Eye.LEFT: 5, Eye.RIGHT: 20}, {Eye.LEFT: 7, Eye.RIGHT: 22}),
    WildStream("EyeLink", "Gaze", _eyelink(), TWO_EYES, Unit.PIXELS),
    WildStream("iViewX", "Gaze", _smi(), TWO_EYES, Unit.PIXELS,
               pupil={Eye.LEFT: 4, Eye.RIGHT: 5}),
    WildStream("iViewNG-Gaze", "Gaze", _smi_ng(), {Eye.LEFT: (2, 3), Eye.RIGHT: (4, 5)},
               Unit.PIXELS, pupil={Eye.LEFT: 6, Eye.RIGHT: 7}),
    WildStream("GazepointEyeTracker", "gaze", _gazepoint(), {Eye.BOTH: (0, 1)}, Unit.FRACTION,
               {Eye.BOTH: 5}),
]  # fmt: skip
