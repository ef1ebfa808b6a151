"""PySide6 with the manners of PythonQt, the binding through which Slicer's Python sees Qt.

PythonQt shows a Qt property as an attribute (``button.text``, not ``button.text()``), connects
by signature (``button.connect("clicked(bool)", slot)``) as well as by signal, keeps a slot alive
for as long as it is connected, hands it no more arguments than it takes, answers a wrong signature
with False and a printed line, refuses new attributes on plain Qt objects, and returns lists as
tuples. `install` changes PySide6's classes in this process to do the same.
"""

import contextlib
import inspect
import re
import types
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from PySide6 import QtCore, QtGui, QtNetwork, QtUiTools, QtWidgets
from shiboken6 import Shiboken

from Testing.host.problems import PROBLEMS

MODULES = (QtCore, QtGui, QtNetwork, QtWidgets, QtUiTools)

_connect_signal = QtCore.SignalInstance.connect
_disconnect_signal = QtCore.SignalInstance.disconnect
_full_signatures: dict[str, str] = {}  # of signals with a default argument: clicked(bool)
_relays: "weakref.WeakValueDictionary[Any, Any]" = weakref.WeakValueDictionary()


class PropertyAttribute:
    """A Qt property as an attribute of its objects.

    On the class the name still gives the static method or getter: ``QTimer.singleShot``.
    """

    def __init__(
        self, name: str, getter: Callable[..., Any] | None, static: Callable[..., Any] | None = None
    ) -> None:
        self._name = name
        self._getter = getter
        self._static = static

    def __get__(self, owner: Any, owner_class: type | None = None) -> Any:
        if owner is None:
            return self._static or self._getter or self
        value = self._getter(owner) if self._getter else owner.property(self._name)
        return tuple(value) if isinstance(value, list) else value

    def __set__(self, owner: Any, value: Any) -> None:
        meta_object = owner.metaObject()
        meta_property = meta_object.property(meta_object.indexOfProperty(self._name))
        if not meta_property.isWritable():
            raise AttributeError(f"Property '{self._name}' of {type(owner)} is not writable")
        if isinstance(value, tuple):
            value = list(value)
        if not meta_property.write(owner, value):
            raise ValueError(
                f"Property '{self._name}' of type '{meta_property.typeName()}' does not accept an"
                f" object of type {type(value).__name__} ({value!r})"
            )


def plays_native(cls: type) -> type:
    """Mark a class that stands in for one of C++: like those it takes no new attributes."""
    cls._plays_native = True
    return cls


def qobject_classes() -> Iterator[type]:
    """Yield Qt's classes of objects, base classes first."""
    found = {
        candidate
        for module in MODULES
        for candidate in (getattr(module, name) for name in dir(module))
        if isinstance(candidate, type) and issubclass(candidate, QtCore.QObject)
    }
    found.discard(QtCore.QObject)
    yield QtCore.QObject
    yield from sorted(found, key=lambda cls: (len(cls.__mro__), cls.__name__))


def install() -> None:
    """Give PySide6's classes PythonQt's manners, once for this process."""
    if isinstance(QtCore.QObject.__dict__.get("objectName"), PropertyAttribute):
        return
    for cls in qobject_classes():
        meta_object = cls.staticMetaObject
        names = {meta_object.property(i).name() for i in range(meta_object.propertyCount())}
        own = {
            meta_object.property(i).name()
            for i in range(meta_object.propertyOffset(), meta_object.propertyCount())
        }
        for name in own | (names & set(cls.__dict__)):
            found = inspect.getattr_static(cls, name, None)
            if isinstance(found, types.MethodDescriptorType):
                setattr(cls, name, PropertyAttribute(name, found))
            elif not isinstance(found, PropertyAttribute):
                setattr(cls, name, PropertyAttribute(name, None, found and getattr(cls, name)))
        cls.__setattr__ = _set_attribute
        if "__getattribute__" in cls.__dict__:
            cls.__getattribute__ = _with_own_connect(cls.__getattribute__)
        _note_default_arguments(meta_object)
    _add_methods()


