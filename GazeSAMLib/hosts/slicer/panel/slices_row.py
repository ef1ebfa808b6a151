"""The row that tells which slices of the current segment were looked at, and goes to them."""

from collections.abc import Callable, Mapping
from typing import Any

from slicer.i18n import tr as _

from GazeSAMLib.geometry.slice_key import SliceKey
from GazeSAMLib.hosts.slicer.accepted_slices import AcceptedSlices
from GazeSAMLib.hosts.slicer.guard import Guard
from GazeSAMLib.segmentation.slice_book import BookedSlice


class SlicesRow:
    """A list of the slices, under a count of those looked at and those propagated.

    Parameters
    ----------
    ui : object
        Widgets by name.
    guard : Guard
        For slots.
    tell : callable
        Takes a sentence for the reader.
    """

    def __init__(
        self,
        ui: Any,  # noqa: ANN401 - made by Slicer
        guard: Guard,
        tell: Callable[[str], None],
    ) -> None:
        self._ui, self._tell = ui, tell
        self._slices: AcceptedSlices | None = None
        self._known: Mapping[SliceKey, BookedSlice] | None = None
        self._listed: list[BookedSlice] = []
        ui.slicesSelector.connect("activated(int)", guard(self._chosen))
        self.show(None)

    def show(self, slices: AcceptedSlices | None) -> None:
        """List the slices of a running session; None where there is none."""
        known = {} if slices is None else slices.known
        if slices is self._slices and known is self._known:
            return
        self._slices, self._known = slices, known
        filled = [one for one in known.values() if one.mask.any()]
        places = {} if slices is None else {one.key: slices.place_of(one) for one in filled}
        self._listed = sorted(filled, key=lambda one: places[one.key].order)
        looked_at = sum(one.confirmed for one in filled)
        counts = _("{looked_at} looked at, {propagated} propagated")
        selector = self._ui.slicesSelector
        selector.clear()
        selector.addItem(counts.format(looked_at=looked_at, propagated=len(filled) - looked_at))
        for one in self._listed:
            line = _("{place}: looked at") if one.confirmed else _("{place}: propagated")
            selector.addItem(line.format(place=places[one.key].told))
        for widget in (self._ui.slicesLabel, selector):
            widget.setVisible(bool(filled))

    def _chosen(self, index: int) -> None:
        self._ui.slicesSelector.setCurrentIndex(0)  # the counts stay in view
        if self._slices is None or not 0 < index <= len(self._listed):
            return
        if not self._slices.go_to(self._listed[index - 1]):
            self._tell(_("No view shows slices of that orientation."))
