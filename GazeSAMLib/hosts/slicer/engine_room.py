"""Getting the engine process ready for a scan, and asking it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from slicer.i18n import tr as _

from GazeSAMLib.engines.messages import (
    EngineReady,
    Failure,
    FromWorker,
    Notice,
    Opened,
    PreparedAhead,
    Progress,
    Propagated,
    PropagationEnded,
    ScanDigest,
)
from GazeSAMLib.engines.segmenter import SegmentAnswer, SegmentRequest
from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.slicer.guard import sentence
from GazeSAMLib.hosts.slicer.looking_ahead import LookingAhead
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.warped_session import WarpedSlices
from GazeSAMLib.hosts.slicer.warped_slice import WarpedScan
from GazeSAMLib.hosts.slicer.worker_process import WorkerProcess
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.session import Answer, Request

STEPS = 3
NOTHING_FOUND = MaskCandidates(np.zeros((1, 1, 1), np.int8), np.zeros(1, np.float32))


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine is to answer.

    Attributes
    ----------
    name : str
        As in :mod:`GazeSAMLib.engines.registry`.
    options : dict
        Arguments of the engine, JSON values.
    python : str or None
        The interpreter that runs it; None takes Slicer's own.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    python: str | None = None


@dataclass(frozen=True, eq=False)
class EngineListener:
    """Whom the engine room talks to.

    Attributes
    ----------
    ready : callable
        Called once with the scan's digest, when looks can be answered.
    answered : callable
        Called with each answer.
    tell : callable
        Called with sentences for the reader.
    fail : callable
        Called with the error when there will be no answers any more.
    progress : callable
        Called with how many of `STEPS` are done.
    """

    ready: Callable[[str], None]
    answered: Callable[[Answer], None]
    tell: Callable[[str], None]
    fail: Callable[[GazeSAMError], None]
    progress: Callable[[int], None]


class EngineRoom:
    """The engine process of one session.

    Parameters
    ----------
    choice : EngineChoice
        The engine.
    listener : EngineListener
        Whom to talk to.

    Attributes
    ----------
    ahead : LookingAhead or None
        What is prepared; None where the engine needs no preparation, or the volume lies under
        a transform that is not linear: then the engine process gets slices, not the scan.
    """

    def __init__(self, choice: EngineChoice, listener: EngineListener) -> None:
        self._choice = choice
        self._listener = listener
        self._worker = WorkerProcess(self._hear, listener.tell, listener.fail, choice.python)
        self._missing: set[type] = {Opened, EngineReady, ScanDigest}
        self._slices: WarpedSlices | None = None
        self._volume: VolumeGeometry | None = None
        self.ahead: LookingAhead | None = None

    def start(self, scene_volume: SceneVolume, warped: WarpedScan | None = None) -> None:
        """Start the engine process and hand the scan over.

        Parameters
        ----------
        scene_volume : SceneVolume
            The scan.
        warped : WarpedScan or None
            Where it lies under a transform that is not linear: then each slice follows with
            the first look at it.

        Raises
        ------
        EngineError
            If the process or the scan's file cannot be made.
        """
        self._worker.start()
        self._worker.open_scan(scene_volume.voxels_kji, scene_volume.volume)
        self._worker.use_engine(self._choice.name, self._choice.options)
        if warped is None:
            self._volume = scene_volume.volume
        else:
            self._slices = WarpedSlices(warped, self._open_slice, self._worker.say)

    @property
    def pid(self) -> int:
        """Process id of the engine process, once it has said so; else 0."""
        hello = self._worker.link.hello
        return 0 if hello is None else hello.pid

    def ask(self, request: Request) -> None:
        """Ask for the mask of a look, or for a structure to be followed."""
        if self._slices is None or not isinstance(request, SegmentRequest):
            self._worker.say(request)
        else:
            self._slices.ask(request)

    def look_ahead(self, shown: Mapping[str, SliceView]) -> None:
        """Take in the views on screen, whose slices and neighbours may be looked at next."""
        if self.ahead is not None:
            self.ahead.follow(shown)

    def end(self) -> None:
        """End the process; ending twice is harmless."""
        self._worker.end()

    def _open_slice(self, pixels: npt.NDArray[np.uint8], geometry: VolumeGeometry) -> None:
        self._worker.open_scan(pixels, geometry, digest_wanted=False)

    def _hear_besides(self, said: FromWorker) -> None:
        """Take in what has nothing to do with looks."""
        match said:
            case EngineReady(looks_ahead=True) if self.ahead is not None:
                self.ahead.renew()
            case EngineReady(looks_ahead=True) if self._volume is not None:
                self.ahead = LookingAhead(self._volume, self._worker.say)
            case EngineReady() | Failure(about="look_ahead"):
                self.ahead = None
            case PreparedAhead() if self.ahead is not None:
                self.ahead.hear(said)
            case Notice():
                self._listener.tell(sentence(said.sentence))

    def _hear(self, said: FromWorker) -> None:
        self._hear_besides(said)
        match said:
            case SegmentAnswer() | Propagated() | PropagationEnded():
                self._listener.answered(said)
            case Failure(about="open_scan" | "use_engine"):
                self._worker.end()
                self._listener.fail(said.exception())
            case Failure():
                if said.about == "propagate":  # what was found before it stands
                    self._listener.answered(PropagationEnded(said.number, ()))
                elif said.about == "decode":  # a key may wait for it
                    self._listener.answered(SegmentAnswer(said.number, NOTHING_FOUND, 0.0, 0.0))
                self._listener.tell(sentence(said.sentence))
            case Progress() if self._missing and said.done < said.total:
                self._listener.tell(_("Getting ready: {what} …").format(what=said.what))
            case Opened() | EngineReady() | ScanDigest() if type(said) in self._missing:
                self._missing.discard(type(said))
                self._listener.progress(STEPS - len(self._missing))
                if not self._missing:
                    self._listener.ready(self._worker.link.scan_digest or "")
