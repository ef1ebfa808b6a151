"""A recording through a session, to its end or to whatever stops it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from GazeSAMLib.engines.messages import Propagate
from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.recording import Recording
from GazeSAMLib.gaze.recording_header import RecordingHeader
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.geometry.display import DisplayGeometry
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.cli.answering import Answers
from GazeSAMLib.hosts.cli.gaze_path import GazePath
from GazeSAMLib.hosts.cli.interruption import Interruption
from GazeSAMLib.hosts.cli.timing import Timing
from GazeSAMLib.hosts.cli.trace import Trace
from GazeSAMLib.scans.progress import Progress, silent
from GazeSAMLib.session import Follow, GazeSession, Reaction, Step, replay
from GazeSAMLib.signals.drift import DriftCorrection

_ITEMS_PER_REPORT = 256


@dataclass(frozen=True, eq=False)
class Replayed:
    """What became of a recording.

    Attributes
    ----------
    trace : Trace
        What happened.
    timing : Timing
        How long it took.
    error : GazeSAMError or None
        What stopped the replay; what was accepted before it stands.
    cancelled : bool
        Whether Ctrl-C stopped it.
    """

    trace: Trace
    timing: Timing
    error: GazeSAMError | None = None
    cancelled: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the recording was replayed to its end."""
        return self.error is None and not self.cancelled


def display_of(header: RecordingHeader) -> DisplayGeometry:
    """Return the display on which a recording was made."""
    return DisplayGeometry(
        header.display_left_px,
        header.display_top_px,
        header.display_width_px,
        header.display_height_px,
        header.display_width_mm,
        header.display_height_mm,
        header.distance_mm,
    )


def own_drift(header: RecordingHeader) -> DriftCorrection:
    """Return the correction that a recording itself asks for."""
    return DriftCorrection(header.offset_deg or (0.0, 0.0))


def replay_all(
    session: GazeSession,
    volume: VolumeGeometry,
    recording: Recording,
    answers: Answers,
    progress: Progress = silent,
    drift: DriftCorrection | None = None,
    *,
    propagate: bool = False,
) -> Replayed:
    """Take the whole recording through `session`.

    An error of GazeSAM's and Ctrl-C end the replay early and stand in the result, because
    what was accepted until then must still be saved.

    Parameters
    ----------
    session : GazeSession
        A fresh session for the scan on which the recording was made.
    volume : VolumeGeometry
        The scan.
    recording : Recording
        Samples and events.
    answers : Answers
        Answers requests at once: in this process, or in a worker process.
    progress : Progress
        Called now and then.
    drift : DriftCorrection or None
        What the session takes out of the gaze; None takes the recording's own offset.
    propagate : bool
        Whether each slice that is accepted is carried on to its neighbours, and those accepted.
    """
    gaze = GazePath(display_of(recording.header), drift or own_drift(recording.header))
    trace = Trace(session, volume, gaze)
    timing = Timing()
    total = len(recording.samples) + len(recording.events)
    error: GazeSAMError | None = None
    begun_s = time.perf_counter()
    with Interruption() as interruption:
        try:
            done, answered = 0, False
            started_s = time.perf_counter()
            for item, reaction in replay(
                session, recording, timing.timed(answers.look), answers.follow
            ):
                if not answered:
                    if isinstance(item, GazeSample):
                        timing.chain_us.append(1e6 * (time.perf_counter() - started_s))
                        trace.gaze.add(item)
                    elif item.kind == EventKind.DRIFT:
                        trace.gaze.correct_with(DriftCorrection.from_details(item.details))
                    done += 1
                    if done % _ITEMS_PER_REPORT == 0 or done == total:
                        progress("replaying", done, total)
                trace.add(item, reaction)
                if propagate and _is_seed(reaction.step):
                    for event, led_to in _propagated(session, item.t_ns, answers.follow):
                        trace.add(event, led_to)
                if interruption.requested:
                    break
                # The same item comes once more with what its answer led to.
                answered = reaction.request is not None
                started_s = time.perf_counter()
        except GazeSAMError as stopped:
            error = stopped
    timing.total_s = time.perf_counter() - begun_s
    return Replayed(trace, timing, error, interruption.requested)


def _is_seed(step: Step | None) -> bool:
    return step is not None and not step.edit.remove and not step.propagated


def _propagated(
    session: GazeSession, t_ns: int, follow: Follow
) -> Iterator[tuple[Event, Reaction]]:
    """Carry the slice accepted last on to its neighbours, and accept these."""
    key = Event(t_ns, EventKind.PROPAGATE)
    begun = session.handle(key)
    yield key, begun
    if not isinstance(begun.request, Propagate):
        return
    for found in follow(begun.request):
        yield key, session.receive(found)
    if session.propagator.preview is not None:
        accept = Event(t_ns, EventKind.ACCEPT)
        yield accept, session.handle(accept)
