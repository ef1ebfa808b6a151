"""The section "Keys", and the list of keys that a reader has in view."""

from collections.abc import Callable
from html import escape
from itertools import zip_longest
from typing import Any

import qt
from slicer.i18n import tr as _

from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.hosts.slicer.keys import (
    SessionKey,
    choose_key,
    forget_keys,
    key_of,
    session_keys,
)


class KeysSection:
    """Lists the keys, and lets them be changed.

    Parameters
    ----------
    ui : object
        Widgets by name.
    guard : Guard
        For slots.
    changed : callable
        Called when a key has changed.
    """

    def __init__(self, ui: Any, guard: Guard, changed: Callable[[], None]) -> None:  # noqa: ANN401
        self._ui, self._changed = ui, changed
        self._edits: list[tuple[SessionKey, qt.QKeySequenceEdit]] = []
        layout = ui.keysSection.layout()
        for row, key in enumerate(session_keys()):
            edit = qt.QKeySequenceEdit()
            edit.setToolTip(
                _("Click here and press the new key for: {action}").format(action=key.label)
            )
            edit.connect("editingFinished()", guard(self._chooser(key, edit)))
            layout.insertRow(row, key.label + ":", edit)
            self._edits.append((key, edit))
        ui.resetKeysButton.connect("clicked()", guard(self._reset))
        self._show()

    def _chooser(self, key: SessionKey, edit: "qt.QKeySequenceEdit") -> Callable[[], None]:
        def choose() -> None:
            sequence = edit.keySequence.toString()
            if sequence == key_of(key):
                return
            try:
                choose_key(key, sequence)
            finally:
                self._show()
            self._changed()

        return choose

    def _reset(self) -> None:
        forget_keys()
        self._show()
        self._changed()

    def _show(self) -> None:
        for key, edit in self._edits:
            edit.setKeySequence(qt.QKeySequence(key_of(key)))
        self._ui.keysSummaryLabel.setText(_table(session_keys()))


def _table(keys: list[SessionKey]) -> str:
    """Return the keys as a table of two columns, read down, as rich text."""
    cells = [
        f"<td><b>{escape(key_of(key))}</b>&nbsp;</td><td>{escape(key.label)}&nbsp;&nbsp;</td>"
        for key in keys
    ]
    half = (len(cells) + 1) // 2
    rows = zip_longest(cells[:half], cells[half:], fillvalue="")
    return "<table>" + "".join(f"<tr>{left}{right}</tr>" for left, right in rows) + "</table>"
