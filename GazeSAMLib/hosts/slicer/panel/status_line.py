"""The panel's status line: one sentence, always the newest."""

from typing import Any


class StatusLine:
    """Shows sentences in a label.

    Parameters
    ----------
    label : QLabel
        Where.
    """

    def __init__(self, label: Any) -> None:  # noqa: ANN401 - made by Slicer
        self._label = label

    def say(self, text: str) -> None:
        """Show a sentence."""
        if self._label.text != text:
            self._label.setText(text)
