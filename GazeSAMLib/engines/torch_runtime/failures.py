"""Telling a device's failures, after which work can go on elsewhere, from mistakes."""

import re
from enum import Enum

from GazeSAMLib.engines.torch_runtime.imports import import_torch

FAILURES = (RuntimeError, MemoryError)
"""What torch raises when a device fails; also much else: ask :func:`failure_of`."""

_OUT_OF_MEMORY = re.compile(
    r"out of memory|can't allocate memory|cannot allocate memory|not enough memory|"
    r"_STATUS_ALLOC_FAILED|unable to (?:find|allocate) .*workspace",
    re.IGNORECASE,
)
_DEVICE_LOST = re.compile(
    r"^(?:CUDA|HIP|XPU|Level Zero|cuDNN|cuBLAS) (?:driver )?error\b|"
    r"CUDA error:|HIP error:|"
    r"\bCU(?:DNN|BLAS)_STATUS_(?:EXECUTION_FAILED|INTERNAL_ERROR|NOT_INITIALIZED|MAPPING_ERROR)|"
    r"no (?:CUDA|HIP)[- ]capable device|GPU is lost|device (?:was )?lost|"
    r"No CUDA GPUs are available|DEVICE_LOST",
    re.IGNORECASE,
)


class Failure(Enum):
    """Why a device could not do what it was asked."""

    MEMORY = "has too little memory"
    DEVICE = "failed"


def failure_of(error: BaseException) -> Failure | None:
    """Return what failed, or None where `error` is a mistake that no device could have avoided.

    torch has types for some of these failures alone; the others are told by their message.
    """
    if isinstance(error, MemoryError | import_torch().OutOfMemoryError):
        return Failure.MEMORY
    if not isinstance(error, RuntimeError):
        return None
    message = str(error)
    if _OUT_OF_MEMORY.search(message):
        return Failure.MEMORY
    return Failure.DEVICE if _DEVICE_LOST.search(message) else None
