"""A stand-in for CTK's slider with a spin box."""

from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

from Testing.host.ctk_widgets import stored
from Testing.host.pythonqt import plays_native


@plays_native
class ctkSliderWidget(QWidget):
    """A slider and a spin box that show one number."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)

    STEPS = 1000

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._slider.setRange(0, self.STEPS)
        self._box = QDoubleSpinBox(self)
        self._box.setMaximum(99.0)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self._on_box)
        self._slider.valueChanged.connect(self._on_slider)

    def _on_box(self, value: float) -> None:
        width = self._box.maximum - self._box.minimum
        share = (value - self._box.minimum) / width if width > 0 else 0.0
        blocked = self._slider.blockSignals(True)
        self._slider.setValue(round(share * self.STEPS))
        self._slider.blockSignals(blocked)
        self.valueChanged.emit(value)

    def _on_slider(self, step: int) -> None:
        width = self._box.maximum - self._box.minimum
        self._box.setValue(self._box.minimum + width * step / self.STEPS)

    def setValue(self, value: float) -> None:
        self._box.setValue(value)

    def setMinimum(self, value: float) -> None:
        self._box.setMinimum(value)
        self._on_box(self._box.value)

    def setMaximum(self, value: float) -> None:
        self._box.setMaximum(value)
        self._on_box(self._box.value)

    def setRange(self, lowest: float, highest: float) -> None:
        self._box.setRange(lowest, highest)

    def spinBox(self) -> QDoubleSpinBox:
        return self._box

    def slider(self) -> QSlider:
        return self._slider

    value = Property(float, lambda self: self._box.value, setValue)
    minimum = Property(float, lambda self: self._box.minimum, setMinimum)
    maximum = Property(float, lambda self: self._box.maximum, setMaximum)
    singleStep = Property(
        float, lambda self: self._box.singleStep, lambda self, step: self._box.setSingleStep(step)
    )
    decimals = Property(
        int, lambda self: self._box.decimals, lambda self, count: self._box.setDecimals(count)
    )
    suffix = Property(
        str, lambda self: self._box.suffix, lambda self, text: self._box.setSuffix(text)
    )
    prefix = Property(
        str, lambda self: self._box.prefix, lambda self, text: self._box.setPrefix(text)
    )
    pageStep = stored(float, "pageStep", 10.0)
    tickInterval = stored(float, "tickInterval", 0.0)
    tracking = stored(bool, "tracking", True)
    spinBoxVisible = stored(bool, "spinBoxVisible", True)
