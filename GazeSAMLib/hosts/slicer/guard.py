"""What slots and observers raise becomes one sentence in the panel: Qt would only print it."""

import inspect
import logging
from collections.abc import Callable

from slicer.i18n import tr as _

from GazeSAMLib.errors import GazeSAMError


class Guard:
    """Wraps what Qt and VTK call.

    Parameters
    ----------
    tell : callable
        Takes a sentence for the reader.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def __call__(self, slot: Callable[..., object]) -> Callable[..., None]:
        """Return `slot` with its errors told instead of raised."""

        def guarded(*arguments: object) -> None:
            try:
                slot(*arguments)
            except GazeSAMError as error:
                self._tell(sentence(str(error)))
            except Exception as error:
                logging.exception("GazeSAM")
                self._tell(
                    _("Something unexpected happened ({error}); the error log has the details.")
                    .format(error=f"{type(error).__name__}: {error}")
                )  # fmt: skip

        # PythonQt hands over as many arguments as a slot takes, and does not call it at all where
        # one of them is of a type that Python does not know.
        return guarded if inspect.signature(slot).parameters else lambda: guarded()


def sentence(text: str) -> str:
    """Return an error's message as a sentence: with a capital letter and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