def _with_own_connect(get_attribute: Callable[..., Any]) -> Callable[..., Any]:
    """Return `get_attribute`, but for two names that PySide6 answers without looking them up."""

    def get(owner: Any, name: str) -> Any:
        if name == "connect":
            return types.MethodType(connect, owner)
        if name == "disconnect":
            return types.MethodType(disconnect, owner)
        return get_attribute(owner, name)

    return get


def _note_default_arguments(meta_object: QtCore.QMetaObject) -> None:
    for index in range(meta_object.methodOffset(), meta_object.methodCount()):
        method, before = meta_object.method(index), meta_object.method(index - 1)
        is_short = before.name() == method.name() and method.parameterCount() == 0
        if is_short and before.parameterCount() == 1:
            kind = before.parameterTypes()[0].data().decode()
            _full_signatures[method.name().data().decode()] = kind


def _add_methods() -> None:
    QtCore.QObject.name = property(
        lambda self: self.objectName, lambda self, value: self.setObjectName(value)
    )
    QtCore.QObject.className = lambda self: self.metaObject().className()
    QtCore.QObject.connect = connect
    QtCore.QObject.disconnect = disconnect
    QtCore.SignalInstance.connect = _connect_instance
    QtCore.SignalInstance.disconnect = _disconnect_instance
    single_shot = _held_single_shot(QtCore.QTimer.singleShot)
    QtCore.QTimer.singleShot = PropertyAttribute("singleShot", None, single_shot)
    for cls, names in {
        QtCore.QObject: ("children", "findChildren"),
        QtCore.QSettings: ("allKeys", "childKeys", "childGroups"),
    }.items():
        for name in names:
            setattr(cls, name, _with_tuple(getattr(cls, name)))
    screens = QtGui.QGuiApplication.screens
    QtGui.QGuiApplication.screens = staticmethod(lambda: tuple(screens()))
    QtGui.QGuiApplication.primaryScreen = staticmethod(_unusable_primary_screen)
    map_from_global = QtWidgets.QWidget.mapFromGlobal
    QtWidgets.QWidget.mapFromGlobal = lambda self, point: map_from_global(
        self, _only(QtCore.QPoint, point)
    )
    for cls in (QtWidgets.QDialog, QtWidgets.QMenu, QtCore.QEventLoop, QtCore.QCoreApplication):
        if not hasattr(cls, "exec_"):
            cls.exec_ = cls.exec


def _held_single_shot(single_shot: Callable[..., Any]) -> Callable[..., Any]:
    def held(msec: int, receiver: Any, slot: str | None = None) -> None:
        target = getattr(receiver, slot.partition("(")[0]) if slot else receiver
        single_shot(msec, lambda: target())

    return held


