"""The network, what it is taught, and the file that it becomes."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from training.export import LARGEST_FILE_MB, export, parity
from training.losses import loss, mask_losses, overlaps
from training.network import INPUTS, MASKS, PromptNetwork
from training.schedule import Budget, learning_rate
from training.warm_start import load_study_weights


@pytest.fixture(scope="module")
def network() -> PromptNetwork:
    torch.manual_seed(0)
    return PromptNetwork().eval()


def inputs(batch: int = 2, high: int = 64, wide: int = 64, seed: int = 0) -> torch.Tensor:
    return torch.rand(batch, INPUTS, high, wide, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def exported(network: PromptNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "compact.onnx"
    export(network, path, {"seed": "7", "samples": "12", "command": "a command"})
    return path


def test_masks_and_scores_have_the_shapes_that_engines_expect(network: PromptNetwork) -> None:
    with torch.no_grad():
        logits, scores = network(inputs(3, 64, 96))
    assert logits.shape == (3, MASKS, 64, 96)
    assert scores.shape == (3, MASKS)
    assert 0 <= float(scores.min()) <= float(scores.max()) <= 1


def test_scores_are_learned_without_bending_the_masks(network: PromptNetwork) -> None:
    network.zero_grad()
    _, scores = network(inputs())
    scores.sum().backward()
    assert network.masks.weight.grad is None
    assert float(network.score[0].weight.grad.abs().sum()) > 0
    network.zero_grad()


def test_a_sample_does_not_depend_on_its_neighbours(network: PromptNetwork) -> None:
    x = inputs(3)
    with torch.no_grad():
        together, alone = network(x)[0][1], network(x[1:2])[0][0]
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


def test_onnx_computes_what_torch_computes(network: PromptNetwork, exported: Path) -> None:
    worst = parity(network, exported)
    assert worst["logits"] < 1e-4
    assert worst["iou"] < 1e-5


def test_parity_notices_other_weights(exported: Path) -> None:
    torch.manual_seed(1)
    assert parity(PromptNetwork().eval(), exported)["logits"] > 1e-3


def test_the_file_keeps_to_the_contract_of_the_engine(exported: Path) -> None:
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    assert [(given.name, given.type) for given in session.get_inputs()] == [("x", "tensor(float)")]
    assert [given.name for given in session.get_outputs()] == ["logits", "iou"]
    facts = session.get_modelmeta().custom_metadata_map
    assert {"name", "version", "seed", "samples", "command"} <= facts.keys()
    assert exported.stat().st_size < LARGEST_FILE_MB * 1e6
    for batch in (1, 5):
        logits, scores = session.run(None, {"x": inputs(batch, 128, 128).numpy()})
        assert logits.shape == (batch, MASKS, 128, 128)
        assert scores.shape == (batch, MASKS)


def test_weights_of_the_study_compute_what_they_did(shared_data: Path) -> None:
    study = shared_data.parent / "prototype/tinyprompt_cpu57k.onnx"
    if not study.is_file():
        pytest.skip(f"the study's weights are not there: {study}")
    network = PromptNetwork()
    load_study_weights(network, study, inputs(4, 128, 128))
    network.eval()
    session = onnxruntime.InferenceSession(study, providers=["CPUExecutionProvider"])
    x = inputs(2, 128, 128, seed=1)
    expected = session.run(None, {"x": x[:, :4].numpy()})
    with torch.no_grad():
        given = network(x)
    for theirs, ours in zip(expected, given, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-4)


def test_weights_of_another_network_are_refused(exported: Path) -> None:
    with pytest.raises(ValueError, match="not an export of the feasibility study"):
        load_study_weights(PromptNetwork(), exported, inputs())


def a_target() -> torch.Tensor:
    target = torch.zeros(1, 32, 32, dtype=torch.bool)
    target[:, 8:20, 8:24] = True
    return target


def test_right_masks_cost_nothing_and_wrong_ones_much() -> None:
    target = a_target()
    sure = torch.where(target, 20.0, -20.0)[:, None].expand(1, MASKS, 32, 32)
    assert float(mask_losses(sure, target).max()) < 1e-3
    assert float(mask_losses(-sure, target).min()) > 5


def test_overlap_is_that_of_sets() -> None:
    target = a_target()
    mask = torch.zeros(1, MASKS, 32, 32)
    mask[:, :, 8:14, 8:24] = 1  # the upper half
    assert overlaps(mask - 0.5, target)[0].tolist() == pytest.approx([0.5] * MASKS, abs=0.01)


def test_scores_in_the_wrong_order_cost_more() -> None:
    target = a_target()
    logits = torch.full((1, MASKS, 32, 32), -5.0)
    logits[:, 0] = torch.where(target, 5.0, -5.0)
    is_first = torch.tensor([True])
    right = loss(logits, torch.tensor([[0.6, 0.3, 0.3]]), target, is_first)
    wrong = loss(logits, torch.tensor([[0.3, 0.6, 0.6]]), target, is_first)
    assert float(right) < float(wrong)


def test_a_first_look_forgives_what_another_mask_gets_right() -> None:
    target = a_target()
    logits = torch.full((1, MASKS, 32, 32), -5.0)
    logits[:, 2] = torch.where(target, 5.0, -5.0)
    scores = torch.full((1, MASKS), 0.5)
    ambiguous = loss(logits, scores, target, torch.tensor([True]))
    settled = loss(logits, scores, target, torch.tensor([False]))
    assert float(ambiguous) < float(settled)


def test_the_rate_rises_briefly_and_falls_to_a_hundredth() -> None:
    budget = Budget(minutes=10)
    rates = [learning_rate(1.0, budget.spent(second, 0)) for second in range(0, 700, 2)]
    assert rates[0] < 0.02
    assert max(rates) > 0.99
    assert rates.index(max(rates)) < 10
    assert rates[-1] == pytest.approx(0.01)
    assert Budget(minutes=10, steps=4).spent(1e6, 2) == 0.5
