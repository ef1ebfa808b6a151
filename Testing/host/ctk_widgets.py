"""Stand-ins for the widgets of CTK that a panel may use: module ``ctk``.

They have CTK's properties, methods and signals as far as a panel uses them, not its looks.
"""

from typing import Any

from PySide6.QtCore import Property, QEvent, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from Testing.host.pythonqt import plays_native

QWIDGETSIZE_MAX = 16777215
HIDDEN = "hiddenToParent"


def stored(kind: Any, name: str, first: Any) -> Property:
    """Return a Qt property that is kept and has no other effect."""
    key = f"_{name}"
    return Property(
        kind,
        lambda self: self.__dict__.get(key, first),
        lambda self, value: self.__dict__.__setitem__(key, value),
    )


def _child_widgets(widget: QWidget) -> list[QWidget]:
    return [child for child in widget.children() if isinstance(child, QWidget)]


@plays_native
class ctkCollapsibleButton(QWidget):
    """A bar that shows and hides what lies below it.

    What others show or hide below it while it is collapsed is so when it is opened, as in CTK.
    """

    contentsCollapsed = Signal(bool)
    toggled = Signal(bool)
    clicked = Signal(bool)

    BAR_HEIGHT = 26

    def __init__(self, *arguments: Any) -> None:
        parent = next((one for one in arguments if isinstance(one, QWidget)), None)
        super().__init__(parent)
        self._collapsed = False
        self._watched: list[QWidget] = []
        self._forcing = False
        self._bar = QToolButton(self)
        self._bar.setObjectName("ctkCollapsibleButtonBar")
        self._bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._bar.setArrowType(Qt.ArrowType.DownArrow)
        self._bar.clicked.connect(self._on_clicked)
        self._bar.setText(next((one for one in arguments if isinstance(one, str)), ""))
        self.setContentsMargins(0, self.BAR_HEIGHT, 0, 0)

    def resizeEvent(self, event: Any) -> None:
        self._bar.setGeometry(0, 0, self.width, self.BAR_HEIGHT)

    def _on_clicked(self) -> None:
        self.setCollapsed(not self._collapsed)
        self.clicked.emit(not self._collapsed)

    def setCollapsed(self, collapsed: bool) -> None:
        if collapsed == self._collapsed:
            return
        self._collapsed = collapsed
        self._bar.setArrowType(Qt.ArrowType.RightArrow if collapsed else Qt.ArrowType.DownArrow)
        self.setMaximumHeight(self.BAR_HEIGHT if collapsed else QWIDGETSIZE_MAX)
        self._follow()
        self.contentsCollapsed.emit(collapsed)
        self.toggled.emit(not collapsed)

    def showEvent(self, event: Any) -> None:
        self._follow()  # a .ui file adds the contents later than it says that

    def eventFilter(self, child: QWidget, event: QEvent) -> bool:
        shown_or_hidden = (QEvent.Type.ShowToParent, QEvent.Type.HideToParent)
        if not self._forcing and event.type() in shown_or_hidden:
            child.setProperty(HIDDEN, event.type() == QEvent.Type.HideToParent)
            self._show_or_hide(child)
        return False

    def _follow(self) -> None:
        for child in self._contents():
            if child not in self._watched:
                self._watched.append(child)
                explicit = child.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide)
                # Before it is shown, all counts as hidden.
                child.setProperty(HIDDEN, explicit and child.isHidden())
                child.installEventFilter(self)
            self._show_or_hide(child)

    def _show_or_hide(self, child: QWidget) -> None:
        self._forcing = True
        child.setVisible(not (self._collapsed or child.property(HIDDEN)))
        if not child.property(HIDDEN):
            child.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
        self._forcing = False

    def _contents(self) -> list[QWidget]:
        return [child for child in _child_widgets(self) if child is not self._bar]

    def setChecked(self, checked: bool) -> None:
        self.setCollapsed(not checked)

    def isChecked(self) -> bool:
        return not self._collapsed

    def setText(self, text: str) -> None:
        self._bar.setText(text)

    collapsed = Property(bool, lambda self: self._collapsed, setCollapsed)
    checked = Property(bool, isChecked, setChecked)
    text = Property(str, lambda self: self._bar.text, setText)
    collapsedHeight = stored(int, "collapsedHeight", 10)
    contentsFrameShape = stored(int, "contentsFrameShape", 0)
    contentsFrameShadow = stored(int, "contentsFrameShadow", 0)
    contentsLineWidth = stored(int, "contentsLineWidth", 1)
    flat = stored(bool, "flat", False)


