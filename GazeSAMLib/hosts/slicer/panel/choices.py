"""The parameter node, bound to the panel's widgets while they are shown."""

from collections.abc import Callable
from typing import Any

import vtk

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
        self._observer = self._bound.AddObserver(
            vtk.vtkCommand.ModifiedEvent, lambda _caller, _event: self._changed()
        )

    def release(self) -> None:
        """Leave the parameter node alone: the scene closes or the panel goes."""
        bound, self._bound = self._bound, None
        if bound is not None:
            bound.disconnectGui(self._gui_tag)
            bound.RemoveObserver(self._observer)
