"""Pictures to judge a training by: what it sees, and how it goes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.draws import Draws
from training.games import Games
from training.scenes import Scenes

_TARGET, _POSITIVE, _NEGATIVE = (255, 60, 60), (60, 255, 90), (80, 160, 255)


def sample_sheet(scenes: Scenes, path: Path, columns: int = 12) -> None:
    """Write pairs of tiles to `path`: the image as the network gets it, and what is asked.

    Below each image stands the same with the target's outline in red, positive prompts in
    green, as wide as the gaze is uncertain, and negative ones in blue.
    """
    games = Games(Draws(0, scenes.image.device), scenes)
    tiles = []
    for index in range(len(scenes)):
        grey = (games.image[index, 0].cpu().numpy() * 255).astype(np.uint8)
        plain = np.repeat(grey[:, :, None], 3, 2)
        asked = plain.copy()
        asked[_outline(games.target[index].cpu().numpy())] = _TARGET
        for prompts, colour in ((games.positive, _POSITIVE), (games.negative, _NEGATIVE)):
            asked[_outline(prompts[index].cpu().numpy() > 0.6)] = colour
        tiles.append(np.concatenate((plain, asked), 0))
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % columns)
    rows = [
        np.concatenate(tiles[start : start + columns], 1) for start in range(0, len(tiles), columns)
    ]
    _write(Image.fromarray(np.concatenate(rows, 0)), path)


def progress_picture(log: Path, path: Path) -> None:
    """Draw the lines of the file `log` that `Progress` wrote: training and validation."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    steps = [line for line in lines if "loss" in line]
    checks = [line for line in lines if "validation" in line]
    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    for name in ("loss", "first", "best"):
        known = [line for line in steps if name in line]
        left.plot([line["minutes"] for line in known], [line[name] for line in known], label=name)
    left.set(title="training: loss, IoU of first looks", xlabel="minutes")
    for name in checks[0]["validation"] if checks else ():
        values = [line["validation"][name] for line in checks]
        right.plot([line["minutes"] for line in checks], values, marker=".", label=name)
    right.set(title="validation, averaged weights", xlabel="minutes", ylim=(0, 1))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    beside = path.with_suffix(".new.png")
    figure.savefig(beside, dpi=100)
    beside.replace(path)


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of `mask` that touch what is beside it."""
    wide = np.pad(mask, 1)
    inner = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    return mask & ~inner


def _write(image: Image.Image, path: Path) -> None:
    beside = path.with_suffix(".new.png")
    image.save(beside)
    beside.replace(path)
