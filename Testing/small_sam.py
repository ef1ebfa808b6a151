"""Segment Anything's real network with all its parts, thin and shallow: a test takes a second."""

import zlib

import numpy as np
import torch

from GazeSAMLib.engines.sam.architecture import SamArchitecture
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet

SMALL = SamArchitecture(96, 3, 3, (1,), 7, 16, 320)
LOW_RES_PX = 80
MED2D = SamArchitecture(64, 3, 4, (1,), 14, 16, 256, adapter=16)
SHAPES = {"square": (96, 96), "wide": (60, 200), "tall": (300, 41), "large": (640, 500)}


def small_model(architecture: SamArchitecture = SMALL):
    """The model with random weights, also where Meta's constructor leaves zeros."""
    torch.manual_seed(3)
    return randomised(architecture.build())


def randomised(model):
    generator = torch.Generator().manual_seed(7)
    for name, tensor in model.state_dict().items():
        if "rel_pos" in name or name.endswith("pos_embed"):
            tensor.copy_(0.1 * torch.randn(tensor.shape, generator=generator))
    return model


def weights_by_name(shapes) -> dict[str, torch.Tensor]:
    """Weights that depend on names and shapes alone, the same in any version of torch."""
    return {name: torch.from_numpy(_named(name, shape)) for name, shape in shapes.items()}


def _named(name: str, shape: tuple[int, ...]) -> np.ndarray:
    values = np.random.default_rng(zlib.crc32(name.encode())).normal(0, 1, shape)
    if name.endswith("bias"):
        values *= 0.02
    elif len(shape) == 1:
        values = 1 + 0.1 * values
    elif "pos_embed" in name or "rel_pos" in name or "gaussian" in name:
        values *= 0.3
    else:
        values *= 0.7 / np.sqrt(np.prod(shape[1:]))
    return values.astype(np.float32)


def an_image(shape) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    image = 90 + 60 * np.sin(rows / 9.0) * np.cos(columns / 7.0)
    return (image + np.random.default_rng(1).normal(0, 12, shape)).clip(0, 255).astype(np.uint8)


def prompts_for(shape) -> dict[str, PromptSet]:
    height, width = shape
    point = PromptSet.at(ImagePoint(0.5 * width, 0.4 * height))
    box = np.array((0.2 * width, 0.1 * height, 0.7 * width, 0.8 * height))
    previous = np.random.default_rng(2).normal(0, 5, (LOW_RES_PX, LOW_RES_PX))
    return {
        "one point": point,
        "points of both kinds": point.with_point(ImagePoint(3, 4), NOT_THIS).with_point(
            ImagePoint(0.8 * width, 0.7 * height), ADD
        ),
        "box": PromptSet(np.empty((0, 2)), np.empty(0, dtype=np.int64), box_image_uv=box),
        "box and point": PromptSet(point.points_image_uv, point.labels, box_image_uv=box),
        "previous mask": point.refining(previous.astype(np.float32)),
    }


def iou(masks: np.ndarray, others: np.ndarray) -> float:
    return np.count_nonzero(masks & others) / np.count_nonzero(masks | others)
