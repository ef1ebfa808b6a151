"""``python -m training.choosing``: fits the scorer that chooses among the engine's masks."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from GazeSAMLib.engines.compact.network import SHIPPED
from GazeSAMLib.engines.scorer import Scorer
from GazeSAMLib.errors import GazeSAMError
from training.choosing.fit import fitted
from training.choosing.gathering import gathered
from training.choosing.judging import judged, split


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m training.choosing",
        description="Fit the scorer with which the engine compact chooses among its network's"
        " masks, to looks at made-up slices. No real image is read. What was gathered is kept:"
        " the same command goes on after Ctrl-C.",
    )
    parser.add_argument(
        "--network", type=Path, default=SHIPPED, metavar="FILE", help="ONNX; the one in the package"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the scorer's JSON")
    parser.add_argument(
        "--scenes",
        type=int,
        default=800,
        metavar="N",
        help="made-up anatomies, each with three slices and nine looks; 800",
    )
    parser.add_argument(
        "--label-maps", type=Path, metavar="FOLDER", help="folder of label maps to mix in"
    )
    parser.add_argument(
        "--processes", type=int, default=2, metavar="P", help="that gather together; 2"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path("build/choosing"),
        metavar="FOLDER",
        help="where to keep what was gathered; build/choosing",
    )
    given = parser.parse_args(arguments)
    if given.scenes < 1 or given.processes < 1:
        parser.error("--scenes and --processes must be above zero")
    return given


def run(given: argparse.Namespace) -> None:
    """Gather, fit, write and judge."""
    looks, held_out = split(
        gathered(given.network, given.label_maps, given.scenes, given.processes, given.cache)
    )
    values = fitted(looks)
    _write(given.out, json.dumps(values, indent=1) + "\n")
    sys.stderr.write(f"{given.out}: fitted to {len(looks)} looks; Dice in {len(held_out)} others\n")
    shipped = Scorer.of_package("GazeSAMLib.engines.compact")
    for name, scorer in (("fitted now", Scorer.of_values(values)), ("in the package", shipped)):
        if scorer.features != held_out.evidence.shape[2]:
            sys.stderr.write(f"  {name}: takes other evidence than this code gives\n")
            continue
        for figures in judged(scorer, held_out):
            sys.stderr.write(f"  {name:15} {figures}\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit status."""
    try:
        run(parse(arguments))
    except (GazeSAMError, OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command goes on with what was gathered\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
