"""Which of many slices say most."""

import numpy as np

from GazeSAMLib.hosts.cli.trace import AcceptedStep
from GazeSAMLib.prompts.prompt_set import NOT_THIS


def most_telling(groups: list[list[AcceptedStep]], limit: int) -> list[int]:
    """Return the indices of at most `limit` groups, in their order.

    First the slice on which each segment is largest, then those that were corrected, then
    others evenly spread.

    Parameters
    ----------
    groups : list of list of AcceptedStep
        The looks accepted on each slice; none where it was propagated.
    limit : int
        At least 1.
    """
    if len(groups) <= limit:
        return list(range(len(groups)))
    largest: dict[str, tuple[int, int]] = {}
    for index, steps in enumerate(groups):
        for accepted in steps:
            edit = accepted.step.edit
            size = 0 if edit.remove else int(edit.patch.mask.sum())
            largest[edit.segment.id] = max(largest.get(edit.segment.id, (-1, 0)), (size, -index))
    corrected = [index for index, steps in enumerate(groups) if any(map(_is_correction, steps))]
    spread = np.linspace(0, len(groups) - 1, limit).round().astype(int).tolist()
    wanted = dict.fromkeys((*(-index for _, index in largest.values()), *corrected, *spread))
    return sorted([*wanted][:limit])


def _is_correction(accepted: AcceptedStep) -> bool:
    look = accepted.step.look
    return accepted.step.edit.remove or (look is not None and NOT_THIS in look.prompts.labels)
