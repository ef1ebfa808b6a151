"""A stand-in of our own for ``slicer.parameterNodeWrapper``.

Values live in a ``vtkMRMLScriptedModuleNode`` under the keys and in the spelling that Slicer
uses. Types: bool, int, float, str, pathlib.Path, enums, MRML nodes, and any of them or None;
annotations: Default, WithinRange, Minimum, Maximum, Choice. No packs and no containers.
"""

import enum
import pathlib
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer
import slicer.util

from Testing.host.parameter_widgets import Binding, bind

SlicerParameterNamePropertyName = "SlicerParameterName"


@dataclass(frozen=True)
class Default:
    """The value of a parameter that was never set."""

    value: Any


@dataclass(frozen=True)
class WithinRange:
    """A number from `minimum` to `maximum`, both included."""

    minimum: float
    maximum: float

    def validate(self, value: Any) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{value} is not within [{self.minimum}, {self.maximum}]")


@dataclass(frozen=True)
class Minimum:
    minimum: float

    def validate(self, value: Any) -> None:
        if value < self.minimum:
            raise ValueError(f"{value} is less than {self.minimum}")


@dataclass(frozen=True)
class Maximum:
    maximum: float

    def validate(self, value: Any) -> None:
        if value > self.maximum:
            raise ValueError(f"{value} is greater than {self.maximum}")


@dataclass(frozen=True)
class Choice:
    choices: Any

    def validate(self, value: Any) -> None:
        if value not in self.choices:
            raise ValueError(f"{value!r} is none of {self.choices}")


class Parameter:
    """One parameter: how it is written into a node, read from it and checked."""

    def __init__(self, name: str, annotated: Any, default: Default | None) -> None:
        self.name = name
        self.annotated = annotated
        self.kind, annotations = _split(annotated)
        self.optional = type(None) in typing.get_args(self.kind)
        kinds = [kind for kind in typing.get_args(self.kind) if kind is not type(None)]
        self.kinds = tuple(kinds) or (self.kind,)
        self.is_node = all(issubclass(kind, slicer.vtkMRMLNode) for kind in self.kinds)
        if not self.is_node and not all(map(_is_known, self.kinds)):
            raise TypeError(f"parameter {name} is of a type that this stand-in lacks: {annotated}")
        self.validators = [one for one in annotations if hasattr(one, "validate")]
        found = [one for one in annotations if isinstance(one, Default)]
        self.default = default or (found[0] if found else Default(self._first_value()))

    def _first_value(self) -> Any:
        if self.is_node or self.optional:
            return None
        if issubclass(self.kind, enum.Enum):
            return next(iter(self.kind))
        return self.kind()

    def is_in(self, node: Any) -> bool:
        return bool(node.HasParameter(self.name))

    def write(self, node: Any, value: Any) -> None:
        if value is None and not (self.is_node or self.optional):
            raise ValueError(f"{self.name} must not be None")
        accepts = (*self.kinds, int) if float in self.kinds else self.kinds
        if value is not None and not isinstance(value, accepts):
            raise TypeError(f"{self.name} is {self.kind}, got {value!r}")
        if value is not None:
            for validator in self.validators:
                validator.validate(value)
        if self.is_node:
            node.SetParameter(self.name, "")
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
        else:
            node.SetParameter(self.name, _text(value))

    def read(self, node: Any) -> Any:
        if not self.is_in(node):
            self.write(node, self.default.value)
        if self.is_node:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        if self.optional and text == "None":
            return None
        kind = self.kinds[0]
        if kind is bool:
            return text == "True"
        if issubclass(kind, enum.Enum):
            return kind[text]
        return kind(text)


def _is_known(kind: Any) -> bool:
    known = (bool, int, float, str, pathlib.PurePath, enum.Enum)
    return isinstance(kind, type) and issubclass(kind, known)


def _split(annotated: Any) -> tuple[Any, tuple[Any, ...]]:
    if typing.get_origin(annotated) is typing.Annotated:
        kind, *annotations = typing.get_args(annotated)
    else:
        kind, annotations = annotated, ()
    if isinstance(kind, types.UnionType):
        kind = typing.Union[typing.get_args(kind)]  # noqa: UP007
    return kind, tuple(annotations)


