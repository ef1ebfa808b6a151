"""The lines of ``samples.tsv`` and ``events.tsv``: one place knows their columns."""

import json
import math
from collections.abc import Sequence
from typing import Any, Never

from GazeSAMLib.frames import DisplayPoint
from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.sample import EyeSample, GazeSample

SAMPLE_COLUMNS = (
    "t_ns", "device_t_ns",
    "left_x_display", "left_y_display", "left_valid", "left_pupil_mm",
    "right_x_display", "right_y_display", "right_valid", "right_pupil_mm",
)  # fmt: skip
EVENT_COLUMNS = ("t_ns", "event", "details")

_MISSING = ("", "n/a", "nan", "NaN")
_TIME_LIMIT_NS = 2**63


def sample_line(sample: GazeSample) -> str:
    """Return the line of a sample, with its line feed; numbers come back exactly."""
    device = "" if sample.device_t_ns is None else int(sample.device_t_ns)
    return f"{int(sample.t_ns)}\t{device}\t{_eye_cells(sample.left)}\t{_eye_cells(sample.right)}\n"


def sample_from_cells(cells: Sequence[str]) -> GazeSample | None:
    """Return the sample of a line, None where the time is missing.

    Raises
    ------
    ValueError
        If a cell is not what its column says.
    """
    if cells[0] in _MISSING:
        return None
    return GazeSample(
        t_ns=_time_ns("t_ns", cells[0]),
        left=_eye("left", cells[2:6]),
        right=_eye("right", cells[6:10]),
        device_t_ns=None if cells[1] in _MISSING else _time_ns("device_t_ns", cells[1]),
    )


def event_line(event: Event) -> str:
    """Return the line of an event, with its line feed.

    Raises
    ------
    ValueError
        If the kind would not fit a cell, or a detail is no JSON value.
    """
    kind = str(event.kind)
    if not kind.isprintable() or kind in _MISSING:
        raise ValueError(f"{kind!r} cannot name an event")
    try:
        details = json.dumps(dict(event.details), allow_nan=False, separators=(",", ":"))
    except (TypeError, RecursionError) as error:
        raise ValueError(f"the details of {kind!r} are no JSON values: {error}") from error
    return f"{int(event.t_ns)}\t{kind}\t{details}\n"


def event_from_cells(cells: Sequence[str]) -> Event | None:
    """Return the event of a line, None where the time is missing.

    Raises
    ------
    ValueError
        If a cell is not what its column says.
    """
    if cells[0] in _MISSING:
        return None
    if cells[1] in _MISSING:
        raise ValueError("the event has no name")
    return Event(_time_ns("t_ns", cells[0]), cells[1], _details(cells[2]))


def _eye_cells(eye: EyeSample | None) -> str:
    if eye is None:
        return "\t\t\t"
    x, y = eye.point_display
    pupil_mm = math.nan if eye.pupil_mm is None else eye.pupil_mm
    return f"{_number_cell(x)}\t{_number_cell(y)}\t{int(eye.valid)}\t{_number_cell(pupil_mm)}"


def _number_cell(value: float) -> str:
    # float() first: the repr of a numpy number is not a number.
    return "" if math.isnan(value) else repr(float(value))


def _eye(side: str, cells: Sequence[str]) -> EyeSample | None:
    x, y, valid, pupil_mm = cells
    if all(cell in _MISSING for cell in cells):
        return None
    point = DisplayPoint(_number(f"{side}_x_display", x), _number(f"{side}_y_display", y))
    pupil = None if pupil_mm in _MISSING else _number(f"{side}_pupil_mm", pupil_mm)
    if valid not in ("0", "1") and valid not in _MISSING:
        raise ValueError(f"{side}_valid must be 0 or 1, got {valid[:40]!r}")
    return EyeSample(point, valid != "0", pupil)


def _number(column: str, cell: str) -> float:
    if cell in _MISSING:
        return math.nan
    try:
        return float(_plain(cell))
    except ValueError:
        raise ValueError(f"{column} must be a number, got {cell[:40]!r}") from None


def _time_ns(column: str, cell: str) -> int:
    try:
        t_ns = int(_plain(cell))
    except ValueError:
        raise ValueError(f"{column} must be whole nanoseconds, got {cell[:40]!r}") from None
    if not -_TIME_LIMIT_NS < t_ns < _TIME_LIMIT_NS:
        raise ValueError(f"{column} is beyond 64 bits")
    return t_ns


def _plain(cell: str) -> str:
    """Refuse what Python takes for a number and nobody else does: ``1_0``, other digits."""
    if "_" in cell or not cell.isascii():
        raise ValueError(cell)
    return cell


def _details(cell: str) -> dict[str, Any]:
    if cell in _MISSING:
        return {}
    try:
        details = json.loads(cell, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("details are nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"details are not valid JSON: {error}") from None
    if not isinstance(details, dict):
        raise ValueError("details must be a JSON object")
    return details


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")
