"""How long a training lasts and how fast it learns meanwhile."""

from __future__ import annotations

import math
from dataclasses import dataclass

WARM_UP = 0.02
LAST_SHARE = 0.01


@dataclass(frozen=True)
class Budget:
    """A length in minutes, or in steps where exact repetition counts.

    Attributes
    ----------
    minutes
        Time to train, pauses between resumed parts left out.
    steps
        Number of optimiser steps; takes precedence.
    """

    minutes: float
    steps: int | None = None

    def spent(self, elapsed_s: float, steps: int) -> float:
        """Return what share of the budget is spent, 1 at the end."""
        share = elapsed_s / (60 * self.minutes) if self.steps is None else steps / self.steps
        return min(1.0, share)


def learning_rate(peak: float, spent: float) -> float:
    """Return the rate after a share `spent` of the budget: a short ramp up, then half a cosine."""
    ramp = min(1.0, (spent + 1e-4) / WARM_UP)
    wave = 0.5 * (1 + math.cos(math.pi * max(0.0, (spent - WARM_UP) / (1 - WARM_UP))))
    return peak * ramp * (LAST_SHARE + (1 - LAST_SHARE) * wave)
