"""The parameter node, bound to the panel's widgets while they are shown."""

from collections.abc import Callable, Sequence
from typing import Any

import vtk
from slicer.i18n import tr as _

from GazeSAMLib.engines.catalogue.models import all_models
from GazeSAMLib.engines.catalogue.shelf import ModelShelf
from GazeSAMLib.engines.registry import choices as engine_choices
from GazeSAMLib.hosts.slicer.edit_rules import Overwrite
from GazeSAMLib.hosts.slicer.parameters import GazeSAMParameters


class Choices:
    """The user's choices: the one parameter node of the scene.

    Parameters
    ----------
    ui : object
        Widgets by name; those with ``SlicerParameterName`` are bound.
    logic : GazeSAMLogic
        Gives the parameter node.
    changed : callable
        Called when a choice has changed.
    """

    def __init__(self, ui: Any, logic: Any, changed: Callable[[], None]) -> None:  # noqa: ANN401
        self._ui, self._logic, self._changed = ui, logic, changed
        self._bound: GazeSAMParameters | None = None
        self._gui_tag: int | None = None
        self._observer: int | None = None

    @property
    def parameters(self) -> GazeSAMParameters | None:
        """The choices; None while the panel is bound to no scene."""
        return self._bound

    def bind(self) -> None:
        """Bind the widgets to the scene's parameter node."""
        self.release()
        self._bound = self._logic.getParameterNode()
        self._gui_tag = self._bound.connectGui(self._ui)
        self.name_engines()
        _name_items(self._ui.overwriteSelector, tuple(Overwrite), _overwrite_labels())
        self._observer = self._bound.AddObserver(
            vtk.vtkCommand.ModifiedEvent, lambda _caller, _event: self._changed()
        )

    def name_engines(self) -> None:
        """Give segmenters names for people, which tell what is on this machine now."""
        _name_items(self._ui.engineSelector, engine_choices(), _engine_labels())

    def release(self) -> None:
        """Leave the parameter node alone: the scene closes or the panel goes."""
        bound, self._bound = self._bound, None
        if bound is not None:
            bound.disconnectGui(self._gui_tag)
            bound.RemoveObserver(self._observer)


def _name_items(
    combo_box: Any,  # noqa: ANN401 - made by Slicer
    values: Sequence[str],
    labels: dict[str, str],
) -> None:
    """Give the items of a combo box, which stand for `values`, names for people."""
    for index, value in enumerate(values):
        combo_box.setItemText(index, labels.get(value, value))


def _engine_labels() -> dict[str, str]:
    shelf = ModelShelf()
    models = {
        entry.name: entry.title
        if shelf.look_up(entry).is_here
        else _("{model} (not fetched yet)").format(model=entry.title)
        for entry in all_models()
    }
    return {
        **models,
        "compact": _("Compact network (built in)"),
        "region": _("Region growing (built in)"),
        "sam": _("Segment Anything (weights of your own)"),
        "sam2": _("Segment Anything 2.1 (weights of your own)"),
        "onnx": _("Exported model (ONNX, a folder of your own)"),
    }


def _overwrite_labels() -> dict[str, str]:
    return {
        "keep": _("stay as they are"),
        "overlap": _("may be overlapped"),
        "visible": _("lose the voxels, if shown"),
        "all": _("lose the voxels"),
    }
