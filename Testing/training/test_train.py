"""Trainings of a few steps: repeatable, resumable, and safe to interrupt."""

import json
import os
import pickle
import signal
import threading
from dataclasses import replace
from pathlib import Path

import onnxruntime
import pytest
import torch

from training import train
from training.checkpoint import CheckpointError, checkpoint_path, load_checkpoint, save_checkpoint
from training.parallel import Team
from training.schedule import Budget
from training.trainer import Settings, Trainer

TINY = Settings(seed=3, batch=2, scenes_at_once=4, kinds=1)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def a_plan(folder: Path, steps: int = 2) -> train.Plan:
    return train.Plan(TINY, Budget(1, steps), folder, validation=2, command="a command")


def weights(trainer: Trainer) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in trainer.network.parameters()])


def stepped(trainer: Trainer, steps: int) -> Trainer:
    for _ in range(steps):
        trainer.step(1e-3)
    return trainer


def test_a_few_steps_give_a_network_and_tell_how_it_went(tmp_path: Path) -> None:
    train.run(a_plan(tmp_path))
    session = onnxruntime.InferenceSession(
        tmp_path / train.MODEL_NAME, providers=["CPUExecutionProvider"]
    )
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["samples"] == "4"
    assert facts["seed"] == "3"
    assert facts["command"] == "a command"
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert 0 <= last["validation"]["dice_1"] <= 1
    assert (tmp_path / "samples.png").stat().st_size > 1000
    assert (tmp_path / "progress.png").stat().st_size > 1000


def test_training_changes_the_network_and_the_average_follows() -> None:
    trainer = Trainer(TINY, Team())
    before = weights(trainer)
    stepped(trainer, 2)
    assert not torch.equal(before, weights(trainer))
    average = trainer.average.masks.weight
    assert not torch.equal(average, trainer.network.masks.weight)
    assert float((average - trainer.network.masks.weight).detach().abs().max()) < 0.01


def test_a_resumed_training_equals_one_without_a_pause(tmp_path: Path) -> None:
    whole = stepped(Trainer(TINY, Team()), 3)
    half = stepped(Trainer(TINY, Team()), 1)
    path = checkpoint_path(tmp_path, 0)
    save_checkpoint(path, half.state())
    resumed = Trainer(TINY, Team())
    resumed.restore(load_checkpoint(path))
    stepped(resumed, 2)
    assert torch.equal(weights(whole), weights(resumed))
    assert resumed.samples == whole.samples


def test_a_training_starts_from_the_averaged_weights_of_another(tmp_path: Path) -> None:
    former = stepped(Trainer(TINY, Team()), 2)
    path = checkpoint_path(tmp_path, 0)
    save_checkpoint(path, {"trainer": former.state(), "elapsed_s": 1.0})
    later = Trainer(replace(TINY, seed=4, init=path), Team())
    for name, weight in former.average.state_dict().items():
        assert torch.equal(weight, later.network.state_dict()[name])
    assert later.samples == 0


def test_weights_of_another_network_are_no_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = checkpoint_path(tmp_path, 0)
    former = Trainer(replace(TINY, variant="separable"), Team())
    save_checkpoint(path, {"trainer": former.state(), "elapsed_s": 1.0})
    assert train.main(["--init", str(path), "--threads", "1", "--out", str(tmp_path / "out")]) == 1
    assert "checkpoint of another network" in capsys.readouterr().err


def test_another_seed_gives_another_network() -> None:
    one, other = (Trainer(replace(TINY, seed=seed), Team()) for seed in (1, 2))
    assert not torch.equal(one.games.image, other.games.image)
    assert not torch.equal(weights(one), weights(other))


def test_processes_that_train_together_have_the_same_network(tmp_path: Path) -> None:
    train.run(replace(a_plan(tmp_path, steps=1), processes=2))
    first, second = (load_checkpoint(checkpoint_path(tmp_path, rank)) for rank in (0, 1))
    for name in ("masks.weight", "stem.0.0.weight"):
        assert torch.equal(first["trainer"]["network"][name], second["trainer"]["network"][name])
    images = [state["trainer"]["games"]["image"] for state in (first, second)]
    assert not torch.equal(*images), "both processes look at the same scenes"


def test_an_interrupted_training_is_saved_and_goes_on(tmp_path: Path) -> None:
    plan = replace(a_plan(tmp_path), budget=Budget(minutes=10))
    threading.Timer(4, os.kill, (os.getpid(), signal.SIGINT)).start()
    train.run(plan)
    state = load_checkpoint(checkpoint_path(tmp_path, 0))
    done = state["trainer"]["steps"]
    assert state["elapsed_s"] < 120
    train.run(replace(plan, budget=Budget(1, steps=done + 1), resume=True))
    assert load_checkpoint(checkpoint_path(tmp_path, 0))["trainer"]["steps"] == done + 1


class Malice:
    """An object that would write a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self._path,)


def test_a_checkpoint_with_code_in_it_is_refused(tmp_path: Path) -> None:
    path, witness = tmp_path / "checkpoint-0.pt", tmp_path / "witness"
    torch.save({"trainer": Malice(witness)}, path)
    with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
        load_checkpoint(path)
    path.write_bytes(pickle.dumps(Malice(witness), protocol=2))
    with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
        load_checkpoint(path)
    assert not witness.exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half an archive"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint-0.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"checkpoint-0\.pt"):
        load_checkpoint(path)


def test_there_is_nothing_to_resume_in_an_empty_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--resume", "--out", str(tmp_path)]) == 1
    assert "start without --resume" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--init", "--label-maps"])
def test_what_is_to_be_read_must_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    missing = tmp_path / "nothing-here"
    assert train.main([option, str(missing), "--out", str(tmp_path / "out")]) == 1
    assert "nothing-here" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["--minutes", "0"], ["--threads", "0"], ["--device", "tpu"]])
def test_nonsense_on_the_command_line_is_an_error(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        train.parse(arguments)
    assert ended.value.code == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_without_a_device_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train.parse(["--device", "cuda"])
    assert "use --device cpu" in capsys.readouterr().err
