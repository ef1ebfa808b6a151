"""Recordings as other programs write them, made from one of GazeSAM's."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.sample import EyeSample

START_NS = 5_000_000_000


def message(event: Event) -> str:
    return f"gazesam {event.kind} {json.dumps(dict(event.details))}"


def write_tobii(
    path: Path,
    recording: Recording,
    *,
    time: tuple[str, float] = ("Recording timestamp [ms]", 1e6),
    unit: tuple[str, str] = (" [DACS px]", " [mm]"),
    comma: bool = False,
) -> Path:
    """As Tobii Pro Lab exports: one file, events in lines of their own, gaze in pixels."""
    header, (coordinate, pupil) = recording.header, unit
    titles = [
        time[0], "Sensor", "Participant name", "Recording resolution height",
        "Recording resolution width", "Event", "Event value",
        *(f"Gaze point {s} {a}{coordinate}" for s in ("left", "right") for a in "XY"),
        f"Pupil diameter left{pupil}", f"Pupil diameter right{pupil}",
        "Validity left", "Validity right", "Eye position left Z [DACS mm]",
        "Eye position right Z [DACS mm]",
    ]  # fmt: skip
    size = (header.display_width_px, header.display_height_px)
    shown = [f"{size[1]:.0f}", f"{size[0]:.0f}"]

    def number(value: float, decimals: int) -> str:
        text = "" if value != value else f"{value:.{decimals}f}"
        return text.replace(".", ",") if comma else text

    def eye_cells(eye: EyeSample | None) -> list[str]:
        if eye is None or not eye.valid:
            return ["", ""]
        return [number(v * n, 3) for v, n in zip(eye.point_display, size, strict=True)]

    first_ns = recording.samples[0].t_ns
    rows = []
    for item in recording.merged():
        t = number((item.t_ns - first_ns + START_NS) / time[1], 4)
        if isinstance(item, Event):
            blank = [""] * 10
            rows.append([t, "", "Doe^Jane", *shown, "TextEvent", message(item), *blank])
            continue
        eyes = [item.left, item.right]
        rows.append([
            t, "Eye Tracker", "Doe^Jane", *shown, "", "",
            *eye_cells(item.left), *eye_cells(item.right),
            *(number(eye.pupil_mm or float("nan"), 3) if eye else "" for eye in eyes),
            *("Valid" if eye is not None and eye.valid else "Invalid" for eye in eyes),
            *(number(header.distance_mm, 1) for _ in eyes),
        ])  # fmt: skip
        rows.append([t, "Mouse", "Doe^Jane", *shown, *[""] * 12])
    lines = ["\t".join(row) for row in (titles, *rows)]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig")
    return path


def write_eyelink(path: Path, recording: Recording, eyes: Sequence[str] = ("L", "R")) -> Path:
    """As SR Research's edf2asc writes: lines by kind, pixels with a decimal, lost eyes as dots."""
    header = recording.header
    right_px, bottom_px = header.display_width_px - 1, header.display_height_px - 1
    sides = "\t".join({"L": "LEFT", "R": "RIGHT"}[eye] for eye in eyes)
    lines = [
        "** CONVERTED FROM READER.EDF using edfapi 4.2.1 Linux",
        "** TYPE: EDF_FILE BINARY EVENT SAMPLE TAGGED",
        "** EYELINK II CL v6.12 Feb  1 2018 (EyeLink Portable Duo)",
        "**",
        f"MSG\t5000 DISPLAY_COORDS 0 0 {right_px:.0f} {bottom_px:.0f}",
        "MSG\t5000 !CAL VALIDATION HV9 LR LEFT  GOOD ERROR 0.38 avg. 0.70 max",
        f"START\t5000 \t{sides}\tSAMPLES\tEVENTS",
        "PUPIL\tAREA",
        f"SAMPLES\tGAZE\t{sides}\tRATE\t1000.00\tTRACKING\tCR\tFILTER\t2",
    ]
    first_ns = recording.samples[0].t_ns
    for item in recording.merged():
        t = f"{(item.t_ns - first_ns + START_NS) / 1e6:.0f}"
        if isinstance(item, Event):
            lines.append(f"MSG\t{t} {message(item)}")
            continue
        cells = []
        for name in eyes:
            eye = item.left if name == "L" else item.right
            if eye is None or not eye.valid:
                cells += ["   .", "   .", "    0.0"]
            else:
                x, y = eye.point_display
                x_px, y_px = x * (right_px + 1) - 0.5, y * (bottom_px + 1) - 0.5
                cells += [f" {x_px:.1f}", f" {y_px:.1f}", " 288.0"]
        lines.append("\t".join([t, *cells, "....."]))
    lines.append(f"END\t{t} \tSAMPLES\tEVENTS\tRES\t  47.75\t  45.92")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


Writer = Callable[[Path, Recording], Path]
