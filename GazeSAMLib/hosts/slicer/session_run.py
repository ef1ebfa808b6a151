"""One run from Start to Stop: getting ready, asking about earlier work, looking."""

from enum import StrEnum

import qt
import slicer
from slicer.i18n import tr as _

from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.hosts.slicer.engine_room import EngineListener, EngineRoom
from GazeSAMLib.hosts.slicer.guard import Guard, sentence
from GazeSAMLib.hosts.slicer.journal_restore import RestoreOffer
from GazeSAMLib.hosts.slicer.journal_shelf import JournalShelf
from GazeSAMLib.hosts.slicer.live_session import LiveSession
from GazeSAMLib.hosts.slicer.run_choices import RunChoices, RunListener
from GazeSAMLib.hosts.slicer.scene_volume import SceneVolume
from GazeSAMLib.hosts.slicer.segmentation_node import SegmentationNodeWriter
from GazeSAMLib.hosts.slicer.warped_slice import WarpedScan
from GazeSAMLib.hosts.slicer.workplace import (
    Workplace,
    opened_segmentation,
    restored_segmentation,
)
from GazeSAMLib.session import Answer

TICK_MS = 16
# Looking takes time: at what may move under the gaze every so many ticks, at what may go away
# altogether less often.
VIEWS_EVERY, SCENE_EVERY = 3, 12
SEGMENTATION_DELETED = _(
    "The segmentation was deleted: press Start to go on; what you accepted can be restored then."
)


class RunState(StrEnum):
    """How far a run is."""

    IDLE = "idle"
    PREPARING = "preparing"
    ASKING = "asking"  # whether earlier work is to be restored
    RUNNING = "running"
    PAUSED = "paused"


