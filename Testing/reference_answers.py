"""Answers of other implementations to the same questions, and how they are compared with ours."""

import numpy as np

from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import NOT_THIS, PromptSet
from Testing.seeded_weights import striped_image

IMAGE = striped_image(180, 260)


def reference_prompts() -> dict[str, PromptSet]:
    """The questions, in the order of the files ``reference.json``."""
    point = PromptSet.at(ImagePoint(120, 70))
    box = np.array((30.0, 20.0, 200.0, 140.0))
    blocks = np.add.outer(np.arange(256) // 32, np.arange(256) // 40) % 2
    return {
        "point": point,
        "points of both kinds": point.with_point(ImagePoint(10, 150), NOT_THIS),
        "box": PromptSet(np.empty((0, 2)), np.empty(0, dtype=np.int64), box_image_uv=box),
        "box and point": PromptSet(point.points_image_uv, point.labels, box_image_uv=box),
        "previous": point.refining((16.0 * blocks - 8.0).astype(np.float32)),
    }


def assert_answers(answers: dict[str, MaskCandidates], theirs: dict, atol: float = 1e-4) -> None:
    """See that each answer agrees with the values of it that a file ``reference.json`` holds."""
    for kind, answer in answers.items():
        expected = theirs[kind]
        assert answer.logits.shape == (3, *IMAGE.shape), kind
        seen = {
            "scores": answer.scores,
            "logits": answer.logits[:, 20::70, 30::90].ravel(),
            "low_res": answer.low_res[:, ::100, 17::100].ravel(),
        }
        expected = {**expected, "scores": np.clip(expected["scores"], 0.0, 1.0)}
        for name, values in seen.items():
            np.testing.assert_allclose(values, expected[name], atol=atol, err_msg=f"{kind}: {name}")


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """The IoU of two masks, or of several taken as one."""
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)
