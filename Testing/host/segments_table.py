"""Stand-ins for the widgets of Slicer that list the segments of a segmentation."""

from typing import Any

import slicer
from PySide6.QtCore import Property, QItemSelection, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from Testing.host.ctk_widgets import stored
from Testing.host.mrml_widgets import qMRMLWidget
from Testing.host.pythonqt import plays_native

EVENTS = (
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
    slicer.vtkSegmentation.SegmentsOrderModified,
)
VISIBLE, COLOR, NAME = range(3)


class _Segments:
    """The segments of a node, and a call whenever they change."""

    def __init__(self, changed: Any) -> None:
        self.node: Any = None
        self._changed = changed
        self._observers: list[tuple[Any, int]] = []

    def set_node(self, node: Any) -> None:
        for subject, tag in self._observers:
            subject.RemoveObserver(tag)
        self._observers = []
        self.node = node
        if node is not None:
            segmentation = node.GetSegmentation()
            for subject, event in [(segmentation, event) for event in EVENTS]:
                self._observers.append((subject, subject.AddObserver(event, self._on_change)))
            event = slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent
            self._observers.append((node, node.AddObserver(event, self._on_change)))
        self._changed()

    def _on_change(self, caller: Any, event: str) -> None:
        self._changed()

    def ids(self) -> list[str]:
        return list(self.node.GetSegmentation().GetSegmentIDs()) if self.node is not None else []

    def segment(self, segment_id: str) -> Any:
        return self.node.GetSegmentation().GetSegment(segment_id)


