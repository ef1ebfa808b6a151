"""From the slice accepted last to its neighbours: asked for, looked through, accepted."""

from collections.abc import Iterable

from GazeSAMLib.engines.messages import Propagate, Propagated, PropagationEnded, StopPropagation
from GazeSAMLib.engines.plane_mask import PlaneMask
from GazeSAMLib.geometry.slice import SlicePlane
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.segmentation.editor import SegmentEditor
from GazeSAMLib.segmentation.propagation_preview import PropagationPreview
from GazeSAMLib.segmentation.segment import Edit


class Propagator:
    """The propagation of one session: nothing is written before it is accepted.

    Parameters
    ----------
    editor : SegmentEditor
        Knows what was accepted, and takes what is.
    volume : VolumeGeometry
        The scan.

    Attributes
    ----------
    preview : PropagationPreview or None
        What was found and is neither accepted nor dropped.
    """

    def __init__(self, editor: SegmentEditor, volume: VolumeGeometry) -> None:
        self.preview: PropagationPreview | None = None
        self._editor, self._volume = editor, volume
        self._count = 0

    @property
    def can_follow(self) -> bool:
        """Whether what is accepted lies on planes of the scan."""
        return self._editor.follows_slices

    def begin(self, window: float, level: float, *, whole: bool = True) -> Propagate | None:
        """Return what to ask for; None where no slice of the segment was accepted yet.

        Parameters
        ----------
        window, level : float
            As displayed where the structure was looked at.
        whole : bool
            Whether the whole structure is wanted, or what lies next to the newest slice.
        """
        segment = self._editor.current
        seeds = self._editor.book.confirmed(segment.id)
        if not seeds:
            return None
        self._count += 1
        masks = tuple(PlaneMask(seed.plane, seed.mask) for seed in seeds)
        order = Propagate(self._count, masks, window, level, whole)
        self.preview = PropagationPreview(order, segment, self._volume)
        return order

    def take(self, said: Propagated | PropagationEnded) -> str:
        """Take in what was found; return a sentence for the reader when it is all there."""
        preview = self.preview
        if preview is None or not preview.take(said) or preview.running:
            return ""
        if len(preview) == 0:
            self.preview = None
            why = " and ".join(dict.fromkeys(preview.reasons)) or "it was stopped"
            return f"Nothing was found on the neighbouring slices: {why}."
        why = "; ".join(dict.fromkeys(preview.reasons))
        stopped = f" (stopped: {why})" if why else ""
        return (
            f"Found on {len(preview)} more slices{stopped}: look through them, then accept, or cut "
            "off at the slice in view with the key for smaller, or clear."
        )

    def cut(self, planes: Iterable[SlicePlane]) -> str:
        """Drop what was found on the first of `planes` that it is on, and beyond; say so."""
        count = 0 if self.preview is None else self.preview.cut(planes)
        if count == 0:
            return "Show a slice that was found: it is cut off there."
        return f"Cut off here: {count} slices less."

    def accept(self) -> tuple[Edit, tuple[PlaneMask, ...], StopPropagation | None] | None:
        """Write what was found so far; return the step, its slices, and what to ask for.

        None where nothing was found yet.

        Raises
        ------
        JournalError
            If the step cannot be saved; then it is not written either.
        OutputError
            If the segmentation does not take it.
        """
        preview = self.preview
        if preview is None or len(preview) == 0:
            return None
        found = tuple(preview.masks())
        edit = self._editor.accept_slices(preview.segment, found)
        return edit, found, self.drop()

    def drop(self) -> StopPropagation | None:
        """Forget what was found; return what to ask for, if it is still running."""
        preview, self.preview = self.preview, None
        return StopPropagation() if preview is not None and preview.running else None
