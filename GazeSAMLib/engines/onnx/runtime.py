"""onnxruntime: importing it, sessions that spare memory, what it raises."""

import functools
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from GazeSAMLib.errors import CheckpointError, EngineError

CPU = "cpu"
_CUDA_PROVIDER = "CUDAExecutionProvider"


def import_onnxruntime() -> ModuleType:
    """Return ``onnxruntime``.

    Raises
    ------
    EngineError
        If it is missing or broken, with what to install.
    """
    try:
        import onnxruntime
    except (ImportError, OSError) as error:
        raise EngineError(
            f"the engine 'onnx' needs onnxruntime, which cannot be imported ({error}); "
            "install it with: pip install onnxruntime"
        ) from error
    return onnxruntime  # type: ignore[no-any-return]


@functools.cache
def runtime_errors() -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises; its errors have no ancestor of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = (kind for kind in vars(state).values() if isinstance(kind, type))
    return (ValueError, RuntimeError, *(kind for kind in own if issubclass(kind, Exception)))


def checked_device(asked: str | None) -> str:
    """Return the device to run on: ``cpu``, ``cuda`` or ``cuda:N``; None takes CUDA if offered.

    Raises
    ------
    EngineError
        If this onnxruntime cannot run there.
    """
    offered = import_onnxruntime().get_available_providers()
    if asked is None:
        return "cuda" if _CUDA_PROVIDER in offered else CPU
    kind, _, number = asked.partition(":")
    if asked == CPU or (kind == "cuda" and number.isdecimal() >= (":" in asked)):
        if asked == CPU or _CUDA_PROVIDER in offered:
            return asked
        raise EngineError(
            f"the device '{asked}' cannot be used: this onnxruntime has no CUDA; install "
            "onnxruntime-gpu in its place, or take the device 'cpu'"
        )
    raise EngineError(f"there is no device '{asked}' for the engine 'onnx': take cpu, cuda, cuda:1")


def open_session(path: Path, device: str, threads: int) -> Any:  # noqa: ANN401 - onnxruntime's
    """Return the session of a model's file.

    Without the arena and memory patterns, which keep what the largest layer has ever needed
    (of a vit_b several GiB), every layer's memory is given back; that costs no time here.

    Parameters
    ----------
    path : Path
        The ONNX file; weights beside it are found.
    device : str
        As :func:`checked_device` gives it.
    threads : int
        0 takes one for each processor core.

    Raises
    ------
    CheckpointError
        If it is no network, or one that this onnxruntime cannot run.
    EngineError
        If the device does not work.
    """
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # Threads that wait for each other at work would take the processors from other threads.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what goes wrong is raised as well
    providers: list[Any] = ["CPUExecutionProvider"]
    if device != CPU:
        number = device.partition(":")[2] or "0"
        providers.insert(0, (_CUDA_PROVIDER, {"device_id": number}))
    try:
        session = onnxruntime.InferenceSession(path, options, providers=providers)
    except runtime_errors() as error:
        raise CheckpointError(
            f"{path} is not a network that onnxruntime {onnxruntime.__version__} can run "
            f"({first_line(error)})"
        ) from error
    if device != CPU and _CUDA_PROVIDER not in session.get_providers():
        raise EngineError(
            f"the device '{device}' cannot be used: onnxruntime found no CUDA or cuDNN that fits"
        )
    return session


def checked_run(run: Callable[[], Any]) -> Any:  # noqa: ANN401 - what onnxruntime returns
    """Return what `run` returns.

    Raises
    ------
    EngineError
        If onnxruntime fails.
    """
    kinds: tuple[type[Exception], ...] = (*runtime_errors(), MemoryError)
    try:
        return run()
    except kinds as error:
        raise EngineError(f"onnxruntime failed: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """Return the beginning of what an error says."""
    return f"{(str(error).splitlines() or [type(error).__name__])[0]:.200}"
