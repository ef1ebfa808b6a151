"""Prompts as the exported decoder takes them."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.onnx.description import ModelDescription
from GazeSAMLib.engines.onnx.slice_input import input_positions
from GazeSAMLib.errors import PromptError
from GazeSAMLib.prompts.prompt_set import PromptSet

NO_POINT, BOX_FIRST, BOX_LAST = -1, 2, 3
"""Labels beside 0 and 1, as Segment Anything numbers them."""


def decoder_input(
    prompts: PromptSet, image_shape: tuple[int, int], described: ModelDescription
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the decoder's inputs but for the embedding.

    A box is two points with labels of their own; where there is none, a point that is none
    takes its place, as in Meta's predictor.

    Raises
    ------
    PromptError
        If the previous mask is not one that this model returned.
    """
    side = described.mask_px
    previous = prompts.previous
    if previous is not None and previous.shape != (side, side):
        raise PromptError(
            f"a previous mask for {described.model} has shape {(side, side)}, got {previous.shape}"
        )
    points = input_positions(prompts.points_image_uv, image_shape, described.image_px)
    if prompts.box_image_uv is None:
        more, labels = np.zeros((1, 2)), [NO_POINT]
    else:
        corners = prompts.box_image_uv.reshape(2, 2)
        more = input_positions(corners, image_shape, described.image_px)
        labels = [BOX_FIRST, BOX_LAST]
    given = np.zeros((1, 1, side, side), np.float32) if previous is None else previous[None, None]
    return {
        "points": np.concatenate((points, more)).astype(np.float32)[None],
        "labels": np.append(prompts.labels, labels).astype(np.float32)[None],
        "previous": given,
        "has_previous": np.array([previous is not None], dtype=np.float32),
    }
