"""Where a model runs and in which numbers: a torch device and a precision."""

from dataclasses import dataclass
from typing import Any

from GazeSAMLib.engines.torch_runtime.imports import import_torch
from GazeSAMLib.errors import EngineError

PRECISIONS = ("fp32", "bf16", "fp16")
_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
_TESTED_DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, slots=True)
class Placement:
    """A device and a precision.

    Attributes
    ----------
    device : str
        As torch spells it: ``cpu``, ``cuda``, ``cuda:1``, ``mps``, ``xpu``.
    precision : str
        Of the encoder's matrix products: one of :data:`PRECISIONS`.
    """

    device: str
    precision: str = "fp32"

    def __str__(self) -> str:
        """As it is shown: ``cpu, bf16``."""
        untested = "" if self.kind in _TESTED_DEVICES else " (untested)"
        return f"{self.device}{untested}, {self.precision}"

    @property
    def kind(self) -> str:
        """The device without its number."""
        return self.device.partition(":")[0]

    @property
    def dtype(self) -> Any:  # noqa: ANN401 - a torch.dtype
        """The torch type of :attr:`precision`."""
        return getattr(import_torch(), _DTYPES[self.precision])


def best_device() -> str:
    """Return the fastest kind of device that torch offers here."""
    torch = import_torch()
    if torch.cuda.is_available():
        return "cuda"
    if torch.xpu.is_available():
        return "xpu"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"


def check_device(asked: str) -> str:
    """Return `asked` if tensors can be made there.

    Raises
    ------
    EngineError
        If there is no such device, or it does not work.
    """
    torch = import_torch()
    try:
        torch.empty(1, device=asked).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise EngineError(f"the device '{asked}' cannot be used: {reason}") from error
    return asked


def check_precision(asked: str) -> str:
    """Return `asked` if it is one of :data:`PRECISIONS`.

    Raises
    ------
    EngineError
        If it is not.
    """
    if asked not in PRECISIONS:
        raise EngineError(
            f"there is no precision '{asked}'; choose one of: {', '.join(PRECISIONS)}"
        )
    return asked
