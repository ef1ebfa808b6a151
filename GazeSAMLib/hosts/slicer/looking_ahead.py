"""Telling the engine process which slices the reader may look at next."""

from collections.abc import Callable, Mapping

import numpy as np

from GazeSAMLib.engines.look_ahead import LookAhead, ViewAhead, view_ahead
from GazeSAMLib.engines.messages import PreparedAhead
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.slice_view import SliceView
from GazeSAMLib.geometry.volume import VolumeGeometry

_MOVED_MM = 1e-3


class LookingAhead:
    """Follows the slice views and hears how far the engine process is.

    Parameters
    ----------
    volume : VolumeGeometry
        The scan.
    say : callable
        Takes a message to the engine process.

    Attributes
    ----------
    progress : PreparedAhead or None
        How far it is; None until it has said so.
    is_paused : bool
        Whether it waits.
    """

    def __init__(self, volume: VolumeGeometry, say: Callable[[LookAhead], None]) -> None:
        self.progress: PreparedAhead | None = None
        self.is_paused = False
        self._volume, self._say = volume, say
        self._number = 0
        self._seen: dict[str, SliceView] = {}
        self._planes: dict[str, SlicePlane] = {}
        self._directions: dict[str, int] = {}
        self._said: tuple[object, ...] | None = None
        self._is_settled = False

    def follow(self, shown: Mapping[str, SliceView]) -> None:
        """Take in the views on screen; they count once they have stayed as they are for a call."""
        if self._seen != shown:
            self._seen, self._is_settled = dict(shown), False
        elif not self._is_settled:
            self._is_settled = True
            self._tell()

    def pause(self, *, paused: bool) -> None:
        """Let the engine process wait, or go on."""
        self.is_paused = paused
        self._tell()

    def renew(self) -> None:
        """Tell it anew: the engine is another one."""
        self._said = self.progress = None
        self._is_settled = False

    def hear(self, said: PreparedAhead) -> None:
        """Take in how far it is."""
        if said.number == self._number:
            self.progress = said

    def _tell(self) -> None:
        # What has changed last stands last.
        shown = list(reversed(self._seen.items()))
        views = tuple(self._ahead(name, view) for name, view in shown)
        window, level = (shown[0][1].window, shown[0][1].level) if shown else (1.0, 0.0)
        planes = tuple(sorted(view.plane.key() for view in views))
        said = (planes, window, level, self.is_paused)
        if said != self._said:
            self._said = said
            self._number += 1
            self._say(LookAhead(self._number, views, window, level, self.is_paused))

    def _ahead(self, name: str, view: SliceView) -> ViewAhead:
        plane, before = view.geometry.plane, self._planes.get(name)
        self._planes[name] = plane
        if before is None or not np.allclose(before.normal, plane.normal, atol=1e-6):
            self._directions[name] = 0
        else:
            moved_mm = float((plane.origin_local_ras - before.origin_local_ras) @ plane.normal)
            if abs(moved_mm) > _MOVED_MM:
                self._directions[name] = 1 if moved_mm > 0.0 else -1
        return view_ahead(self._volume, plane, self._directions[name])
