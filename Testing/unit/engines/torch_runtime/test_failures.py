"""Failures of devices are told from mistakes."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.torch_runtime.failures import Failure, failure_of  # noqa: E402


def raised_by(work) -> BaseException:
    with pytest.raises((RuntimeError, MemoryError)) as raised:
        work()
    return raised.value


def test_memory_that_torch_cannot_have_is_a_failure():
    error = raised_by(lambda: torch.empty(2**60, dtype=torch.uint8))
    assert failure_of(error) is Failure.MEMORY


def test_memory_that_python_cannot_have_is_a_failure():
    assert failure_of(raised_by(lambda: bytearray(2**62))) is Failure.MEMORY


@pytest.mark.parametrize(
    "message",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8.00 GiB",
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "MPS backend out of memory (MPS allocated: 8.00 GB, other allocations: 1.00 GB)",
        "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 1073741824 bytes. Error code 12 (Cannot allocate memory)",
    ],
)
def test_messages_of_too_little_memory_are_known(message):
    assert failure_of(RuntimeError(message)) is Failure.MEMORY


def test_torchs_own_type_is_known():
    assert failure_of(torch.OutOfMemoryError("no words about it")) is Failure.MEMORY


@pytest.mark.parametrize(
    "message",
    [
        "CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously",
        "CUDA error: the launch timed out and was terminated",
        "CUDA error: an illegal memory access was encountered",
        "CUDA error: uncorrectable ECC error encountered",
        "CUDA error: unknown error",
        "CUDA driver error: unknown error",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx(handle)`",
        "CUDA error: no CUDA-capable device is detected",
        "No CUDA GPUs are available",
        "HIP error: device lost",
        "level_zero backend failed with error: 20 (UR_RESULT_ERROR_DEVICE_LOST)",
    ],
)
def test_messages_of_a_lost_device_are_known(message):
    assert failure_of(RuntimeError(message)) is Failure.DEVICE


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: torch.ones(2, 3) @ torch.ones(2, 3),
        lambda: torch.ones(2).view(3),
        lambda: torch.ones(2, device="nonsense"),
    ],
    ids=["shapes", "view", "no such device"],
)
def test_mistakes_are_none(mistake):
    assert failure_of(raised_by(mistake)) is None
