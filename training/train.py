"""``python3 run.py train``: trains the compact engine's network and exports it."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import torch
import torch.multiprocessing as multiprocessing

from training.checkpoint import CheckpointError, checkpoint_path, load_checkpoint, save_checkpoint
from training.export import export
from training.labelmaps import label_map_files
from training.network import VARIANTS
from training.parallel import Team
from training.pictures import progress_picture, sample_sheet
from training.progress import Progress
from training.schedule import Budget, learning_rate
from training.trainer import Settings, Trainer
from training.validate import validate, validation_scenes

SAVE_EVERY_S = 150.0
VALIDATE_EVERY_S = 480.0
MODEL_NAME = "compact.onnx"


@dataclass(frozen=True)
class Plan:
    """A whole training: how, how long, and where to.

    Attributes
    ----------
    settings, budget
        How to train and how long.
    out
        Folder of checkpoints, log, pictures and the exported network.
    processes
        How many train together.
    resume
        Whether to go on from the checkpoints in `out`.
    validation
        Number of scenes to validate with.
    command
        What was typed, for the exported file.
    """

    settings: Settings
    budget: Budget
    out: Path
    processes: int = 1
    resume: bool = False
    validation: int = 96
    command: str = ""


class Interruption:
    """Remembers, while it is entered, that somebody wants the training to end."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Interruption:
        self._before = {
            number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


def train(plan: Plan, rank: int = 0, meeting_point: Path | None = None) -> None:
    """Train as planned, as process `rank`; save on the way, when interrupted and at the end."""
    torch.set_num_threads(1 if plan.settings.device == "cpu" else 4)
    team = Team(rank, plan.processes, meeting_point)
    trainer = Trainer(plan.settings, team)
    before_s = _restore(trainer, plan, team) if plan.resume else 0.0
    with Interruption() as interruption:
        elapsed_s = _train(trainer, plan, team, before_s, interruption)
    if rank == 0:
        _finish(plan, trainer, elapsed_s)
    team.leave()


def _restore(trainer: Trainer, plan: Plan, team: Team) -> float:
    """Go on from what was saved; return the seconds that it took."""
    state = load_checkpoint(checkpoint_path(plan.out, team.rank))
    try:
        trainer.restore(state["trainer"])
    except RuntimeError as error:  # torch's word for weights of other shapes
        raise CheckpointError(f"{plan.out} holds the training of another variant") from error
    if team.agree(trainer.steps, -trainer.steps) != [trainer.steps, -trainer.steps]:
        raise CheckpointError(f"the checkpoints in {plan.out} are of different steps")
    return float(state["elapsed_s"])


def _train(
    trainer: Trainer, plan: Plan, team: Team, before_s: float, interruption: Interruption
) -> float:
    """Train until the budget is spent or somebody interrupts; return the seconds spent in all."""
    progress = scenes = None
    if team.rank == 0:
        progress = Progress(plan.out, plan.budget)
        scenes = validation_scenes(plan.settings.device, plan.validation)
        sample_sheet(scenes, plan.out / "samples.png")
    started = time.monotonic()
    saved = validated = before_s
    while True:
        asked = float(interruption.asked)
        elapsed, asked = team.agree(before_s + time.monotonic() - started, asked)
        spent = plan.budget.spent(elapsed, trainer.steps)
        ends = spent >= 1 or asked > 0
        if ends or elapsed - saved > SAVE_EVERY_S:
            state = {"trainer": trainer.state(), "elapsed_s": elapsed}
            save_checkpoint(checkpoint_path(plan.out, team.rank), state)
            saved = elapsed
        if progress and scenes and (ends or elapsed - validated > VALIDATE_EVERY_S):
            progress.tell_validation(validate(trainer.average, scenes), elapsed, trainer.samples)
            validated = elapsed
        if ends:
            return elapsed
        report = trainer.step(learning_rate(plan.settings.peak_rate, spent))
        if progress:
            progress.tell_step(report, elapsed, trainer.steps, trainer.samples)


def _finish(plan: Plan, trainer: Trainer, elapsed_s: float) -> None:
    """Draw and export, also where the training was interrupted."""
    facts = {
        "seed": str(plan.settings.seed),
        "samples": str(trainer.samples),
        "minutes": f"{elapsed_s / 60:.1f}",
        "device": plan.settings.device,
        "command": plan.command,
    }
    progress_picture(plan.out / "log.jsonl", plan.out / "progress.png")
    parity = export(trainer.average, plan.out / MODEL_NAME, facts)
    complete = plan.budget.spent(elapsed_s, trainer.steps) >= 1
    ending = "done" if complete else "interrupted; the same command with --resume goes on"
    sys.stderr.write(f"{ending}; {plan.out / MODEL_NAME} ({json.dumps(parity)})\n")


def _start_process(rank: int, plan: Plan, meeting_point: Path) -> None:
    train(plan, rank, meeting_point)


def run(plan: Plan) -> None:
    """Train as planned in as many processes as planned.

    Raises
    ------
    CheckpointError
        There is nothing to resume.
    FileNotFoundError
        A file or folder that is to be read is not there.
    """
    _require_what_is_read(plan)
    plan.out.mkdir(parents=True, exist_ok=True)
    if plan.processes == 1:
        train(plan)
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the processes get it too, and save
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "meeting-point"
        multiprocessing.spawn(_start_process, (plan, place), plan.processes)
    signal.signal(signal.SIGINT, before)


def _require_what_is_read(plan: Plan) -> None:
    """Raise for missing files here and at once, not in each of the processes."""
    if plan.resume:
        for rank in range(plan.processes):
            load_checkpoint(checkpoint_path(plan.out, rank))
    if plan.settings.label_maps is not None:
        label_map_files(plan.settings.label_maps)
    if plan.settings.init is not None and not plan.settings.init.is_file():
        raise FileNotFoundError(f"there is no {plan.settings.init} to start from")


def parse(arguments: list[str]) -> Plan:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python3 run.py train",
        description="Train the compact engine's network on generated scenes and export it as"
        " ONNX. No real image is read. Ctrl-C saves; --resume goes on.",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=60,
        metavar="N",
        help="how long, earlier parts of a resumed training counted in; 60",
    )
    parser.add_argument("--steps", type=int, metavar="N", help="end after so many steps instead")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="cpu")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of all random numbers; 0")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/train"),
        metavar="FOLDER",
        help="where to write; build/train",
    )
    parser.add_argument("--resume", action="store_true", help="go on from what --out holds")
    parser.add_argument(
        "--init",
        type=Path,
        metavar="FILE",
        help="weights to start from: a checkpoint or the study's ONNX file",
    )
    parser.add_argument(
        "--threads", type=int, default=2, metavar="T", help="cores to use on a CPU; 2"
    )
    parser.add_argument(
        "--label-maps", type=Path, metavar="FOLDER", help="folder of label maps to mix in"
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=Settings.peak_rate,
        metavar="R",
        help="largest learning rate; 0.0015",
    )
    parser.add_argument(
        "--variant", choices=tuple(VARIANTS), default="plain", help="kind of network; plain"
    )
    given = parser.parse_args(arguments)
    if given.minutes <= 0 or given.threads < 1 or (given.steps is not None and given.steps < 1):
        parser.error("--minutes, --threads and --steps must be above zero")
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("this torch finds no CUDA device: use --device cpu")
    settings = Settings(
        seed=given.seed,
        device=given.device,
        label_maps=given.label_maps,
        init=None if given.resume else given.init,
        peak_rate=given.rate,
        variant=given.variant,
    )
    if given.device == "cuda":
        settings = replace(settings, batch=256, scenes_at_once=96, kinds=8)
    return Plan(
        settings,
        Budget(given.minutes, given.steps),
        given.out,
        given.threads if given.device == "cpu" else 1,
        given.resume,
        command=shlex.join(["python3", "run.py", "train", *arguments]),
    )


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit status."""
    try:
        run(parse(arguments))
    except (CheckpointError, FileNotFoundError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
