"""``gazesam import-gaze``."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from GazeSAMLib import __version__
from GazeSAMLib.errors import RecordingError
from GazeSAMLib.gaze.import_gaze import read_gaze
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_writer import RecordingWriter
from GazeSAMLib.hosts.cli.foreign_display import (
    ForeignDisplayMmOption,
    ForeignDisplayOption,
    ForeignDistanceOption,
    told_display,
)
from GazeSAMLib.hosts.cli.segment import JsonOption
from GazeSAMLib.hosts.cli.terminal import results, tell

EPILOG = """\
Reads: Tobii Pro Lab (.tsv), EyeLink (.asc, from edf2asc), BIDS eye tracking (_physio.tsv.gz).

Example:

gazesam import-gaze export.tsv --display-mm 531x299 --output monday

Events are kept where their text is one of GazeSAM's (docs/recording.md), such as
"gazesam accept"; without view events a recording can be measured, but not segmented with.
"""

_BATCH = 4096


def import_gaze(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording of another program.")],
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="RECORDING", help="Folder of the new recording."),
    ],
    display: ForeignDisplayOption = None,
    display_mm: ForeignDisplayMmOption = None,
    distance_mm: ForeignDistanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a recording of GazeSAM from one of another program."""
    if not file.is_file():
        raise RecordingError(f"{file}: there is no such file")
    read = read_gaze(file, told_display(display, display_mm, distance_mm))
    write_recording(output, read)
    for note in read.notes:
        tell(note)
    duration_s = 1e-9 * (read.samples[-1].t_ns - read.samples[0].t_ns)
    found = {
        "recording": str(output),
        "samples": len(read.samples),
        "duration_s": round(duration_s, 3),
        "events": len(read.events),
        "notes": list(read.notes),
    }
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        results().print(
            f"{len(read.samples)} samples in {duration_s:.1f} s, {len(read.events)} events: "
            f"written to {output}"
        )


def write_recording(folder: Path, recording: Recording) -> None:
    """Write a recording that is in memory.

    Raises
    ------
    RecordingError
        If the folder holds a recording already or cannot be written to.
    """
    header = replace(recording.header, software_version=f"GazeSAM {__version__}")
    with RecordingWriter(folder, header) as writer:
        for first in range(0, len(recording.samples), _BATCH):
            writer.add_samples(recording.samples[first : first + _BATCH])
        for event in recording.events:
            writer.add_event(event)