def _text(value: Any) -> str:
    return value.name if isinstance(value, enum.Enum) else str(value)


def parameterNodeWrapper(cls: type | None = None) -> Any:
    """Turn a class of annotations into a view of a parameter node, with its GUI bindings."""
    return _wrap if cls is None else _wrap(cls)


def _wrap(cls: type) -> type:
    parameters = {}
    for name, annotated in typing.get_type_hints(cls, include_extras=True).items():
        default = Default(getattr(cls, name)) if hasattr(cls, name) else None
        parameters[name] = Parameter(name, annotated, default)
    for name in vars(Wrapper):
        if name in parameters:
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
    properties = {name: _property(parameter) for name, parameter in parameters.items()}
    left_out = ("__dict__", "__weakref__", "__init__")  # Slicer replaces the last one too
    own = {name: value for name, value in vars(cls).items() if name not in left_out}
    body = {**own, **properties, "allParameters": parameters}
    return type(cls.__name__, (Wrapper, *cls.__bases__), body)


def _property(parameter: Parameter) -> property:
    return property(
        lambda self: parameter.read(self.parameterNode),
        lambda self, value: parameter.write(self.parameterNode, value),
    )


def isParameterNodeWrapper(thing: Any) -> bool:
    return isinstance(thing, Wrapper) or (isinstance(thing, type) and issubclass(thing, Wrapper))


class Wrapper:
    """What every wrapped class can do beside its parameters."""

    allParameters: typing.ClassVar[dict[str, Parameter]] = {}

    def __init__(self, parameterNode: Any) -> None:
        self.parameterNode = parameterNode
        self._bindings: dict[int, tuple[int, dict[str, Binding]]] = {}
        self._next_tag = 0
        self._updating_widgets = False
        for parameter in self.allParameters.values():
            if not parameter.is_in(parameterNode):
                parameter.write(parameterNode, parameter.default.value)

    def getValue(self, name: str) -> Any:
        return self._parameter(name).read(self.parameterNode)

    def setValue(self, name: str, value: Any) -> None:
        self._parameter(name).write(self.parameterNode, value)

    def default(self, name: str) -> Default:
        return self._parameter(name).default

    @classmethod
    def dataType(cls, name: str) -> Any:
        return cls.allParameters[name].annotated

    def _parameter(self, name: str) -> Parameter:
        if name not in self.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}")
        return self.allParameters[name]

    def connectGui(self, gui: Any) -> int:
        """Bind the widgets of `gui` that carry the property ``SlicerParameterName``."""
        import qt

        is_widget = getattr(gui, "isWidgetType", lambda: False)()
        widgets = gui.findChildren(qt.QWidget) if is_widget else vars(gui).values()
        named = ((widget.property(SlicerParameterNamePropertyName), widget) for widget in widgets)
        return self.connectParametersToGui({name: widget for name, widget in named if name})

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        bindings = {name: bind(widget, self._parameter(name)) for name, widget in mapping.items()}
        tag, self._next_tag = self._next_tag, self._next_tag + 1
        for name, binding in bindings.items():
            binding.write(self.getValue(name))
            binding.on_changed(self._reader(name, binding))
        observer = self.AddObserver("ModifiedEvent", lambda caller, event: self._update_widgets())
        self._bindings[tag] = (observer, bindings)
        return tag

    def _reader(self, name: str, binding: Binding) -> Callable[[], None]:
        def changed() -> None:
            if not self._updating_widgets:
                with slicer.util.NodeModify(self):
                    self.setValue(name, binding.read())

        return changed

    def _update_widgets(self) -> None:
        if self._updating_widgets:
            return
        self._updating_widgets = True
        try:
            for _, bindings in self._bindings.values():
                for name, binding in bindings.items():
                    binding.write(self.getValue(name))
        finally:
            self._updating_widgets = False

    def disconnectGui(self, tag: int) -> None:
        observer, bindings = self._bindings.pop(tag, (None, {}))
        for binding in bindings.values():
            binding.on_changed(None)
        if observer is not None:
            self.RemoveObserver(observer)

    def StartModify(self) -> int:
        return self.parameterNode.StartModify()

    def EndModify(self, was_modified: int) -> None:
        self.parameterNode.EndModify(was_modified)

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    def Modified(self) -> None:
        self.parameterNode.Modified()
