"""Write a recording as eye tracking of a BIDS dataset.

References
----------
The Brain Imaging Data Structure, version 1.11: "Physiological recordings" (eye tracking) and
"Behavioral experiments".
"""

import gzip
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from GazeSAMLib import __version__
from GazeSAMLib.errors import OutputError
from GazeSAMLib.gaze.bids_files import DATASET_FILE
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.hosts.cli.research.columns import MEANINGS
from GazeSAMLib.hosts.cli.research.gaze_table import NO_TIME, Column, GazeTable
from GazeSAMLib.scans.atomic import replacing

BIDS_VERSION: Final = "1.11.0"
MISSING: Final = "n/a"
EYES: Final = {"eye1": "left", "eye2": "right", "eye3": "cyclopean"}
_LABEL = re.compile(r"[A-Za-z0-9]+")
_README = """\
# Gaze while reading medical images

Recorded with GazeSAM (https://github.com/GazeSAM/SlicerGazeSAM) and exported by it. Files named
recording-eye1 hold the left eye, recording-eye2 the right one, recording-eye3 both merged, filtered
and placed on the slices that were shown. Times are those of the recording machine's monotonic
clock. The scan is named by its digest alone.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """How a run is called in the dataset.

    Attributes
    ----------
    subject, task : str
        Labels: letters and digits.
    session : str
        Label, or empty.

    Raises
    ------
    OutputError
        If a label holds other characters.
    """

    subject: str = "01"
    task: str = "reading"
    session: str = ""

    def __post_init__(self) -> None:
        for label in (self.subject, self.task, *([self.session] if self.session else [])):
            if not _LABEL.fullmatch(label):
                raise OutputError(f"{label!r} is no BIDS label: use letters and digits alone")

    @property
    def folder(self) -> Path:
        """The run's folder in the dataset."""
        session = [f"ses-{self.session}"] if self.session else []
        return Path(f"sub-{self.subject}", *session, "beh")

    @property
    def stem(self) -> str:
        """How all its files begin."""
        session = f"_ses-{self.session}" if self.session else ""
        return f"sub-{self.subject}{session}_task-{self.task}"


