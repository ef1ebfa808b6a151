"""One page that tells a job, in one file that can be sent on."""

import base64
import io
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from PIL import Image

from GazeSAMLib.hosts.cli.histogram import histogram
from GazeSAMLib.hosts.cli.segmenting import Segmented
from GazeSAMLib.scans.atomic import replacing

_TEMPLATE = "report.html.j2"


def write_report(path: Path, done: Segmented, sheet: Image.Image) -> None:
    """Write the report of a job as one HTML file without scripts or links.

    Parameters
    ----------
    path : Path
        The file.
    done : Segmented
        The job.
    sheet : Image
        Its contact sheet.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    page = report_html(done, sheet)
    with replacing(path) as beside:
        beside.write_text(page, encoding="utf-8")


def report_html(done: Segmented, sheet: Image.Image) -> str:
    """Return the report's HTML."""
    template = files("GazeSAMLib.hosts.cli").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    timing = done.replayed.timing
    charts = (
        histogram("Embedding a new slice", "ms", timing.embed_ms),
        histogram("Decoding a look", "ms", timing.decode_ms),
        histogram("A gaze sample, up to the prompt", "µs", timing.chain_us),
    )
    stopped = str(done.replayed.error or "") or ("cancelled" if done.replayed.cancelled else "")
    return environment.from_string(template).render(
        title=done.title,
        summary=done.summary,
        sheet=_data_uri(sheet),
        charts=[chart for chart in charts if chart is not None],
        remarks=remarks(done),
        stopped=stopped,
    )


def remarks(done: Segmented) -> list[str]:
    """Return what was noted about scan, recording and replay, a sentence each."""
    summary = done.summary
    return [
        *(f"Scan: {note}" for note in summary.scan.notes),
        *(f"Recording: {note}" for note in summary.notes),
        *(
            notice if count == 1 else f"{notice} ({count} times)"
            for notice, count in summary.notices.items()
        ),
    ]


def _data_uri(picture: Image.Image) -> str:
    data = io.BytesIO()
    picture.save(data, format="PNG")
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode("ascii")
