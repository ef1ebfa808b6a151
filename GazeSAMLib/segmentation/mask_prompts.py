"""A mask as prompts: what to tell an engine about a structure whose place is roughly known."""

import numpy as np
import numpy.typing as npt

from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet
from GazeSAMLib.segmentation.passage import Passage

INSIDE = 3
INSIDE_ALONE = 4
AROUND = 6
SIGMA_PX = 1.0
SPREAD = 0.5  # points lie at least this part of the structure's radius apart
CLEARANCE = 0.6  # and this part of their own distance from the outline
SHALLOWEST = 0.25  # of the deepest point's distance: nearer to the outline lies none


def prompts_for(passage: Passage, previous: npt.NDArray[np.float32] | None) -> PromptSet:
    """Return a few well spread points in the expected structure, as prompts on the slice image.

    Where the engine does not know the mask, points just outside say how far it goes.

    Parameters
    ----------
    passage : Passage
        Where the structure is expected.
    previous : ndarray of float32, shape (h, w), or None
        The expected mask as the engine takes it.
    """
    points = _inner_points(passage, INSIDE if previous is not None else INSIDE_ALONE)
    beside = [] if previous is not None else _outer_points(passage)
    top, left = (side.start for side in passage.box)
    rows_columns = np.array([*points, *beside], dtype=np.float64) + np.array((top, left))
    labels = np.array([ADD] * len(points) + [NOT_THIS] * len(beside))
    return PromptSet(rows_columns[:, ::-1], labels, sigma_px=SIGMA_PX, previous=previous)


def _inner_points(passage: Passage, count: int) -> list[tuple[int, int]]:
    depths = np.minimum(passage.inside_px, _from_border_px(passage.expected.shape))
    deepest = float(depths.max())
    apart = SPREAD * np.sqrt(np.count_nonzero(passage.expected) / np.pi)
    rows, columns = np.ogrid[: depths.shape[0], : depths.shape[1]]
    points: list[tuple[int, int]] = []
    while len(points) < count:
        row, column = np.unravel_index(int(depths.argmax()), depths.shape)
        depth = float(depths[row, column])
        if points and depth < max(1.0, SHALLOWEST * deepest):
            break
        points.append((int(row), int(column)))
        near = (rows - row) ** 2 + (columns - column) ** 2 <= max(CLEARANCE * depth, apart) ** 2
        depths[near] = 0.0
    return points


def _outer_points(passage: Passage) -> list[tuple[int, int]]:
    depth = -passage.inside_px - passage.reach_px
    rows, columns = np.nonzero((depth > 0.0) & (depth <= 2.0))
    if len(rows) == 0:
        return []
    inner_rows, inner_columns = np.nonzero(passage.expected)
    angles = np.arctan2(rows - inner_rows.mean(), columns - inner_columns.mean())
    wanted = np.arange(AROUND) * (2.0 * np.pi / AROUND) - np.pi
    apart = np.abs(np.angle(np.exp(1j * (angles[None, :] - wanted[:, None]))))
    chosen = np.unique(apart.argmin(axis=1)).tolist()
    return [(int(rows[at]), int(columns[at])) for at in chosen]


def _from_border_px(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Return each pixel's distance from the border, so that no point lies there."""
    rows, columns = (
        np.minimum(np.arange(side) + 1, np.arange(side, 0, -1)).astype(np.float32) for side in shape
    )
    return np.minimum.outer(rows, columns)