def write_bids(folder: Path, recording: Recording, table: GazeTable, run: Run) -> list[Path]:
    """Write a recording's run into a dataset, which is begun where there is none.

    Parameters
    ----------
    folder : Path
        The dataset's.
    recording : Recording
        The recording.
    table : GazeTable
        Made of it.
    run : Run
        How it is called.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    into = folder / run.folder
    try:
        into.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder {into} cannot be made: {error.strerror}") from error
    texts: dict[Path, str] = {}
    if not (folder / DATASET_FILE).exists():
        texts[folder / DATASET_FILE] = _json(_dataset("raw"))
        texts[folder / "README.md"] = _README
    for name, side in EYES.items():
        columns = _eye_columns(table, side)
        if columns is None:
            continue
        stem = f"{run.stem}_recording-{name}"
        texts[into / f"{stem}_physio.tsv.gz"] = _rows(columns)
        texts[into / f"{stem}_physio.json"] = _json(_physio(recording, table, side, columns, run))
        if side == "cyclopean":
            texts[into / f"{stem}_physioevents.tsv.gz"] = _physio_events(recording, table)
            texts[into / f"{stem}_physioevents.json"] = _json(_PHYSIO_EVENTS)
    texts[into / f"{run.stem}_events.tsv"] = _events(recording)
    texts[into / f"{run.stem}_events.json"] = _json(_events_sidecar(recording, run))
    return _write(texts)


def begin_derivatives(folder: Path) -> list[Path]:
    """Describe ``derivatives/gazesam`` of a dataset as one of its own; return what was written.

    Raises
    ------
    OutputError
        If it cannot be written; the folder must be there.
    """
    path = folder / "derivatives" / "gazesam" / DATASET_FILE
    return [] if path.exists() else _write({path: _json(_dataset("derivative"))})


def _dataset(kind: str) -> dict[str, Any]:
    return {
        "Name": "Gaze while reading medical images",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": kind,
        "GeneratedBy": [{"Name": "GazeSAM", "Version": __version__}],
    }


def _write(texts: Mapping[Path, str]) -> list[Path]:
    for path, text in texts.items():
        with replacing(path) as beside:
            beside.write_bytes(_packed(text) if path.name.endswith(".gz") else text.encode())
    return list(texts)


def _eye_columns(table: GazeTable, side: str) -> dict[str, Column] | None:
    """Return the columns of one file by their BIDS names; None where there is no such eye."""
    known, display = table.columns, table.display
    size_px = (display.width_px, display.height_px)
    time = {"timestamp": known["t_ns"]}
    if side == "cyclopean":
        x, y = (known[f"{axis}_display"] * n for axis, n in zip("xy", size_px, strict=True))
        further = [n for n in known if n != "t_ns" and not n.startswith(("left_", "right_"))]
        return time | {"x_coordinate": x, "y_coordinate": y} | {n: known[n] for n in further}
    if not np.isfinite(known[f"{side}_valid"]).any():
        return None
    own = {name: known[f"{side}_{name}"] for name in ("x_display", "y_display", "valid")}
    x, y = (
        np.where(own["valid"] == 1.0, own[f"{axis}_display"] * n, np.nan)
        for axis, n in zip("xy", size_px, strict=True)
    )
    return (
        time
        | {"x_coordinate": x, "y_coordinate": y, "pupil_size": known[f"{side}_pupil_mm"]}
        | own
        | {"device_t_ns": known["device_t_ns"]}
    )


def _physio(
    recording: Recording, table: GazeTable, side: str, columns: Mapping[str, Column], run: Run
) -> dict[str, Any]:
    header, t_ns = recording.header, table.columns["t_ns"]
    measured_hz = 1e9 / float(np.median(np.diff(t_ns))) if len(t_ns) > 1 else 1.0
    values: dict[str, Any] = {
        "TaskName": run.task,
        "SamplingFrequency": header.tracker.rate_hz or round(measured_hz, 3),
        "StartTime": 0,
        "Columns": list(columns),
        "PhysioType": "eyetrack",
        "RecordedEye": side,
        "SampleCoordinateSystem": "gaze-on-screen",
        "Manufacturer": header.tracker.name,
        "SoftwareVersions": header.software_version or f"GazeSAM {__version__}",
        "timestamp": {"Description": MEANINGS["t_ns"][0], "Units": "ns"},
        "x_coordinate": {"Description": "From the display's left edge", "Units": "pixel"},
        "y_coordinate": {"Description": "From the display's top edge, down", "Units": "pixel"},
        "pupil_size": {"Description": "Pupil diameter", "Units": "mm"},
    }
    told = {
        "ManufacturersModelName": header.tracker.model,
        "DeviceSerialNumber": header.tracker.serial,
        "ScanDigest": header.scan_digest,
        "GazeOffsetDegrees": header.offset_deg and list(header.offset_deg),
        "PrecisionRmsDegrees": header.precision_rms_deg,
    }
    values |= {name: value for name, value in told.items() if value}
    if header.offset_deg:
        values["AverageCalibrationError"] = round(math.hypot(*header.offset_deg), 4)
    if side == "cyclopean":
        values["RawDataFilters"] = "One-Euro filter in the columns named filtered"
        del values["pupil_size"]
    for name in columns:
        meaning, unit = MEANINGS.get(f"{side}_{name}") or MEANINGS.get(name) or ("", "")
        if name not in values and meaning:
            values[name] = {"Description": meaning} | ({"Units": unit} if unit else {})
    return values


_PHYSIO_EVENTS: Final = {
    "Columns": ["onset", "duration", "trial_type", "message"],
    "Description": "Keys, views and pauses of the reader; fixations as GazeSAM found them",
    "OnsetSource": "timestamp",
    "onset": {"Description": "On the clock of the column timestamp", "Units": "ns"},
    "duration": {"Description": "Of a fixation", "Units": "s"},
    "trial_type": {"Description": "An event of GazeSAM (docs/recording.md), or fixation"},
    "message": {"Description": "Details of the event, JSON"},
}


def _physio_events(recording: Recording, table: GazeTable) -> str:
    rows = [(e.t_ns, MISSING, str(e.kind), _details(e.details)) for e in recording.events]
    for number, fixation in enumerate(table.fixations, start=1):
        details = {
            "fixation": number,
            "x_display": round(fixation.centre_display.x, 6),
            "y_display": round(fixation.centre_display.y, 6),
            "spread_deg": round(fixation.spread_deg, 4),
        }
        seconds = f"{fixation.duration_ms / 1e3:.6f}"
        rows.append((fixation.start_ns, seconds, "fixation", _details(details)))
    return "".join("\t".join(map(str, row)) + "\n" for row in sorted(rows, key=lambda r: r[0]))


def _events(recording: Recording) -> str:
    """Return the events in seconds from the first sample, as analysis programs want them."""
    first_ns = recording.samples[0].t_ns
    lines = ["onset\tduration\ttrial_type"]
    lines += [f"{(e.t_ns - first_ns) / 1e9:.6f}\t{MISSING}\t{e.kind}" for e in recording.events]
    return "\n".join(lines) + "\n"


def _events_sidecar(recording: Recording, run: Run) -> dict[str, Any]:
    header = recording.header
    return {
        "TaskName": run.task,
        "trial_type": {"Description": "What the reader did; see the physioevents for details"},
        "StimulusPresentation": {
            "ScreenDistance": header.distance_mm / 1000.0,
            "ScreenOrigin": ["top", "left"],
            "ScreenResolution": [round(header.display_width_px), round(header.display_height_px)],
            "ScreenSize": [header.display_width_mm / 1000.0, header.display_height_mm / 1000.0],
            "SoftwareName": "GazeSAM",
            "SoftwareVersion": header.software_version or __version__,
        },
    }


def _rows(columns: Mapping[str, Column]) -> str:
    cells = [_cells(name, values) for name, values in columns.items()]
    return "".join("\t".join(row) + "\n" for row in zip(*cells, strict=True))


def _cells(name: str, values: Column) -> list[str]:
    if name == "device_t_ns":
        return [MISSING if value == NO_TIME else str(value) for value in values.tolist()]
    if name == "valid":
        return [MISSING if value != value else str(int(value)) for value in values.tolist()]
    if values.dtype == object:
        return [str(value) or MISSING for value in values]
    return [MISSING if value != value else f"{value!r}" for value in values.tolist()]


def _details(details: Mapping[str, Any]) -> str:
    return json.dumps(dict(details), separators=(",", ":")) if details else "{}"


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=2) + "\n"


def _packed(text: str) -> bytes:
    packed = io.BytesIO()
    # No time of writing in it: the same recording, the same bytes.
    with gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0) as file:
        file.write(text.encode())
    return packed.getvalue()
