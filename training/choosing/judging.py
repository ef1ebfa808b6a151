"""How good the choice is, in looks that it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from GazeSAMLib.engines.compact.choice import different, expected_dice
from GazeSAMLib.engines.compact.engine import CANDIDATES
from GazeSAMLib.engines.scorer import Scorer
from training.choosing.looks import CONDITIONS, Looks

HELD_OUT = 5
"""One anatomy in so many is not fitted to."""


@dataclass(frozen=True)
class Figures:
    """Mean Dice of looks under one condition.

    Attributes
    ----------
    condition
        Its name.
    shown
        Of the mask that is shown first.
    best_shown, best
        Of the best of the masks that are offered; of all that the network found.
    score_error
        Mean distance of the scores from the IoU that they predict.
    """

    condition: str
    shown: float
    best_shown: float
    best: float
    score_error: float

    def __str__(self) -> str:
        return (
            f"{self.condition:14} shown {self.shown:.3f}, best - top"
            f" {self.best_shown - self.shown:.3f}, best of all {self.best:.3f},"
            f" scores off by {self.score_error:.3f}"
        )


def split(looks: Looks) -> tuple[Looks, Looks]:
    """Return the looks to fit to and those to judge with; no anatomy is in both."""
    held_out = looks.anatomy % HELD_OUT == 0
    return looks.taken(~held_out), looks.taken(held_out)


def judged(scorer: Scorer, looks: Looks) -> list[Figures]:
    """Return the figures of each condition, as the engine would choose with `scorer`."""
    rows = []
    for number in range(len(looks)):
        iou, there = looks.iou[number], looks.there[number]
        scores = scorer.expected_iou(looks.evidence[number])
        dice = 2.0 * looks.overlap[number] / (1.0 + looks.overlap[number])
        places = different(expected_dice(scores, iou, there), iou, there, CANDIDATES)
        shown = dice[places] if places else np.zeros(1)
        error = np.abs(scores - looks.overlap[number])[there]
        rows.append((shown[0], shown.max(), dice.max(), error.mean() if len(error) else 0.0))
    values = np.array(rows)
    return [
        Figures(name, *values[looks.condition == number].mean(axis=0).tolist())
        for number, (name, *_) in enumerate(CONDITIONS)
        if (looks.condition == number).any()
    ]
