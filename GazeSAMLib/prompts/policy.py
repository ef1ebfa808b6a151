"""How looks become prompts.

A policy is a function of the running prompt, the new look and its uncertainty. The default
lets every look begin anew, because readers look about; with the other, looks at several
parts of one structure add up until it is accepted or cleared.
"""

from collections.abc import Callable

from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import ADD, PromptSet

PromptPolicy = Callable[[PromptSet | None, ImagePoint, float], PromptSet]


def latest_look(
    running: PromptSet | None,  # noqa: ARG001 - part of the policy's form
    point: ImagePoint,
    sigma_px: float,
) -> PromptSet:
    """Return a prompt of the new look alone."""
    return PromptSet.at(point, sigma_px)


def collect_looks(running: PromptSet | None, point: ImagePoint, sigma_px: float) -> PromptSet:
    """Return the running prompt with the new look added."""
    return PromptSet.at(point, sigma_px) if running is None else running.with_point(point, ADD)
