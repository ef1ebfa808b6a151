"""Where a model runs best on this machine, by trying it once."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from GazeSAMLib.engines.torch_runtime.failures import FAILURES, failure_of
from GazeSAMLib.engines.torch_runtime.imports import import_torch
from GazeSAMLib.engines.torch_runtime.measured import Measurements
from GazeSAMLib.engines.torch_runtime.placement import (
    PRECISIONS,
    Placement,
    best_device,
    check_device,
    check_precision,
)

LEAST_AGREEMENT = 0.99
"""A precision whose mask overlaps that of fp32 by less (IoU) is not taken."""

LEAST_GAIN = 0.9
"""Nor is one that needs more than this share of the time of fp32."""

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Trial:
    """What a model did with one image at one placement.

    Attributes
    ----------
    seconds : float
        Of embedding.
    masks : ndarray, shape (K, H, W)
        For one prompt, in the order in which the engine returns them.
    """

    seconds: float
    masks: BoolArray


TryOut = Callable[[Placement, Callable[[], None]], Trial]
"""Tries a model out at a placement; calls the function it is given often, which may raise."""


class TooSlow(Exception):  # noqa: N818 - ends a trial, and is nobody's mistake
    """The trial takes longer than what is known to be possible."""


def plan_placements(
    weights_digest: str,
    try_out: TryOut,
    device: str | None = None,
    precision: str | None = None,
    measurements: Measurements | None = None,
) -> list[Placement]:
    """Return where to run a model, best first, and where next if that fails.

    What is not said is chosen: the fastest kind of device there is, and on it the fastest
    precision that draws the same masks as fp32. That is measured once for every model, device
    and version of torch.

    Parameters
    ----------
    weights_digest : str
        Names the model.
    try_out : callable
        See :data:`TryOut`; not called where there is no choice or it was made before.
    device, precision : str or None
        As the user asked.
    measurements : Measurements or None
        What is remembered; None takes that of this machine.

    Raises
    ------
    EngineError
        If there is no such device or precision.
    """
    where = best_device() if device is None else check_device(device)
    kind = Placement(where).kind
    offered = offered_precisions(kind)
    if precision is not None:
        first = Placement(where, check_precision(precision))
    elif len(offered) == 1:
        first = Placement(where, offered[0])
    else:
        first = Placement(where, _remembered(weights_digest, where, offered, try_out, measurements))
    smaller = [Placement(where, offered[1])] if first.precision == "fp32" else []
    elsewhere = [] if kind == "cpu" else [Placement("cpu", "fp32")]
    last = Placement("cpu", "bf16")
    return list(dict.fromkeys((first, *smaller, *elsewhere, last)))


def offered_precisions(kind: str) -> tuple[str, ...]:
    """Return the precisions that a kind of device can do, fp32 first."""
    if kind == "cuda":
        return PRECISIONS if import_torch().cuda.is_bf16_supported() else ("fp32", "fp16")
    return ("fp32", "fp16") if kind == "mps" else ("fp32", "bf16")


def _remembered(
    weights_digest: str,
    device: str,
    offered: Sequence[str],
    try_out: TryOut,
    measurements: Measurements | None,
) -> str:
    known = measurements or Measurements()
    key = f"{weights_digest[:16]}, torch {import_torch().__version__}, {_machine(device)}"
    before = known.get(key)
    if before is not None and before.get("precision") in offered:
        return str(before["precision"])
    chosen, seconds = fastest_precision(device, offered, try_out)
    if seconds:
        known.put(key, {"precision": chosen, "seconds": seconds})
    return chosen


def fastest_precision(
    device: str, offered: Sequence[str], try_out: TryOut
) -> tuple[str, dict[str, float]]:
    """Return the fastest precision that draws the masks of the first, and the seconds of each.

    A trial that takes longer than the best so far is broken off. Where the first does not fit
    in memory, there is nothing to compare with: the next is taken, unmeasured.
    """
    try:
        exact = try_out(Placement(device, offered[0]), lambda: None)
    except FAILURES as error:
        if failure_of(error) is None:
            raise
        return offered[1], {}
    chosen, best = offered[0], exact.seconds * LEAST_GAIN
    seconds = {chosen: round(exact.seconds, 3)}
    for precision in offered[1:]:
        try:
            trial = try_out(Placement(device, precision), _deadline(best))
        except TooSlow:
            continue
        except FAILURES as error:
            if failure_of(error) is None:
                raise
            continue
        seconds[precision] = round(trial.seconds, 3)
        if trial.seconds < best and agreement(exact.masks, trial.masks) >= LEAST_AGREEMENT:
            chosen, best = precision, trial.seconds
    return chosen, seconds


def agreement(masks: BoolArray, others: BoolArray) -> float:
    """Return the IoU of masks, shape (K, H, W), with others in the same order, all taken as one."""
    union = np.count_nonzero(masks | others)
    return np.count_nonzero(masks & others) / union if union else 1.0


def _deadline(limit_s: float) -> Callable[[], None]:
    """Return a function that raises `TooSlow` so long after it was first called."""
    start: list[float] = []

    def check() -> None:
        now = time.perf_counter()
        start[:] = start or [now]
        if now - start[0] > limit_s:
            raise TooSlow

    return check


def _machine(device: str) -> str:
    """Return a name for what does the work, so that a setting moved elsewhere is not believed."""
    torch = import_torch()
    if device.startswith("cuda"):
        return f"{torch.cuda.get_device_name(device)}"
    return f"{device}: {_processor()}, {torch.get_num_threads()} threads of {os.cpu_count()}"


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