@plays_native
class ctkCollapsibleGroupBox(QGroupBox):
    """A group box whose check box shows and hides its contents."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.setCheckable(True)
        self.toggled.connect(self._show_contents)

    def _show_contents(self, shown: bool) -> None:
        for child in _child_widgets(self):
            child.setVisible(shown)

    def setCollapsed(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    collapsed = Property(bool, lambda self: not self.isChecked(), setCollapsed)
    collapsedHeight = stored(int, "collapsedHeight", 14)


@plays_native
class ctkDoubleSpinBox(QDoubleSpinBox):
    """A spin box; CTK's own extras are not used by panels."""


@plays_native
class ctkComboBox(QComboBox):
    """A combo box that can show a text while nothing is chosen."""

    defaultText = stored(str, "defaultText", "")


@plays_native
class ctkPushButton(QPushButton):
    """A push button."""


@plays_native
class ctkCheckBox(QCheckBox):
    """A check box."""


@plays_native
class ctkColorPickerButton(QPushButton):
    """A button that shows a colour and lets the user choose another."""

    colorChanged = Signal(QColor)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._color = QColor("black")
        self.clicked.connect(self._choose)

    def _choose(self) -> None:
        chosen = QColorDialog.getColor(self._color, self)
        if chosen.isValid():
            self.setColor(chosen)

    def setColor(self, color: QColor) -> None:
        if color != self._color:
            self._color = QColor(color)
            self.setText(color.name())
            self.colorChanged.emit(self._color)

    color = Property(QColor, lambda self: QColor(self._color), setColor)
    displayColorName = stored(bool, "displayColorName", True)
    dialogOptions = stored(int, "dialogOptions", 0)


class _PathField(QWidget):
    """A line for a path and a button that opens a dialog."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QLineEdit(self)
        self._button = QPushButton("…", self)
        self._button.setMaximumWidth(30)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._line, 1)
        layout.addWidget(self._button)


@plays_native
class ctkPathLineEdit(_PathField):
    """A path that can be typed or chosen."""

    Dirs, Files = 0x001, 0x002  # as in QDir
    currentPathChanged = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line.textChanged.connect(self.currentPathChanged.emit)
        self._button.clicked.connect(self.browse)

    def browse(self) -> None:
        if self.filters & 1:  # QDir.Dirs
            chosen = QFileDialog.getExistingDirectory(self, "", self.currentPath)
        else:
            chosen = QFileDialog.getOpenFileName(self, "", self.currentPath)[0]
        if chosen:
            self.setCurrentPath(chosen)

    def setCurrentPath(self, path: str) -> None:
        self._line.setText(path)

    def addCurrentPathToHistory(self) -> None:
        """Keep no history."""

    currentPath = Property(str, lambda self: self._line.text, setCurrentPath)
    filters = stored(int, "filters", 2)
    nameFilters = stored("QStringList", "nameFilters", [])
    settingKey = stored(str, "settingKey", "")
    showHistoryButton = stored(bool, "showHistoryButton", True)


@plays_native
class ctkDirectoryButton(_PathField):
    """A folder, shown on a button that opens a dialog."""

    directoryChanged = Signal(str)
    directorySelected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line.setReadOnly(True)
        self._button.clicked.connect(self.browse)

    def browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.caption, self._line.text)
        if chosen:
            self.setDirectory(chosen)
            self.directorySelected.emit(chosen)

    def setDirectory(self, path: str) -> None:
        if path != self._line.text:
            self._line.setText(path)
            self.directoryChanged.emit(path)

    directory = Property(str, lambda self: self._line.text, setDirectory)
    caption = stored(str, "caption", "")
    text = stored(str, "text", "")


@plays_native
class ctkMessageBox(QMessageBox):
    """A message box; what it would show is recorded by the host instead."""

    dontShowAgainVisible = stored(bool, "dontShowAgainVisible", False)
    dontShowAgainSettingsKey = stored(str, "dontShowAgainSettingsKey", "")


@plays_native
class ctkExpandableWidget(QWidget):
    """A widget whose height can be dragged."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        QVBoxLayout(self)
