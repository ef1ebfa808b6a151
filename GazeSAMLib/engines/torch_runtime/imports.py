"""Importing torch, torchvision and what builds on them, where their builds do not fit.

Model packages (``segment_anything``, ``timm``, ``transformers``) import torchvision for parts
that a prompt never needs. A torchvision built for CUDA beside a torch built for the CPU (what
``pip install torchvision`` leaves behind on many machines) fails at import with "operator
torchvision::nms does not exist". Declaring the operators' schemas first lets it import.
"""

import functools
import importlib
from types import ModuleType

from GazeSAMLib.errors import EngineError

_MISSING_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@functools.cache
def import_torch() -> ModuleType:
    """Return ``torch``.

    Raises
    ------
    EngineError
        If it is missing or broken, with what to install.
    """
    try:
        import torch
    except (ImportError, OSError) as error:
        raise EngineError(
            f"this engine needs PyTorch, which cannot be imported ({error}); "
            "install it (in Slicer: the PyTorch extension)"
        ) from error
    return torch  # type: ignore[no-any-return]


@functools.cache
def import_torchvision() -> ModuleType:
    """Return ``torchvision``, as far as it works beside this torch.

    Raises
    ------
    EngineError
        If torch or torchvision is missing or broken, with what to install.
    """
    torch = import_torch()
    try:
        _import_with_schemas(torch)
        import torchvision
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(
            f"this engine needs a torchvision that fits torch {torch.__version__} "
            f"({type(error).__name__}: {error}); install the one of the same release as torch"
        ) from error
    return torchvision  # type: ignore[no-any-return]


@functools.cache
def import_beside_torch(package: str, distribution: str) -> ModuleType:
    """Return a package that imports torch and torchvision, such as ``timm``.

    Parameters
    ----------
    package : str
        Its import name.
    distribution : str
        What to give to ``pip install``, for the message.

    Raises
    ------
    EngineError
        If it, torch or torchvision is missing or broken, with what to install.
    """
    import_torchvision()
    try:
        return importlib.import_module(package)
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(
            f"this engine needs {package} ({type(error).__name__}: {error}); "
            f"install it with: pip install {distribution}"
        ) from error


def import_segment_anything() -> ModuleType:
    """Return the ``segment_anything`` package.

    Raises
    ------
    EngineError
        If it, torch or torchvision is missing or broken, with what to install.
    """
    return import_beside_torch("segment_anything", "segment-anything-py")


def _import_with_schemas(torch: ModuleType) -> None:
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
