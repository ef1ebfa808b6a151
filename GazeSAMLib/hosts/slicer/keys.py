"""The keys of a session: which they are, and when they work."""

from collections.abc import Callable
from dataclasses import dataclass

import qt
from slicer.i18n import tr as _

from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.gaze.event import EventKind
from GazeSAMLib.hosts.slicer.settings import forget_setting, keep_setting, setting


@dataclass(frozen=True, slots=True)
class SessionKey:
    """What one key does.

    Attributes
    ----------
    kind : EventKind
        The event that it is.
    label : str
        What it does, for people.
    default : str
        The key, as Qt names it.
    repeats : bool
        Whether holding it down repeats it.
    """

    kind: EventKind
    label: str
    default: str
    repeats: bool = False


def session_keys() -> list[SessionKey]:
    """Return all keys, in the order in which the panel lists them."""
    return [
        SessionKey(EventKind.ACCEPT, _("Accept"), "Space"),
        SessionKey(EventKind.ACCEPT_REMOVE, _("Take away"), "Shift+Space"),
        SessionKey(EventKind.NEGATIVE, _("Not this"), "N"),
        SessionKey(EventKind.BOX_CORNER, _("Box corner"), "B"),
        SessionKey(EventKind.LARGER, _("Larger"), "+"),
        SessionKey(EventKind.SMALLER, _("Smaller"), "-"),
        SessionKey(EventKind.CLEAR, _("Clear"), "Esc"),
        SessionKey(EventKind.UNDO, _("Undo"), "Z"),
        SessionKey(EventKind.REDO, _("Redo"), "Shift+Z"),
        SessionKey(EventKind.NEXT_SLICE, _("Next slice"), "Down", repeats=True),
        SessionKey(EventKind.PREVIOUS_SLICE, _("Previous slice"), "Up", repeats=True),
        SessionKey(EventKind.NEXT_SEGMENT, _("Next segment"), "Tab"),
        SessionKey(EventKind.PREVIOUS_SEGMENT, _("Previous segment"), "Shift+Tab"),
        SessionKey(EventKind.PROPAGATE, _("Propagate"), "P"),
        SessionKey(EventKind.DRIFT, _("I look at the pointer"), "D"),
        SessionKey(EventKind.PAUSE, _("Pause"), "F"),
    ]


def key_of(key: SessionKey) -> str:
    """Return the key that the user has chosen, as Qt names it."""
    return setting(f"Keys/{key.kind}", key.default)


def choose_key(key: SessionKey, sequence: str) -> None:
    """Give an action another key.

    Raises
    ------
    GazeSAMError
        If the key is empty or does something else already.
    """
    if not sequence:
        raise GazeSAMError(_("press a key for '{action}'").format(action=key.label))
    for other in session_keys():
        if other.kind is not key.kind and key_of(other).lower() == sequence.lower():
            raise GazeSAMError(
                _("the key {key} is that of '{action}': choose another one").format(
                    key=sequence, action=other.label
                )
            )
    keep_setting(f"Keys/{key.kind}", sequence)


def forget_keys() -> None:
    """Go back to the default keys."""
    for key in session_keys():
        forget_setting(f"Keys/{key.kind}")


class SessionShortcuts:
    """The keys as shortcuts of the main window; they work only while a session lives.

    Parameters
    ----------
    window : QWidget
        Slicer's main window.
    pressed : callable
        Called with the event of the key.
    """

    def __init__(self, window: "qt.QWidget", pressed: Callable[[EventKind], None]) -> None:
        self._shortcuts = {key.kind: _shortcut(window, key, pressed) for key in session_keys()}
        self.enable(running=False, paused=False)

    def enable(self, *, running: bool, paused: bool) -> None:
        """Let the keys work that have a meaning now; the others are left to the rest of Slicer."""
        for kind, shortcut in self._shortcuts.items():
            shortcut.setEnabled(running or (paused and kind is EventKind.PAUSE))

    def close(self) -> None:
        """Remove the shortcuts."""
        for shortcut in self._shortcuts.values():
            shortcut.setEnabled(False)
            shortcut.setParent(None)
            shortcut.deleteLater()
        self._shortcuts = {}


def _shortcut(
    window: "qt.QWidget", key: SessionKey, pressed: Callable[[EventKind], None]
) -> "qt.QShortcut":
    shortcut = qt.QShortcut(qt.QKeySequence(key_of(key)), window)
    # The reader's eyes are on the views, the focus may be anywhere.
    shortcut.setContext(qt.Qt.ApplicationShortcut)
    shortcut.setAutoRepeat(key.repeats)
    shortcut.connect("activated()", lambda: pressed(key.kind))
    # Another module may have taken the same key.
    shortcut.connect("activatedAmbiguously()", lambda: pressed(key.kind))
    return shortcut
