"""A scan and a recording in, a segmentation and its summary out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from GazeSAMLib.engines import registry
from GazeSAMLib.errors import GazeSAMError, OutputError, RecordingError
from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.gaze.import_gaze import read_gaze
from GazeSAMLib.gaze.import_samples import DisplaySize
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import RecordingHeader
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.hosts.cli.answering import Answering, in_worker
from GazeSAMLib.hosts.cli.continuing import begin_with, go_on_with
from GazeSAMLib.hosts.cli.interruption import CancelledError
from GazeSAMLib.hosts.cli.outputs import check_dicom_outputs, check_outputs, write_output
from GazeSAMLib.hosts.cli.replaying import Replayed, display_of, own_drift, replay_all
from GazeSAMLib.hosts.cli.run_journal import RunJournal
from GazeSAMLib.hosts.cli.same_scan import check_same_scan
from GazeSAMLib.hosts.cli.summary import Summary, scan_facts, summarise
from GazeSAMLib.scans.progress import Progress, silent
from GazeSAMLib.scans.read import read_scan
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.scans.terminology import Terminology
from GazeSAMLib.segmentation.editor import SegmentEditor
from GazeSAMLib.segmentation.labelmap import Labelmap
from GazeSAMLib.segmentation.slice_book import SliceBook
from GazeSAMLib.session import GazeSession, SessionOptions
from GazeSAMLib.signals.chain import SignalOptions
from GazeSAMLib.signals.drift import DriftCorrection
from GazeSAMLib.signals.drift_file import DriftFile

DEFAULT_ENGINE = registry.default_engine()


@dataclass(frozen=True)
class Job:
    """What is to be segmented, with what, and where to.

    Attributes
    ----------
    scan, gaze : Path
        The scan and the recording: a folder, or a file of another program.
    outputs : tuple of Path
        At least one; the journal lies beside the first while the job runs.
    series : str or None
        Which series of the scan.
    engine : str
        Name of the engine.
    engine_options : mapping
        Its options, such as the checkpoint of Segment Anything.
    overwrite_segments : bool
        Whether a new mask may take voxels of other segments.
    propagate : bool
        Whether each slice that is accepted is carried on to its neighbours.
    base : Path or None
        A segmentation to go on with.
    accuracy_deg : float or None
        How far the tracker's gaze typically lies from the true one; None takes the default.
    title : str
        What people call it; empty takes the scan's own name.
    display : DisplaySize
        What a file of another program may not say.
    kept_drift : Path or None
        File of kept corrections: that of the recording's tracker and display takes the place
        of the recording's own offset.
    """

    scan: Path
    gaze: Path
    outputs: tuple[Path, ...]
    series: str | None = None
    engine: str = DEFAULT_ENGINE
    engine_options: Mapping[str, str] = field(default_factory=dict)
    overwrite_segments: bool = False
    propagate: bool = False
    base: Path | None = None
    accuracy_deg: float | None = None
    title: str = ""
    display: DisplaySize = field(default_factory=DisplaySize)
    kept_drift: Path | None = None


@dataclass(frozen=True, eq=False)
class Segmented:
    """What a job gave."""

    job: Job
    scan: Scan
    display: DisplayGeometry
    labelmap: Labelmap
    book: SliceBook
    replayed: Replayed
    summary: Summary

    @property
    def title(self) -> str:
        """What people call it."""
        return self.job.title or self.scan.name or self.scan.path.name


def segment(
    job: Job, *, answering: Answering = in_worker, progress: Progress = silent
) -> Segmented:
    """Replay the recording on the scan and write the outputs.

    What stops the replay early (an error of GazeSAM's, Ctrl-C) stands in the result; what was
    accepted until then is written.

    Raises
    ------
    GazeSAMError
        If an input cannot be used, nothing was accepted, or an output cannot be written; then
        outputs that were there before are as they were, and what was accepted is in the
        journal.
    """
    check_outputs(job.outputs, (job.scan, job.gaze, *filter(None, (job.base,))))
    scan = read_scan(job.scan, series=job.series, progress=progress)
    check_dicom_outputs(job.outputs, scan)
    recording = read_gaze(job.gaze, job.display)
    digest = scan_digest(scan.voxels_kji, scan.volume)
    note = check_same_scan(job.gaze, recording.header, job.scan, digest)
    display = display_of(recording.header)
    drift = _drift(job, recording.header, display)
    labelmap = Labelmap(scan.volume.shape_kji, overwrite=job.overwrite_segments)
    begun = begin_with(labelmap, job.base, scan, digest)
    with (
        answering(job.engine, scan, **job.engine_options) as answers,
        RunJournal(job.outputs[0], digest) as kept,
    ):
        editor = SegmentEditor(scan.volume, labelmap, kept.journal, begun.history)
        go_on_with(editor, labelmap)
        options = _options(job, drift)
        session = GazeSession(scan.volume, display, labelmap, kept.journal, options, editor)
        replayed = replay_all(
            session, scan.volume, recording, answers, progress, drift, propagate=job.propagate
        )
        if not replayed.trace.steps or not labelmap.labels_kji.any():
            kept.saved = True  # there is nothing to keep
            raise _nothing_accepted(job, recording, replayed)
        told = _write(job, scan, labelmap, replayed, begun.codes)
        kept.saved = True
    summary = summarise(
        scan_facts(replace(scan, notes=(*scan.notes, *begun.notes, *told)), digest),
        labelmap,
        abs(float(np.linalg.det(scan.volume.axes_mm))) / 1000.0,
        replayed,
        editor.book,
        engine=job.engine,
        outputs=job.outputs,
        notes=(*filter(None, (note,)), *recording.notes),
    )
    return Segmented(job, scan, display, labelmap, editor.book, replayed, summary)


def _drift(job: Job, header: RecordingHeader, display: DisplayGeometry) -> DriftCorrection:
    if job.kept_drift is None:
        return own_drift(header)
    kept = DriftFile(job.kept_drift).get(header.tracker, display)
    if kept is None:
        raise RecordingError(
            f"{job.gaze}: no correction is kept for the tracker {header.tracker.name} in front of "
            "its display: make one with `gazesam accuracy --keep`, or leave --kept-correction out"
        )
    return kept


def _options(job: Job, drift: DriftCorrection) -> SessionOptions:
    options = SessionOptions(signals=SignalOptions(drift=drift))
    if job.accuracy_deg is not None:
        options = replace(options, accuracy_deg=job.accuracy_deg)
    return options


def _write(
    job: Job,
    scan: Scan,
    labelmap: Labelmap,
    replayed: Replayed,
    codes: Mapping[str, Terminology],
) -> list[str]:
    """Write all outputs, also after one of them has failed; return notes on them."""
    failed: list[OutputError] = []
    notes: list[str] = []
    for output in job.outputs:
        try:
            notes += write_output(output, scan, labelmap, replayed.trace.steps, codes)
        except OutputError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    return notes


def _nothing_accepted(job: Job, recording: Recording, replayed: Replayed) -> GazeSAMError:
    if replayed.error is not None:
        return replayed.error
    not_written = f"{' and '.join(map(str, job.outputs))} was not written"
    if replayed.cancelled:
        return CancelledError(f"cancelled before anything was accepted: {not_written}")
    return RecordingError(
        f"{job.gaze}: {_why_nothing(recording, replayed)}; nothing was accepted, {not_written}"
    )


def _why_nothing(recording: Recording, replayed: Replayed) -> str:
    trace = replayed.trace
    kinds = {event.kind for event in recording.events}
    if len(recording.samples) == 0:
        return "it holds no gaze samples"
    if EventKind.VIEW not in kinds:
        return "it does not say which slices were shown (no view event)"
    if trace.gaze.quality().valid_share == 0.0:
        return "no eye was found in any sample"
    if not trace.fixations:
        return "the gaze lies beside the scan in every slice view the whole time"
    if not kinds & {EventKind.ACCEPT, EventKind.ACCEPT_REMOVE}:
        return "no accept key was pressed"
    return "; ".join(notice.rstrip(".") for notice in trace.notices) or "every step was undone"
