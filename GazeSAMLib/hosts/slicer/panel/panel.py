"""The panel: its sections, and what goes from one to another."""

from typing import Any

import slicer
from slicer.i18n import tr as _

from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.hosts.slicer.edit_rules import Overwrite
from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.journal_shelf import JournalShelf
from GazeSAMLib.hosts.slicer.panel.ahead_row import AheadRow
from GazeSAMLib.hosts.slicer.panel.choices import Choices
from GazeSAMLib.hosts.slicer.panel.engine_section import EngineSection
from GazeSAMLib.hosts.slicer.panel.export_section import ExportSection
from GazeSAMLib.hosts.slicer.panel.gaze_section import GazeChoice, GazeSection
from GazeSAMLib.hosts.slicer.panel.keys_section import KeysSection
from GazeSAMLib.hosts.slicer.panel.record_section import Recordable, RecordSection
from GazeSAMLib.hosts.slicer.panel.scan_section import ScanSection
from GazeSAMLib.hosts.slicer.panel.session_section import SessionHooks, SessionSection
from GazeSAMLib.hosts.slicer.panel.slices_row import SlicesRow
from GazeSAMLib.hosts.slicer.panel.status_line import StatusLine
from GazeSAMLib.hosts.slicer.run_choices import RunChoices
from GazeSAMLib.hosts.slicer.session_parts import LiveOptions
from GazeSAMLib.hosts.slicer.session_run import SEGMENTATION_DELETED, RunState
from GazeSAMLib.hosts.slicer.settings import data_folder
from GazeSAMLib.hosts.slicer.views import likeliest_volume, show_volume
from GazeSAMLib.prompts.policy import collect_looks, latest_look
from GazeSAMLib.session import SessionOptions
from GazeSAMLib.signals.chain import SignalOptions
from GazeSAMLib.signals.drift import DriftCorrection


class Panel:
    """Everything behind the widgets of ``GazeSAM.ui``.

    Parameters
    ----------
    ui : object
        Widgets by name.
    logic : GazeSAMLogic
        Gives the parameter node.

    Attributes
    ----------
    status : StatusLine
        Where sentences go.
    choices : Choices
        The user's choices.
    session : SessionSection
        Runs sessions.
    """

    def __init__(self, ui: Any, logic: Any) -> None:  # noqa: ANN401 - made by Slicer
        self.status = StatusLine(ui.statusLabel)
        guard = Guard(self.status.say)
        self._gaze_choice: GazeChoice | None = None
        self.choices = Choices(ui, logic, guard(self._choices_changed))
        self._scan = ScanSection(ui, self.choices, guard, self._segments_changed)
        self._gaze = GazeSection(ui, guard, self.status)
        self._engine = EngineSection(ui, self.choices, guard, self.status)
        self.session = SessionSection(
            ui,
            guard,
            self.status,
            JournalShelf(data_folder() / "journals"),
            SessionHooks(self._run_choices, self._session_moved, self._session_pulse),
        )
        self._slices = SlicesRow(ui, guard, self.status.say)
        self._ahead = AheadRow(ui, guard)
        self._keys = KeysSection(ui, guard, self.session.renew_keys)
        self._record = RecordSection(ui, guard, self._recordable)
        self._export = ExportSection(ui, self.choices, guard, self.status, self.session)
        self._ui = ui

    def enter(self) -> None:
        """Slicer shows the module."""
        if self.choices.parameters is None:
            self.choices.bind()
        else:
            self.choices.name_engines()
        parameters = self.choices.parameters
        if parameters is not None and parameters.volume is None:
            parameters.volume = likeliest_volume()
        self._gaze.refresh()
        self._engine.refresh()
        self._choices_changed()
        self.session.come_back()

    def exit(self) -> None:
        """Slicer shows another module: the session pauses, and its keys are left to that one."""
        self._gaze.release()
        self.session.leave()

    def scene_closes(self) -> None:
        """Slicer is about to close the scene."""
        self.session.stop(_("The scene was closed."))
        self.session.shelf.tidy_saved(slicer.mrmlScene)
        self._scan.release()
        self.choices.release()

    def cleanup(self) -> None:
        """Slicer ends, or the module is reloaded."""
        self.session.stop()
        self.session.shelf.tidy_saved(slicer.mrmlScene)
        self.session.leave()
        self._gaze.release()
        self._scan.release()
        self.choices.release()

    def _choices_changed(self) -> None:
        parameters = self.choices.parameters
        if parameters is None:
            return
        self._scan.refresh()
        self._engine.follow()
        self.session.set_options(
            LiveOptions(
                parameters.previewOpacity,
                parameters.dwellMs if parameters.dwell else None,
                parameters.showTrail,
                parameters.showHeatMap,
            )
        )
        run = self.session.run
        workplace = None if run is None else run.workplace
        if workplace is None:
            return
        if parameters.segmentation is workplace.node:
            workplace.live.events.use_segment(parameters.segmentId)
        elif parameters.segmentation is None:
            self.session.stop(SEGMENTATION_DELETED)
        else:
            self.session.stop(_("Another segmentation was chosen: press Start to go on with it."))

    def _segments_changed(self) -> None:
        run = self.session.run
        if run is not None and run.live is not None:
            run.live.events.refresh_segments()

    def _run_choices(self) -> RunChoices:
        parameters = self.choices.parameters
        if parameters is None:
            raise GazeSAMError(_("the module is not open: choose it again in the module list"))
        gaze = self._gaze_choice = self._gaze.choice()
        show_volume(parameters.volume)
        signals = SignalOptions(
            drift=DriftCorrection(gaze.offset_deg), min_cutoff_hz=parameters.smoothingHz
        )
        return RunChoices(
            parameters.volume,
            parameters.segmentation,
            self._engine.choice(),
            gaze.display,
            gaze.feed,
            SessionOptions(
                signals,
                collect_looks if parameters.addLooksUp else latest_look,
                gaze.accuracy_deg,
            ),
            gaze.corrections,
            self._overwrite,
        )

    def _overwrite(self) -> Overwrite:
        parameters = self.choices.parameters
        return Overwrite.KEEP if parameters is None else Overwrite(parameters.overwrite)

    def _session_moved(self) -> None:
        """Show that the run has another state."""
        run, parameters = self.session.run, self.choices.parameters
        workplace = None if run is None else run.workplace
        idle = self.session.state is RunState.IDLE
        self._scan.rest(resting=self.session.state in (RunState.IDLE, RunState.PAUSED))
        self._gaze.set_enabled(enabled=idle)
        self._engine.set_enabled(enabled=idle)
        self._ui.volumeSelector.setEnabled(idle)
        self._record.set_enabled(enabled=workplace is not None)
        if workplace is not None and parameters is not None:
            workplace.live.events.use_segment(parameters.segmentId)
            parameters.segmentation = workplace.node
            self._choices_changed()
        self._session_pulse()

    def _session_pulse(self) -> None:
        """Show what a running session has come to."""
        run, parameters = self.session.run, self.choices.parameters
        live = None if run is None else run.live
        self._gaze.show_signal(live)
        self._ahead.show(None if live is None or run is None else run.room.ahead)
        self._slices.show(None if live is None else live.slices)
        if live is not None and parameters is not None:
            segment_id = live.events.segment_id
            if parameters.segmentId != segment_id:
                parameters.segmentId = segment_id

    def _recordable(self) -> Recordable | None:
        run, gaze = self.session.run, self._gaze_choice
        if run is None or run.live is None or gaze is None:
            return None
        return Recordable(run.live, gaze.monitor, gaze.feed, run.scan_digest)
