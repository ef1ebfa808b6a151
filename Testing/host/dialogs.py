"""Dialogs that would wait for a person: recorded, and answered at once."""

from dataclasses import dataclass, field
from typing import Any

from PySide6.QtWidgets import QColorDialog, QDialog, QFileDialog, QInputDialog, QMessageBox

POSITIVE = (
    QMessageBox.StandardButton.Yes,
    QMessageBox.StandardButton.Ok,
    QMessageBox.StandardButton.Retry,
    QMessageBox.StandardButton.Save,
)


@dataclass(frozen=True)
class Popup:
    """A dialog that appeared.

    Attributes
    ----------
    kind : str
        Its class, or the function that showed it.
    text : str
        What it said.
    """

    kind: str
    text: str


@dataclass
class Dialogs:
    """What appeared, and what to answer next.

    Attributes
    ----------
    shown : list of Popup
    answers : list
        For each dialog to come the path, text, colour or button that it returns. Without one a
        question is answered with its first positive button, and anything else is cancelled.
    """

    shown: list[Popup] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    def clear(self) -> None:
        self.shown.clear()
        self.answers.clear()

    def answer(self, kind: str, text: str, otherwise: Any) -> Any:
        """Record a dialog and return its answer."""
        self.shown.append(Popup(kind, text))
        return self.answers.pop(0) if self.answers else otherwise

    def install(self) -> None:
        """Take over every way to show a dialog."""
        QDialog.exec = QDialog.exec_ = lambda dialog: self._exec(dialog)
        QMessageBox.exec = QMessageBox.exec_ = lambda box: self._exec_message(box)
        for name in ("information", "warning", "critical", "question", "about"):
            setattr(QMessageBox, name, staticmethod(self._message(name)))
        for name in ("getOpenFileName", "getSaveFileName"):
            setattr(QFileDialog, name, staticmethod(self._file(name)))
        QFileDialog.getExistingDirectory = staticmethod(
            lambda parent=None, caption="", *rest: self.answer("getExistingDirectory", caption, "")
        )
        QInputDialog.getText = staticmethod(
            lambda parent=None, title="", label="", *rest: self.answer("getText", label, "")
        )
        QColorDialog.getColor = staticmethod(
            lambda *arguments: self.answer("getColor", "", QColorDialog().currentColor)
        )

    def _exec(self, dialog: QDialog) -> int:
        return int(self.answer(type(dialog).__name__, dialog.windowTitle, 0))

    def _exec_message(self, box: QMessageBox) -> Any:
        offered = [button for button in POSITIVE if box.standardButtons & button]
        otherwise = offered[0] if offered else QMessageBox.StandardButton.Ok
        return self.answer(type(box).__name__, box.text, otherwise)

    def _message(self, name: str) -> Any:
        otherwise = QMessageBox.StandardButton.Yes
        if name != "question":
            otherwise = QMessageBox.StandardButton.Ok
        return lambda parent, title, text, *rest: self.answer(name, text, otherwise)

    def _file(self, name: str) -> Any:
        # PythonQt returns the path alone.
        return lambda parent=None, caption="", *rest: self.answer(name, caption, "")
