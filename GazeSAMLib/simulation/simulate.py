"""A recording as a person would have made it, from a scan with labels."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from GazeSAMLib.engines.segmenter import SegmentAnswer, SegmentRequest
from GazeSAMLib.errors import RecordingError, ScanError
from GazeSAMLib.gaze.recording_writer import RecordingWriter
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.scans.progress import Progress, silent
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.session import GazeSession, SessionOptions
from GazeSAMLib.simulation.attempt import Reading
from GazeSAMLib.simulation.desk import Desk
from GazeSAMLib.simulation.layout import arrange
from GazeSAMLib.simulation.options import ReaderOptions
from GazeSAMLib.simulation.performance import Performance
from GazeSAMLib.simulation.planned import RecordingTaker, header_for
from GazeSAMLib.simulation.reader import VirtualReader
from GazeSAMLib.simulation.truth import Structure, layer_points, shown_structures
from GazeSAMLib.simulation.window import Layout

TRUTH_NAME = "simulation.json"


@dataclass(frozen=True, slots=True)
class SimulationOptions:
    """How a scan is read.

    Attributes
    ----------
    display : DisplayGeometry
        The tracked display.
    layout : Layout
        One slice view or three.
    reader : ReaderOptions
        The tracker's error and the reader's habits.
    session : SessionOptions
        What the reader's session was told.
    slices_per_structure : int or None
        At most so many slices of each structure, drawn; None takes all.
    seed : int
        Of everything random.
    """

    display: DisplayGeometry
    layout: Layout = Layout.ONE_UP
    reader: ReaderOptions = field(default_factory=ReaderOptions)
    session: SessionOptions = field(default_factory=SessionOptions)
    slices_per_structure: int | None = 3
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Simulation:
    """What a virtual reader did.

    Attributes
    ----------
    readings : list of Reading
        Structure by structure, slice by slice.
    unseen : tuple of str
        Structures that no slice shows well: they were skipped.
    labelmap : Labelmap
        What the reader accepted; a replay of the recording gives the same.
    duration_s : float
        Length of the recording.
    """

    readings: list[Reading]
    unseen: tuple[str, ...]
    labelmap: Labelmap
    duration_s: float


def simulate(
    folder: Path,
    scan: Scan,
    structures: Sequence[Structure],
    answer: Callable[[SegmentRequest], SegmentAnswer],
    options: SimulationOptions,
    *,
    scan_digest: str | None = None,
    progress: Progress = silent,
) -> Simulation:
    """Let a virtual reader segment the labelled structures of a scan; write the recording.

    The same seed and the same answers give the same bytes. Beside the recording's own files
    the folder gets ``simulation.json``: what the reader was after and what came of it, and
    the tracker's true error, which a recording does not know.

    Parameters
    ----------
    folder : Path
        Made; must hold no recording yet.
    scan : Scan
        What is read.
    structures : sequence of Structure
        What the reader is after.
    answer : callable
        Answers the session's requests, such as :meth:`Segmenter.answer`.
    options : SimulationOptions
        How it is read.
    scan_digest : str or None
        Goes into the recording.
    progress : Progress
        Called after each structure on each slice.

    Raises
    ------
    ScanError
        If no slice shows any of the structures well.
    RecordingError
        If the folder holds a recording already or cannot be written to.
    """
    arrangement = arrange(scan, options.display, options.layout)
    shown = shown_structures(
        structures,
        scan.volume,
        arrangement.reading,
        per_structure=options.slices_per_structure,
        seed=options.seed,
    )
    if not shown.slices:
        raise ScanError(f"no slice of {scan.path} shows a labelled structure well enough")
    points = layer_points(scan.volume, arrangement.reading)
    labelmap = Labelmap(scan.volume.shape_kji)
    session = GazeSession(scan.volume, options.display, labelmap, None, _session_options(options))
    with RecordingWriter(folder, header_for(options.display, scan_digest, options.reader)) as file:
        record = RecordingTaker(file)
        desk = Desk(session, answer, record)
        performance = Performance(options.display, options.reader, options.seed, desk)
        reader = VirtualReader(
            [arrangement.at(point) for point in points],
            options.display,
            desk,
            performance,
            np.random.default_rng((options.seed, 1)),
        )
        readings = reader.read(shown.slices, progress)
        record.flush()
    offset_deg = performance.tracker.offset_deg
    truth = {
        "seed": options.seed,
        "layout": options.layout.value,
        "offset_deg": [round(offset_deg.real, 6), round(offset_deg.imag, 6)],
        "reader": asdict(options.reader),
        "readings": [asdict(reading) for reading in readings],
        "unseen": list(shown.unseen),
    }
    _write_truth(folder / TRUTH_NAME, truth)
    return Simulation(readings, shown.unseen, labelmap, 1e-3 * performance.t_ms)


def _session_options(options: SimulationOptions) -> SessionOptions:
    """Tell the session of the noise, as a replay reads it from the recording's header."""
    signals = replace(options.session.signals, expected_rms_deg=options.reader.precision_rms_deg)
    return replace(options.session, signals=signals)


def _write_truth(path: Path, truth: dict[str, Any]) -> None:
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RecordingError(f"{path} cannot be written: {error.strerror or error}") from error
