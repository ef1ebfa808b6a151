"""Which widget can hold which parameter, as in ``slicer.parameterNodeWrapper``.

As there, a pair that is not listed is refused, and so is a number without bounds in a slider.
"""

import enum
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Binding:
    """A widget as the place of one value."""

    widget: Any
    signal: str | None
    read: Callable[[], Any]
    write: Callable[[Any], None]
    _slot: Callable[[], None] | None = field(default=None, init=False)

    def on_changed(self, slot: Callable[[], None] | None) -> None:
        """Call `slot` whenever the widget's value changes; None ends that."""
        if self.signal is not None and self._slot is not None:
            getattr(self.widget, self.signal).disconnect(self._slot)
        self._slot = slot
        if self.signal is not None and slot is not None:
            getattr(self.widget, self.signal).connect(slot)


def bind(widget: Any, parameter: Any) -> Binding:
    """Return the binding of `widget` to `parameter`.

    Raises
    ------
    RuntimeError
        If Slicer has none for this widget and this type.
    """
    import slicer

    if parameter.is_node and type(widget) is slicer.qMRMLNodeComboBox:
        widget.nodeTypes = [node_class.__name__ for node_class in parameter.kinds]
        return Binding(widget, "currentNodeChanged", widget.currentNode, widget.setCurrentNode)
    if not parameter.is_node and not parameter.optional:
        kind = parameter.kinds[0]
        for widgets, kinds, maker in _makers():
            fits = issubclass(kind, kinds) and (kind is not bool or bool in kinds)
            if type(widget) in widgets and fits:
                return maker(widget, parameter)
    raise _refusal(widget, parameter)


def _makers() -> list[tuple[tuple[type, ...], tuple[type, ...], Callable[..., Binding]]]:
    """Return which widgets hold which types, and how; the first that fits counts."""
    import ctk
    import qt

    doubles = (qt.QDoubleSpinBox, ctk.ctkSliderWidget, ctk.ctkDoubleSpinBox)
    choices = (enum.Enum, str, int, float, bool)
    return [
        ((qt.QCheckBox, ctk.ctkCheckBox), (bool,), _by("stateChanged", "checked")),
        ((qt.QPushButton,), (bool,), _toggle),
        ((qt.QComboBox, ctk.ctkComboBox), choices, _choice),
        ((qt.QSlider, qt.QSpinBox), (int,), _whole_number),
        (doubles, (int, float), _number),
        ((qt.QLineEdit,), (str,), _by("textChanged", "text")),
        ((qt.QLabel,), (str,), _by(None, "text")),
        ((qt.QTextEdit,), (str,), _plain_text),
        ((ctk.ctkPathLineEdit,), (pathlib.PurePath,), _path("currentPath")),
        ((ctk.ctkDirectoryButton,), (pathlib.PurePath,), _path("directory")),
    ]


def _by(signal: str | None, name: str) -> Callable[..., Binding]:
    return lambda widget, parameter: _by_property(widget, signal, name)


def _path(name: str) -> Callable[..., Binding]:
    return lambda widget, parameter: _by_property(
        widget, f"{name}Changed", name, parameter.kinds[0], str
    )


def _toggle(widget: Any, parameter: Any) -> Binding:
    widget.checkable = True
    return _by_property(widget, "toggled", "checked")


def _plain_text(widget: Any, parameter: Any) -> Binding:
    return Binding(widget, "textChanged", widget.toPlainText, widget.setPlainText)


def _refusal(widget: Any, parameter: Any) -> RuntimeError:
    return RuntimeError(
        f"Unable to create GUI connector from datatype '{parameter.annotated}' to widget type"
        f" '{type(widget).__name__}'"
    )


def _by_property(
    widget: Any,
    signal: str | None,
    name: str,
    from_widget: Callable[[Any], Any] = lambda value: value,
    to_widget: Callable[[Any], Any] = lambda value: value,
) -> Binding:
    def write(value: Any) -> None:
        if getattr(widget, name) != to_widget(value):  # or the cursor of a text field would jump
            setattr(widget, name, to_widget(value))

    return Binding(widget, signal, lambda: from_widget(getattr(widget, name)), write)


def _bounds(parameter: Any) -> tuple[Any, Any]:
    lowest = [one.minimum for one in parameter.validators if hasattr(one, "minimum")]
    highest = [one.maximum for one in parameter.validators if hasattr(one, "maximum")]
    return (lowest[0] if lowest else None, highest[0] if highest else None)


def _whole_number(widget: Any, parameter: Any) -> Binding:
    import qt

    lowest, highest = _bounds(parameter)
    if type(widget) is qt.QSlider and None in (lowest, highest):
        raise RuntimeError("Cannot have a connection to QSlider where the int type is unbounded.")
    widget.setMinimum(-(2**31) if lowest is None else lowest)
    widget.setMaximum(2**31 - 1 if highest is None else highest)
    return _by_property(widget, "valueChanged", "value")


def _number(widget: Any, parameter: Any) -> Binding:
    import ctk

    kind = parameter.kinds[0]
    lowest, highest = _bounds(parameter)
    if type(widget) is ctk.ctkSliderWidget and None in (lowest, highest):
        raise RuntimeError(
            "Cannot have a connection to ctkSliderWidget where the float types is unbounded."
        )
    if kind is int:
        widget.decimals = 0
    widget.minimum = float("-inf") if lowest is None else lowest
    widget.maximum = float("inf") if highest is None else highest
    return _by_property(widget, "valueChanged", "value", kind, kind)


def _choice(widget: Any, parameter: Any) -> Binding:
    kind = parameter.kinds[0]
    if issubclass(kind, enum.Enum):
        values = list(kind)
        label = getattr(kind, "label", lambda value: value.name)
    else:
        choices = [one.choices for one in parameter.validators if hasattr(one, "choices")]
        if not choices:
            raise RuntimeError("ComboBoxToStringableConnector requires the Choice annotation.")
        values, label = list(choices[0]), str
    widget.clear()
    for value in values:
        widget.addItem(label(value))

    def write(value: Any) -> None:
        widget.currentIndex = values.index(value)

    return Binding(widget, "currentIndexChanged", lambda: values[widget.currentIndex], write)
