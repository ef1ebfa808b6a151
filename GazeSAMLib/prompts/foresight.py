"""A look that is asked for before its fixation is certain, so that its answer is there in time."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.look import Look

PointDeg = tuple[float, float]
Mask = npt.NDArray[np.bool_]

ELSEWHERE_DEG = 1.0
"""Gaze this far from what was foreseen rests on something else."""


class Foresight:
    """Keeps one foreseen look, out of sight, until its fixation has begun or it is dropped.

    Places are visual angles from the display's centre.
    """

    def __init__(self) -> None:
        self._look: Look | None = None
        self._at_deg: PointDeg | None = None
        self._corrects: Mask | None = None

    def wants(self, centre_deg: PointDeg) -> bool:
        """Whether a look at `centre_deg` is to be asked for: none was, near there."""
        return self._at_deg is None or math.dist(centre_deg, self._at_deg) > ELSEWHERE_DEG

    def keep(self, look: Look, centre_deg: PointDeg, corrects: Mask | None = None) -> None:
        """Keep a look that has been asked for, in place of any other.

        Parameters
        ----------
        look : Look
            The look.
        centre_deg : (float, float)
            Where.
        corrects : ndarray of bool or None
            The mask of which it was asked for as a correction.
        """
        self._look, self._at_deg, self._corrects = look, centre_deg, corrects

    def answer(self, number: int, candidates: MaskCandidates) -> bool:
        """Give the foreseen look its answer; False where the answer is to something else."""
        if self._look is None or self._look.number != number:
            return False
        self._look = replace(self._look, candidates=candidates, answered=number)
        return True

    def take(
        self, centre_deg: PointDeg, within_deg: float, corrects: Mask | None = None
    ) -> tuple[Look, PointDeg] | None:
        """Return the look that was foreseen, and where; None where that was not this one.

        Parameters
        ----------
        centre_deg : (float, float)
            Of the fixation that has begun.
        within_deg : float
            So far away the look is still the same.
        corrects : ndarray of bool or None
            The mask that it would correct now: another after an undo, or in another segment.
        """
        look, at_deg, asked_to_correct = self._look, self._at_deg, self._corrects
        self.clear()
        if look is None or at_deg is None or math.dist(centre_deg, at_deg) >= within_deg:
            return None
        return None if corrects is not asked_to_correct else (look, at_deg)

    def clear(self) -> None:
        """Forget what was foreseen: what is on screen, or what is wanted, has changed."""
        self._look = self._at_deg = self._corrects = None