def _with_tuple(method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *arguments: tuple(method(self, *arguments))


def _unusable_primary_screen() -> None:
    raise RuntimeError("QApplication.primaryScreen does not work under PythonQt: use screens()[0]")


def _only(wanted: type, value: Any) -> Any:
    if not isinstance(value, wanted):
        raise ValueError(f"called with wrong argument: needs {wanted.__name__}, got {value!r}")
    return value


def _set_attribute(owner: Any, name: str, value: Any) -> None:
    cls = type(owner)
    known = inspect.getattr_static(cls, name, None)
    stands_in = "_plays_native" in cls.__dict__
    native = cls.__module__.startswith("PySide6") or (stands_in and not name.startswith("_"))
    if isinstance(known, QtCore.Property):
        if known.fset is None:
            raise AttributeError(f"Property '{name}' of {cls.__name__} is not writable")
        known.fset(owner, value)
    elif native and known is None:
        raise AttributeError(
            f"Attribute '{name}' does not exist and creating new attributes on C++ objects"
            f" ({cls.__name__}) is not allowed"
        )
    else:
        Shiboken.Object.__setattr__(owner, name, value)


def relay(slot: Any, most: int | None = None) -> Any:
    """Return a function that calls `slot` as PythonQt does, one and the same for each slot.

    It holds the slot (PySide6 would let an object with a connected method die) and passes the
    leading arguments that the slot takes, `most` at most.
    """
    if not callable(slot) or isinstance(slot, (types.BuiltinMethodType, QtCore.SignalInstance)):
        return slot
    key = (slot, most)
    with contextlib.suppress(KeyError, TypeError):
        return _relays[key]
    limits = [limit for limit in (most, _positional_arguments(slot)) if limit is not None]

    def call(*arguments: Any) -> None:
        slot(*arguments[: min(limits, default=None)])

    with contextlib.suppress(TypeError):  # an unhashable callable cannot be disconnected
        _relays[key] = call
    return call


def _positional_arguments(slot: Any) -> int | None:
    """Return how many arguments a function or method takes; None for any number, or unknown."""
    bound = isinstance(slot, types.MethodType)
    code = getattr(slot.__func__ if bound else slot, "__code__", None)
    if code is None or code.co_flags & inspect.CO_VARARGS:
        return None
    return code.co_argcount - bound


def connect(sender: Any, signal: str, receiver: Any, slot: str | None = None) -> bool:
    """Connect ``sender.connect("clicked(bool)", function)``; false where there is no such signal.

    Also ``sender.connect("clicked()", receiver, "close()")``.
    """
    if isinstance(signal, QtCore.QObject):  # PySide6 itself: (timer, "2timeout()", function)
        return connect(signal, receiver[1:], slot)
    found = _signal_by_signature(sender, signal)
    if found is None:
        return False
    instance, count = found
    target = getattr(receiver, slot.partition("(")[0]) if slot else relay(receiver, count)
    return _connect_signal(instance, target) is not None


def disconnect(sender: Any, signal: str, receiver: Any, slot: str | None = None) -> bool:
    """Undo `connect`; false where nothing was connected."""
    found = _signal_by_signature(sender, signal)
    if found is None:
        return False
    instance, count = found
    target = getattr(receiver, slot.partition("(")[0]) if slot else relay(receiver, count)
    return _disconnect_quietly(instance, target)


def _connect_instance(signal: Any, slot: Any, *rest: Any) -> bool:
    return _connect_signal(_with_all_arguments(signal), relay(slot), *rest) is not None


def _disconnect_instance(signal: Any, *slots: Any) -> bool:
    return _disconnect_quietly(_with_all_arguments(signal), *map(relay, slots))


def _disconnect_quietly(signal: Any, *slots: Any) -> bool:
    with contextlib.suppress(RuntimeError), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it says that nothing was connected
        return bool(_disconnect_signal(signal, *slots))
    return False


def _with_all_arguments(signal: Any) -> Any:
    """Return ``clicked(bool)`` for ``clicked()``: PySide6 takes the short one by itself."""
    name = re.search(r"SignalInstance (\w+)\(\)", repr(signal))
    with contextlib.suppress(KeyError, IndexError):
        return signal[_full_signatures[name[1]]] if name else signal
    return signal


def _signal_by_signature(sender: Any, signal: str) -> tuple[Any, int] | None:
    """Return a signal and the number of arguments that its signature names."""
    normal = bytes(QtCore.QMetaObject.normalizedSignature(signal).data()).decode()
    known = re.sub(r"vtk\w+\*", "PyObject", normal)  # here VTK's objects travel as Python objects
    if sender.metaObject().indexOfSignal(known) < 0:
        PROBLEMS.add(f"{sender.className()} has no signal {signal!r}")
        return None
    name, _, arguments = known.rstrip(")").partition("(")
    instance = getattr(sender, name)
    kinds = tuple(filter(None, arguments.split(",")))
    return (instance[kinds] if kinds else instance), len(kinds)