class SessionRun:
    """Takes a session from Start to Stop.

    Parameters
    ----------
    choices : RunChoices
        What was chosen.
    shelf : JournalShelf
        Where accepted steps are saved.
    listener : RunListener
        Whom to talk to.

    Attributes
    ----------
    state : RunState
        How far it is.
    offer : RestoreOffer or None
        While asking: the earlier work.
    workplace : Workplace or None
        While running or paused: the segmentation that is worked on.
    scan_digest : str
        Of the scan; empty until it is known.
    room : EngineRoom
        The engine process.

    Raises
    ------
    ScanError, GeometryError
        If the volume cannot be segmented.
    """

    def __init__(self, choices: RunChoices, shelf: JournalShelf, listener: RunListener) -> None:
        self.state = RunState.IDLE
        self.offer: RestoreOffer | None = None
        self.workplace: Workplace | None = None
        self.scan_digest = ""
        self._choices, self._shelf, self._listener = choices, shelf, listener
        self._scene_volume = SceneVolume(choices.volume_node)
        warped = self._scene_volume.is_warped
        self._warped = WarpedScan(self._scene_volume) if warped else None
        self._stamp = self._scene_volume.stamp()
        self._ticks = 0
        guard = Guard(listener.tell)
        self.room = EngineRoom(
            choices.engine,
            EngineListener(
                ready=guard(self._prepared),
                answered=guard(self._answered),
                tell=listener.tell,
                fail=lambda error: self.stop(sentence(str(error))),
                progress=listener.progress,
            ),
        )
        self._timer = qt.QTimer()
        self._timer.setTimerType(qt.Qt.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.connect("timeout()", guard(self._tick))

    @property
    def live(self) -> LiveSession | None:
        """The running session, while there is one."""
        return None if self.workplace is None else self.workplace.live

    def start(self) -> None:
        """Get the engine ready; looking begins by itself.

        Raises
        ------
        GazeSAMError
            If the engine process cannot be started or the scan not handed over.
        """
        self._move(RunState.PREPARING)
        try:
            self.room.start(self._scene_volume, self._warped)
        except GazeSAMError:
            self.stop()
            raise

    def decide(self, *, restore: bool) -> None:
        """Restore the earlier work that was offered, or set it aside, and begin to look.

        Raises
        ------
        GazeSAMError
            If it cannot be done; the question stays.
        """
        offer, writer = self.offer, None
        if offer is None:
            return
        if restore:
            writer = restored_segmentation(offer, self._scene_volume, self._shelf)
        else:
            self._shelf.set_aside(offer)
        self.offer = None
        self._begin(writer)

    def press(self, kind: EventKind) -> None:
        """Do what a key says; nothing unless looking has begun.

        Raises
        ------
        GazeSAMError
            If it cannot be done; the session can go on.
        """
        if self.workplace is None:
            return
        if kind is EventKind.PAUSE and self.state is RunState.PAUSED:
            kind = EventKind.RESUME
        if self.state is RunState.PAUSED and kind is not EventKind.RESUME:
            return
        self.workplace.live.look_at_views(self._stamp.transform)
        self.workplace.live.press(kind)
        if kind in (EventKind.PAUSE, EventKind.RESUME):
            paused = kind is EventKind.PAUSE
            self.workplace.pause(paused=paused)
            self._move(RunState.PAUSED if paused else RunState.RUNNING)

    def stop(self, why: str = "") -> None:
        """End it; nothing stays behind but the segmentation. Stopping twice is harmless."""
        if self.state is RunState.IDLE:
            return
        self._timer.stop()
        self._timer.deleteLater()  # it holds what its ticks need: the run, and with it the volume
        self.room.end()
        workplace, self.workplace, self.offer = self.workplace, None, None
        try:
            if workplace is not None:
                workplace.close()
        finally:
            self._move(RunState.IDLE)
        if why:
            self._listener.tell(why)

    def _move(self, state: RunState) -> None:
        self.state = state
        self._listener.moved(self)

    def _prepared(self, scan_digest: str) -> None:
        self.scan_digest = scan_digest
        if why := self._choices.why_not_on(scan_digest):
            self.stop(why)
            return
        self.offer = self._shelf.offer(slicer.mrmlScene, scan_digest)
        if self.offer is None:
            self._begin()
        else:
            self._move(RunState.ASKING)

    def _begin(self, writer: SegmentationNodeWriter | None = None) -> None:
        chosen, scene_volume = self._choices.segmentation_node, self._scene_volume
        try:
            self.workplace = Workplace(
                self._choices,
                scene_volume,
                self._warped,
                writer or opened_segmentation(chosen, scene_volume),
                self._shelf,
                self.scan_digest,
                self.room.ask,
                self._listener.tell,
            )
        except GazeSAMError as error:
            self.stop(sentence(str(error)))
            return
        self._timer.start()
        self._move(RunState.RUNNING)

    def _answered(self, answer: Answer) -> None:
        if self.workplace is not None:
            self.workplace.live.answered(answer)

    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % SCENE_EVERY == 0 and self.workplace is not None:
            self._look_at_scene(self.workplace)
        if self.workplace is None:  # never begun, or ended just now
            return
        if self._ticks % VIEWS_EVERY == 0:
            self.workplace.live.look_at_views(self._stamp.transform)
            self.room.look_ahead(self.workplace.live.shown)
        self.workplace.live.tick()

    def _look_at_scene(self, workplace: Workplace) -> None:
        """End the session if what it works on is gone or another."""
        stamp, before = self._scene_volume.stamp(), self._stamp
        moved = stamp.transform != before.transform
        if not stamp.in_scene:
            self.stop(_("The volume was deleted; what you accepted is kept."))
        elif (stamp.voxels, stamp.grid) != (before.voxels, before.grid):
            self.stop(_("The volume has changed: press Start to go on with it as it is now."))
        elif not workplace.is_there:
            self.stop(SEGMENTATION_DELETED)
        elif moved and (self._warped is not None or self._scene_volume.is_warped):
            self.stop(_("The volume was moved: press Start to go on with it where it is now."))
        elif moved:
            self._stamp = stamp
            workplace.follow_volume()
