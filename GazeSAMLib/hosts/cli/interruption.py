"""Ctrl-C that lets the step at hand finish, so that nothing accepted is half done."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Self

from GazeSAMLib.errors import GazeSAMError


class CancelledError(GazeSAMError):
    """Ctrl-C was pressed before there was anything to save."""


class Interruption:
    """While it is entered, the first Ctrl-C is noted in `requested`; a second one stops at once.

    Attributes
    ----------
    requested : bool
        Whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.requested = False

    def __enter__(self) -> Self:
        # Python delivers signals to the main thread alone; elsewhere there is nothing to catch.
        self._catches = threading.current_thread() is threading.main_thread()
        if self._catches:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._catches:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