@plays_native
class qMRMLSegmentsTableView(qMRMLWidget):
    """A row for each segment: shown or not, colour, name; names can be edited."""

    selectionChanged = Signal(QItemSelection, QItemSelection)
    segmentAboutToBeModified = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._segments = _Segments(self._fill)
        self._ids: list[str] = []
        self._filling = False
        self._table = QTableWidget(0, 3, self)
        self._table.setHorizontalHeaderLabels(["", "Color", "Name"])
        self._table.verticalHeader().hide()
        self._table.horizontalHeader().setStretchLastSection(True)
        self._table.setColumnWidth(VISIBLE, 28)
        self._table.setColumnWidth(COLOR, 44)
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._table)
        self._table.itemChanged.connect(self._on_edited)
        self._table.selectionModel().selectionChanged.connect(self._on_selection)

    def _on_selection(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        if not self._filling:
            self.selectionChanged.emit(selected, deselected)

    def _fill(self) -> None:
        chosen, before = self.selectedSegmentIDs(), self._ids
        self._filling = True
        self._ids = self._segments.ids()
        if before != self._ids:
            self._table.clearSelection()
        self._table.setRowCount(len(self._ids))
        for row, segment_id in enumerate(self._ids):
            self._fill_row(row, segment_id)
        if before != self._ids:
            self.setSelectedSegmentIDs(chosen)
        self._filling = False
        if self.selectedSegmentIDs() != chosen:
            self.selectionChanged.emit(QItemSelection(), QItemSelection())

    def _fill_row(self, row: int, segment_id: str) -> None:
        segment = self._segments.segment(segment_id)
        shown, color, name = (self._item(row, column) for column in (VISIBLE, COLOR, NAME))
        display = self._segments.node.GetDisplayNode()
        visible = display is None or display.GetSegmentVisibility(segment_id)
        shown.setCheckState(Qt.CheckState.Checked if visible else Qt.CheckState.Unchecked)
        color.setData(Qt.ItemDataRole.DecorationRole, QColor.fromRgbF(*segment.GetColor()))
        name.setText(segment.GetName())
        name.setToolTip(segment_id)

    def _item(self, row: int, column: int) -> QTableWidgetItem:
        if self._table.item(row, column) is None:
            self._table.setItem(row, column, QTableWidgetItem())
        return self._table.item(row, column)

    def _on_edited(self, item: QTableWidgetItem) -> None:
        if self._filling:
            return
        segment_id = self._ids[item.row()]
        if item.column() == NAME:
            self.segmentAboutToBeModified.emit(segment_id)
            self._segments.segment(segment_id).SetName(item.text())
        elif item.column() == VISIBLE and self._segments.node.GetDisplayNode():
            visible = item.checkState() == Qt.CheckState.Checked
            self._segments.node.GetDisplayNode().SetSegmentVisibility(segment_id, visible)

    def tableWidget(self) -> QTableWidget:
        return self._table

    def segmentationNode(self) -> Any:
        return self._segments.node

    def setSegmentationNode(self, node: Any) -> None:
        if node is not self._segments.node:
            self._segments.set_node(node)

    def selectedSegmentIDs(self) -> tuple[str, ...]:
        rows = sorted(index.row() for index in self._table.selectionModel().selectedRows())
        return tuple(self._ids[row] for row in rows if row < len(self._ids))

    def setSelectedSegmentIDs(self, segment_ids: Any) -> None:
        model, table = self._table.selectionModel(), self._table.model()
        chosen = QItemSelection()
        for segment_id in segment_ids:
            if segment_id in self._ids:
                row = self._ids.index(segment_id)
                chosen.select(table.index(row, VISIBLE), table.index(row, NAME))
        model.select(chosen, model.SelectionFlag.ClearAndSelect)

    def clearSelection(self) -> None:
        self._table.clearSelection()

    def rowForSegmentID(self, segment_id: str) -> int:
        return self._ids.index(segment_id) if segment_id in self._ids else -1

    def segmentIDForRow(self, row: int) -> str:
        return self._ids[row]

    def displayedSegmentIDs(self) -> tuple[str, ...]:
        return tuple(self._ids)

    def setSelectionMode(self, mode: int) -> None:
        self._table.setSelectionMode(QAbstractItemView.SelectionMode(mode))

    def setReadOnly(self, read_only: bool) -> None:
        triggers = QAbstractItemView.EditTrigger
        self._table.setEditTriggers(
            triggers.NoEditTriggers if read_only else triggers.DoubleClicked
        )

    segmentCount = Property(int, lambda self: len(self._ids))
    selectionMode = Property(int, lambda self: self._table.selectionMode.value, setSelectionMode)
    readOnly = Property(
        bool,
        lambda self: not self._table.editTriggers.value,
        setReadOnly,
    )
    headerVisible = stored(bool, "headerVisible", True)
    visibilityColumnVisible = stored(bool, "visibilityColumnVisible", True)
    colorColumnVisible = stored(bool, "colorColumnVisible", True)
    opacityColumnVisible = stored(bool, "opacityColumnVisible", True)
    statusColumnVisible = stored(bool, "statusColumnVisible", True)
    layerColumnVisible = stored(bool, "layerColumnVisible", False)
    filterBarVisible = stored(bool, "filterBarVisible", False)
    textFilter = stored(str, "textFilter", "")
    jumpToSelectedSegmentEnabled = stored(bool, "jumpToSelectedSegmentEnabled", False)
    useTerminologySelector = stored(bool, "useTerminologySelector", True)


@plays_native
class qMRMLSegmentSelectorWidget(qMRMLWidget):
    """A list of segments, one of them chosen."""

    currentSegmentChanged = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._segments = _Segments(self._fill)
        self._box = QComboBox(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._box.currentIndexChanged.connect(self._on_chosen)

    def _on_chosen(self) -> None:
        self.currentSegmentChanged.emit(self.currentSegmentID())

    def _fill(self) -> None:
        chosen = self.currentSegmentID()
        blocked = self._box.blockSignals(True)
        self._box.clear()
        for segment_id in self._segments.ids():
            self._box.addItem(self._segments.segment(segment_id).GetName(), segment_id)
        self._box.setCurrentIndex(max(0, self._box.findData(chosen)))
        self._box.blockSignals(blocked)
        if self.currentSegmentID() != chosen:
            self._on_chosen()

    def currentSegmentID(self) -> str:
        return self._box.currentData() or ""

    def setCurrentSegmentID(self, segment_id: str) -> None:
        self._box.setCurrentIndex(self._box.findData(segment_id))

    def currentNode(self) -> Any:
        return self._segments.node

    def setCurrentNode(self, node: Any) -> None:
        self._segments.set_node(node)
