"""A model goes on elsewhere when its device fails; mistakes go through."""

import threading

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install gazesam[sam]")

from GazeSAMLib.engines.torch_runtime.placed import Loader, PlacedModel  # noqa: E402
from GazeSAMLib.engines.torch_runtime.placement import (  # noqa: E402
    Placement,
    check_device,
    check_precision,
)
from GazeSAMLib.errors import EngineError  # noqa: E402

EXACT, ROUNDED = Placement("cpu", "fp32"), Placement("cpu", "bf16")
GPU, GPU_ROUNDED = Placement("cuda", "fp32"), Placement("cuda", "bf16")
TOO_MUCH = 2**58


def a_layer(placement):
    return torch.nn.Linear(3, 2).to(placement.dtype)


def needs_too_much_in_fp32(model, placement):
    """Ask for memory that no machine has, at fp32."""
    torch.empty(TOO_MUCH if placement == EXACT else 1, dtype=torch.uint8)
    return model.weight.dtype


def is_lost_on_a_gpu(_model, placement):
    if placement.kind == "cuda":
        raise RuntimeError("CUDA error: unspecified launch failure")
    return str(placement)


def test_too_little_memory_leads_to_a_smaller_precision_with_a_note():
    placed = PlacedModel(a_layer, [EXACT, ROUNDED])
    assert placed.notes == ()
    assert placed.run(needs_too_much_in_fp32) == torch.bfloat16
    assert placed.placement == ROUNDED
    assert placed.notes == ("cpu, fp32 has too little memory: the model runs on cpu, bf16",)


def test_a_model_too_large_to_load_is_loaded_smaller():
    def load(placement):
        torch.empty(TOO_MUCH if placement == EXACT else 1, dtype=torch.uint8)
        return a_layer(placement)

    placed = PlacedModel(load, [EXACT, ROUNDED])
    assert placed.placement == ROUNDED
    assert len(placed.notes) == 1


def test_a_lost_gpu_is_not_tried_again_in_another_precision():
    placed = PlacedModel(lambda placement: str(placement), [GPU, GPU_ROUNDED, EXACT])
    assert placed.run(is_lost_on_a_gpu) == "cpu, fp32"
    assert placed.notes == ("cuda, fp32 failed: the model runs on cpu, fp32",)
    assert placed.run(is_lost_on_a_gpu) == "cpu, fp32"
    assert len(placed.notes) == 1


def test_too_little_memory_on_a_gpu_tries_fewer_bits_there_first():
    def full_at_fp32(_model, placement):
        if placement == GPU:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return placement

    placed = PlacedModel(lambda placement: str(placement), [GPU, GPU_ROUNDED, EXACT])
    assert placed.run(full_at_fp32) == GPU_ROUNDED


def test_where_nothing_is_left_one_sentence_says_so():
    placed = PlacedModel(a_layer, [EXACT])
    with pytest.raises(EngineError, match=r"cpu, fp32 has too little memory.*smaller model"):
        placed.run(needs_too_much_in_fp32)
    with pytest.raises(EngineError, match="no device is left"):
        placed.run(lambda model, _: model)


def test_a_mistake_is_not_taken_for_a_failure():
    placed = PlacedModel(a_layer, [EXACT, ROUNDED])
    with pytest.raises(RuntimeError, match="shapes"):
        placed.run(lambda model, _: model(torch.ones(1, 7)))
    assert placed.placement == EXACT


def test_threads_that_meet_the_same_failure_move_the_model_once():
    loaded = []

    def load(placement):
        loaded.append(placement)
        return placement

    both = threading.Barrier(2)

    def fails_on_gpu(_model, placement):
        if placement == GPU:
            both.wait()
            raise RuntimeError("CUDA error: unknown error")
        return placement

    placed = PlacedModel(load, [GPU, GPU_ROUNDED, EXACT])
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(placed.run(fails_on_gpu))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [EXACT, EXACT]
    assert loaded == [GPU, EXACT]
    assert len(placed.notes) == 1


def test_a_kept_model_is_not_loaded_again():
    loaded = []
    loader = Loader(lambda placement: loaded.append(placement) or object())
    model = loader(EXACT)
    loader.keep(EXACT, model)
    assert loader(EXACT) is model
    assert loader(EXACT) is not model  # given away once
    loader.keep(EXACT, model)
    loader(ROUNDED)
    assert loaded == [EXACT, EXACT, ROUNDED]


def test_placements_are_shown_and_those_nobody_tested_say_so():
    assert str(Placement("cuda:1", "bf16")) == "cuda:1, bf16"
    assert str(Placement("xpu", "bf16")) == "xpu (untested), bf16"


def test_a_device_or_precision_that_is_not_there_is_named():
    assert check_device("cpu") == "cpu"
    with pytest.raises(EngineError, match="'tpu' cannot be used"):
        check_device("tpu")
    with pytest.raises(EngineError, match="'fp8'; choose one of: fp32, bf16, fp16"):
        check_precision("fp8")
