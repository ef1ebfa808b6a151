"""What an engine is asked: points, a box, how sure the gaze is, the mask it refines."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from GazeSAMLib.errors import PromptError
from GazeSAMLib.frames import ImagePoint

ADD = 1
NOT_THIS = 0


@dataclass(frozen=True, eq=False)
class PromptSet:
    """All prompts for one mask on one slice image.

    Parameters
    ----------
    points_image_uv : array_like, shape (N, 2)
        Gaze points, oldest first; they may lie outside the image.
    labels : array_like, shape (N,)
        1 add, 0 not this.
    box_image_uv : array_like, shape (4,), or None
        (u_min, v_min, u_max, v_max) around the structure.
    sigma_px : float
        How far the true point may lie from a given one, image pixels, standard deviation.
    previous : array_like, shape (h, w), or None
        The low-resolution mask (logits) that is being refined, as the engine returned it.

    Raises
    ------
    PromptError
        If shapes do not fit, a value is not finite, a label is neither 0 nor 1, or there
        is neither a point to add nor a box.
    """

    points_image_uv: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    box_image_uv: npt.NDArray[np.float64] | None = None
    sigma_px: float = 0.0
    previous: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        points = np.array(self.points_image_uv, dtype=np.float64).reshape(-1, 2)
        labels = np.array(self.labels, dtype=np.int64).reshape(-1)
        if len(points) != len(labels):
            raise PromptError(f"{len(points)} points with {len(labels)} labels: one label a point")
        if not np.isfinite(points).all() or not np.isfinite(self.sigma_px) or self.sigma_px < 0.0:
            raise PromptError("points must be finite and sigma_px a number of at least 0")
        if not np.isin(labels, (NOT_THIS, ADD)).all():
            raise PromptError("a label is 1 (add) or 0 (not this)")
        box = None if self.box_image_uv is None else np.array(self.box_image_uv, dtype=np.float64)
        if box is not None and (
            box.shape != (4,) or not np.isfinite(box).all() or (box[:2] > box[2:]).any()
        ):
            raise PromptError("a box is u_min, v_min, u_max, v_max with min not above max")
        if box is None and not (labels == ADD).any():
            raise PromptError("a prompt needs a point to add or a box")
        previous = self.previous
        if previous is not None:
            previous = np.array(previous, dtype=np.float32)
            if previous.ndim != 2 or not np.isfinite(previous).all():
                raise PromptError("the previous mask must be two-dimensional and finite")
            previous.setflags(write=False)
        for name, value in (("points_image_uv", points), ("labels", labels), ("box_image_uv", box)):
            if value is not None:
                value.setflags(write=False)
            object.__setattr__(self, name, value)
        object.__setattr__(self, "previous", previous)

    @classmethod
    def at(cls, point: ImagePoint, sigma_px: float = 0.0) -> "PromptSet":
        """Return the prompt of one look."""
        return cls(np.array([(point.u, point.v)]), np.array([ADD]), sigma_px=sigma_px)

    def with_point(self, point: ImagePoint, label: int) -> "PromptSet":
        """Return this prompt with one more point."""
        return replace(
            self,
            points_image_uv=np.vstack((self.points_image_uv, (point.u, point.v))),
            labels=np.append(self.labels, label),
        )

    def refining(self, previous: npt.NDArray[np.float32] | None) -> "PromptSet":
        """Return this prompt as a refinement of the low-resolution mask `previous`."""
        return replace(self, previous=previous)
