"""Qt's mouse and key events, handed to a VTK interactor as Slicer's render widget does."""

from typing import Any

from PySide6.QtCore import QEvent, Qt

BUTTONS = {
    Qt.MouseButton.LeftButton: "LeftButton",
    Qt.MouseButton.MiddleButton: "MiddleButton",
    Qt.MouseButton.RightButton: "RightButton",
}
PHASES = {
    QEvent.Type.MouseButtonPress: "Press",
    QEvent.Type.MouseButtonRelease: "Release",
    QEvent.Type.MouseButtonDblClick: "DoubleClick",
}
KEYSYMS = {
    Qt.Key.Key_Space: "space",
    Qt.Key.Key_Tab: "Tab",
    Qt.Key.Key_Escape: "Escape",
    Qt.Key.Key_Return: "Return",
    Qt.Key.Key_Delete: "Delete",
    Qt.Key.Key_Backspace: "BackSpace",
    Qt.Key.Key_Left: "Left",
    Qt.Key.Key_Right: "Right",
    Qt.Key.Key_Up: "Up",
    Qt.Key.Key_Down: "Down",
    Qt.Key.Key_Home: "Home",
    Qt.Key.Key_End: "End",
    Qt.Key.Key_PageUp: "Prior",
    Qt.Key.Key_PageDown: "Next",
    Qt.Key.Key_Shift: "Shift_L",
    Qt.Key.Key_Control: "Control_L",
    Qt.Key.Key_Alt: "Alt_L",
    Qt.Key.Key_Plus: "plus",
    Qt.Key.Key_Minus: "minus",
}


def forward(event: QEvent, interactor: Any, pixel_ratio: float) -> bool:
    """Invoke at `interactor` what `event` says; true where it was a mouse or key event.

    VTK's event positions are whole device pixels counted from the lower left corner.
    """
    kind = event.type()
    if kind == QEvent.Type.MouseMove or kind in PHASES:
        _set_position(interactor, event.position(), event.modifiers(), pixel_ratio)
        if kind == QEvent.Type.MouseMove:
            interactor.InvokeEvent("MouseMoveEvent")
        elif event.button() in BUTTONS:
            interactor.InvokeEvent(f"{BUTTONS[event.button()]}{PHASES[kind]}Event")
        return True
    if kind == QEvent.Type.Wheel:
        _set_position(interactor, event.position(), event.modifiers(), pixel_ratio)
        direction = "Forward" if event.angleDelta().y() > 0 else "Backward"
        interactor.InvokeEvent(f"MouseWheel{direction}Event")
        return True
    if kind in (QEvent.Type.Enter, QEvent.Type.Leave):
        interactor.InvokeEvent("EnterEvent" if kind == QEvent.Type.Enter else "LeaveEvent")
        return True
    if kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        _send_key(event, interactor)
        return True
    return False


def _set_position(interactor: Any, position: Any, modifiers: Any, pixel_ratio: float) -> None:
    shift, control, alt = _held(modifiers)
    x, y = int(position.x() * pixel_ratio), int(position.y() * pixel_ratio)
    interactor.SetEventInformationFlipY(x, y, control, shift)
    interactor.SetAltKey(alt)


def _send_key(event: Any, interactor: Any) -> None:
    shift, control, alt = _held(event.modifiers())
    text = event.text()
    keysym = KEYSYMS.get(event.key(), text)
    code = text if len(text) == 1 and text.isascii() else "\0"
    x, y = interactor.GetEventPosition()
    interactor.SetEventInformation(x, y, control, shift, code, event.count(), keysym)
    interactor.SetAltKey(alt)
    if event.type() == QEvent.Type.KeyRelease:
        interactor.InvokeEvent("KeyReleaseEvent")
        return
    interactor.InvokeEvent("KeyPressEvent")
    if code != "\0":
        interactor.InvokeEvent("CharEvent")


def _held(modifiers: Any) -> tuple[int, int, int]:
    return (
        int(bool(modifiers & Qt.KeyboardModifier.ShiftModifier)),
        int(bool(modifiers & Qt.KeyboardModifier.ControlModifier)),
        int(bool(modifiers & Qt.KeyboardModifier.AltModifier)),
    )
