"""Importing torch and segment_anything where their builds do not fit each other.

``segment_anything`` imports torchvision for its automatic mask generator. A torchvision built
for CUDA beside a torch built for the CPU (what ``pip install torchvision`` leaves behind on many
machines) fails at import with "operator torchvision::nms does not exist", though nothing that
a prompt needs is missing. Declaring the operators' schemas first lets it import.
"""

import functools
from types import ModuleType

from GazeSAMLib.errors import EngineError

_MISSING_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@functools.cache
def import_segment_anything() -> ModuleType:
    """Return the ``segment_anything`` package, torch and torchvision being there.

    Raises
    ------
    EngineError
        If a package is missing or broken, with what to install.
    """
    try:
        import torch
    except (ImportError, OSError) as error:
        raise EngineError(
            f"the engine 'sam' needs PyTorch, which cannot be imported ({error}); "
            "install it (in Slicer: the PyTorch extension)"
        ) from error
    try:
        _import_torchvision(torch)
        import segment_anything
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(
            "the engine 'sam' needs segment-anything with a torchvision that fits torch "
            f"{torch.__version__} ({type(error).__name__}: {error}); install them with: "
            "pip install segment-anything-py, and torchvision of the same release as torch"
        ) from error
    return segment_anything  # type: ignore[no-any-return]


def _import_torchvision(torch: ModuleType) -> None:
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        library = torch.library.Library("torchvision", "DEF")
        for schema in _MISSING_SCHEMAS:
            library.define(schema)
        import torchvision

        torchvision.gazesam_declared_operators = library  # the schemas live as long as this
