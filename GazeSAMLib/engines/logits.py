"""What engines that draw their own logits have in common."""

import numpy as np
import numpy.typing as npt

FLOOR = -8.0
"""The logit of what is certainly outside."""


def keep_box(logits: npt.NDArray[np.float32], box_image_uv: npt.NDArray[np.float64]) -> None:
    """Leave nothing outside the box in `logits`, shape (K, H, W); the box is at least a pixel.

    Parameters
    ----------
    logits : ndarray, shape (K, H, W)
        Changed in place.
    box_image_uv : ndarray, shape (4,)
        As in :attr:`GazeSAMLib.prompts.prompt_set.PromptSet.box_image_uv`; it may reach beyond
        the image.
    """
    last = np.tile(np.array(logits.shape[:0:-1]) - 1.0, 2)
    box = np.clip(box_image_uv, 0.0, last)
    left, top = np.floor(box[:2]).astype(np.intp)
    right, bottom = np.ceil(box[2:]).astype(np.intp) + 1
    within = logits[:, top:bottom, left:right].copy()
    logits[...] = FLOOR
    logits[:, top:bottom, left:right] = within
