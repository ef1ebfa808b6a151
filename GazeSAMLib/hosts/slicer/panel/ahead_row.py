"""How far the segmenter is with preparing slices, and a button that lets it wait."""

from typing import Any

from slicer.i18n import tr as _

from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.looking_ahead import LookingAhead


class AheadRow:
    """Shows what is prepared while a session runs.

    Parameters
    ----------
    ui : object
        Widgets by name.
    guard : Guard
        For slots.
    """

    def __init__(self, ui: Any, guard: Guard) -> None:  # noqa: ANN401 - made by Slicer
        self._bar, self._button = ui.aheadProgressBar, ui.aheadPauseButton
        self._ahead: LookingAhead | None = None
        self._button.connect("clicked()", guard(self._pause_or_go_on))
        self.show(None)

    def show(self, ahead: LookingAhead | None) -> None:
        """Show how far it is; None where nothing is prepared."""
        self._ahead = ahead
        progress = None if ahead is None else ahead.progress
        is_there = ahead is not None and progress is not None and progress.total > 0
        self._bar.setVisible(is_there)
        self._button.setVisible(is_there)
        if ahead is None or progress is None or not is_there:
            return
        self._bar.setMaximum(progress.total)
        self._bar.setValue(progress.done)
        self._button.setText(_("Go on") if ahead.is_paused else _("Wait"))
        self._button.setEnabled(ahead.is_paused or progress.done < progress.total)
        done = _("%v of %m slices prepared")
        if progress.done == progress.total:
            self._bar.format = done
        elif ahead.is_paused:
            self._bar.format = _("{done}, waiting").format(done=done)
        elif progress.left_s < 0.0:
            self._bar.format = done
        else:
            left = time_left(progress.left_s)
            self._bar.format = _("{done}, {left} left").format(done=done, left=left)

    def _pause_or_go_on(self) -> None:
        if self._ahead is not None:
            self._ahead.pause(paused=not self._ahead.is_paused)
            self.show(self._ahead)


def time_left(left_s: float) -> str:
    """Return a duration as people say it, rounded up."""
    if left_s < 60.0:
        return _("{count} s").format(count=int(left_s) + 1)
    if left_s < 3600.0:
        return _("{count} min").format(count=int(left_s / 60.0) + 1)
    return _("{count:.1f} h").format(count=left_s / 3600.0)
