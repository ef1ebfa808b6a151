"""The section "Session": Start, Pause, earlier work, and what a running session tells."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import qt
import slicer.util
from slicer.i18n import tr as _

from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.journal_shelf import JournalShelf
from GazeSAMLib.hosts.slicer.keys import SessionShortcuts, key_of, session_keys
from GazeSAMLib.hosts.slicer.panel.status_line import StatusLine
from GazeSAMLib.hosts.slicer.run_choices import RunChoices, RunListener
from GazeSAMLib.hosts.slicer.session_parts import LiveOptions
from GazeSAMLib.hosts.slicer.session_run import RunState, SessionRun

SIGNAL_MS = 1000


@dataclass(frozen=True, eq=False)
class SessionHooks:
    """What the panel does for the section.

    Attributes
    ----------
    choices : callable
        Returns what is chosen, at Start.
    moved : callable
        Called when the run has another state.
    pulse : callable
        Called each second while a session lives, and after each key.
    """

    choices: Callable[[], RunChoices]
    moved: Callable[[], None]
    pulse: Callable[[], None]


class SessionSection:
    """Runs sessions, one at a time.

    Parameters
    ----------
    ui : object
        Widgets by name.
    guard : Guard
        For slots.
    status : StatusLine
        Where sentences go.
    shelf : JournalShelf
        Where accepted steps are saved.
    hooks : SessionHooks
        What the panel does for it.

    Attributes
    ----------
    run : SessionRun or None
        The run; None before Start and after Stop.
    shelf : JournalShelf
        May be replaced while no session runs.
    """

    def __init__(
        self,
        ui: Any,  # noqa: ANN401 - made by Slicer
        guard: Guard,
        status: StatusLine,
        shelf: JournalShelf,
        hooks: SessionHooks,
    ) -> None:
        self.run: SessionRun | None = None
        self._ui, self._guard, self._status = ui, guard, status
        self.shelf, self._hooks = shelf, hooks
        self._shortcuts: SessionShortcuts | None = None
        self._left_running = False
        self._signal = qt.QTimer()
        self._signal.setInterval(SIGNAL_MS)
        self._signal.connect("timeout()", guard(hooks.pulse))
        ui.startButton.connect("clicked()", guard(self._start_or_stop))
        ui.pauseButton.connect("clicked()", guard(lambda: self.press(EventKind.PAUSE)))
        ui.restoreButton.connect("clicked()", guard(lambda: self._decide(restore=True)))
        ui.setAsideButton.connect("clicked()", guard(lambda: self._decide(restore=False)))
        self._show()

    @property
    def state(self) -> RunState:
        """How far the run is."""
        return RunState.IDLE if self.run is None else self.run.state

    def press(self, kind: EventKind) -> None:
        """Do what a key says."""
        if self.run is not None:
            self.run.press(kind)
            self._hooks.pulse()

    def stop(self, why: str = "") -> None:
        """End the run; without a reason it says nothing."""
        if self.run is not None:
            self.run.stop(why)

    def set_options(self, options: LiveOptions) -> None:
        """Let a running session look and act differently."""
        if self.run is not None and self.run.live is not None:
            self.run.live.options = options

    def renew_keys(self) -> None:
        """Make the shortcuts anew: keys have changed."""
        if self._shortcuts is not None:
            self._shortcuts.close()
        window = slicer.util.mainWindow()
        self._shortcuts = None
        if window is not None:
            self._shortcuts = SessionShortcuts(window, self._guard(self.press))
        self._show()

    def leave(self) -> None:
        """Slicer shows another module: the keys are left to that one."""
        if self.state is RunState.RUNNING:
            self.press(EventKind.PAUSE)
            self._left_running = True
        if self._shortcuts is not None:
            self._shortcuts.close()
            self._shortcuts = None

    def come_back(self) -> None:
        """Slicer shows the module again."""
        self.renew_keys()
        if self._left_running and self.state is RunState.PAUSED:
            self.press(EventKind.RESUME)
        self._left_running = False

    def _start_or_stop(self) -> None:
        if self.state is not RunState.IDLE:
            self.stop(_("Stopped. What you accepted is in the segmentation."))
            return
        self._status.say(_("Getting ready …"))
        listener = RunListener(
            moved=self._moved,
            tell=self._status.say,
            progress=self._ui.prepareProgressBar.setValue,
        )
        run = SessionRun(self._hooks.choices(), self.shelf, listener)
        self.run = run
        run.start()

    def _decide(self, *, restore: bool) -> None:
        if self.run is not None:
            self.run.decide(restore=restore)

    def _moved(self, run: SessionRun) -> None:
        if run.state is RunState.IDLE:
            self.run = None
        if run.state is RunState.RUNNING:
            _leave_text_fields()
            accept = key_of(session_keys()[0])
            self._status.say(
                _("Look at a structure; {key} accepts its outline.").format(key=accept)
            )
        elif run.state is RunState.PAUSED:
            self._status.say(_("Paused."))
        elif run.state is RunState.ASKING and run.offer is not None:
            self._status.say(
                _("Earlier work on this scan was not saved: {count} steps, the last on {date}.")
                .format(count=run.offer.step_count, date=f"{run.offer.saved_at:%Y-%m-%d %H:%M}")
            )  # fmt: skip
        self._show()
        self._hooks.moved()

    def _show(self) -> None:
        ui, state = self._ui, self.state
        lives = state in (RunState.RUNNING, RunState.PAUSED)
        ui.startButton.setText(_("Start") if state is RunState.IDLE else _("Stop"))
        ui.pauseButton.setText(_("Go on") if state is RunState.PAUSED else _("Pause"))
        ui.pauseButton.setEnabled(lives)
        ui.prepareProgressBar.setVisible(state is RunState.PREPARING)
        ui.restoreButton.setVisible(state is RunState.ASKING)
        ui.setAsideButton.setVisible(state is RunState.ASKING)
        if state is RunState.PREPARING:
            ui.prepareProgressBar.setValue(0)
        if lives:
            self._signal.start()
        else:
            self._signal.stop()
        if self._shortcuts is not None:
            self._shortcuts.enable(
                paused=state is RunState.PAUSED, running=state is RunState.RUNNING
            )


def _leave_text_fields() -> None:
    """Take the keyboard out of a field that would take the keys for text."""
    window = slicer.util.mainWindow()
    if window is not None:
        window.setFocus()
