"""What would only have been printed: exceptions in slots and observers, errors of Qt and VTK."""

import re
import sys
import traceback
from types import TracebackType


class Problems:
    """Collects what went wrong without anybody being told.

    Inside Slicer an exception in a slot, an event handler or an observer is printed and the
    program goes on; so it is here, but a test can ask afterwards.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []

    def add(self, text: str) -> None:
        """Record and print one problem."""
        self._texts.append(text)
        sys.stderr.write(text.rstrip() + "\n")

    def take(self, pattern: str = "") -> list[str]:
        """Return the problems that contain the regular expression `pattern`, and forget them."""
        taken = [text for text in self._texts if re.search(pattern, text)]
        self._texts = [text for text in self._texts if text not in taken]
        return taken

    def unhandled(
        self, kind: type[BaseException], error: BaseException, where: TracebackType | None
    ) -> None:
        """Record an exception that nobody handles: this is ``sys.excepthook``."""
        sys.last_type = sys.last_value = sys.last_traceback = None  # they would hold its frames
        self.add("".join(traceback.format_exception(kind, error, where)))


PROBLEMS = Problems()
