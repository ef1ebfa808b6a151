"""What a training tells: a line now and then, and a file of all of them."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from training.schedule import Budget
from training.validate import Report

TELL_EVERY_S = 30.0


class Progress:
    """Writes lines for people to standard error, and ``log.jsonl`` in `folder`."""

    def __init__(self, folder: Path, budget: Budget) -> None:
        self._file, self._budget = folder / "log.jsonl", budget
        self._sums: dict[str, list[float]] = {}
        self._told = time.monotonic()
        self._samples: int | None = None

    def tell_step(
        self, report: dict[str, float], elapsed_s: float, steps: int, samples: int
    ) -> None:
        """Take in a step's report; every half minute, tell the means since the last time."""
        if self._samples is None:
            self._samples = samples
        for name, value in report.items():
            self._sums.setdefault(name, []).append(value)
        now = time.monotonic()
        if now - self._told < TELL_EVERY_S:
            return
        means = {name: round(sum(some) / len(some), 4) for name, some in self._sums.items()}
        rate = (samples - self._samples) / (now - self._told)
        self._told, self._samples, self._sums = now, samples, {}
        facts = {"minutes": round(elapsed_s / 60, 2), "steps": steps, "samples": samples}
        self._write({**facts, "per_second": round(rate, 1), **means})
        left = self._left_minutes(elapsed_s, steps)
        numbers = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
        sys.stderr.write(
            f"{elapsed_s / 60:6.1f} min, {left:.0f} left: {samples} samples,"
            f" {rate:.1f} a second; {numbers}\n"
        )
        sys.stderr.flush()

    def tell_validation(self, report: Report, elapsed_s: float, samples: int) -> None:
        """Tell how good the averaged weights are."""
        numbers = report.as_dict()
        minutes = round(elapsed_s / 60, 2)
        self._write({"minutes": minutes, "samples": samples, "validation": numbers})
        sys.stderr.write(f"{elapsed_s / 60:6.1f} min, validation: {json.dumps(numbers)}\n")
        sys.stderr.flush()

    def _left_minutes(self, elapsed_s: float, steps: int) -> float:
        spent = self._budget.spent(elapsed_s, steps)
        return elapsed_s / 60 * (1 - spent) / max(spent, 1e-6)

    def _write(self, line: dict[str, object]) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
