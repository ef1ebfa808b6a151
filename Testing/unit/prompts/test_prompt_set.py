"""What an engine may be asked."""

import numpy as np
import pytest

from GazeSAMLib.errors import EngineError, PromptError
from GazeSAMLib.frames import ImagePoint
from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import ADD, NOT_THIS, PromptSet

NO_POINTS = (np.empty((0, 2)), np.empty(0))


def test_points_keep_their_order_and_labels():
    prompts = PromptSet.at(ImagePoint(1, 2), 3.0).with_point(ImagePoint(4, 5), NOT_THIS)
    assert prompts.points_image_uv.tolist() == [[1, 2], [4, 5]]
    assert prompts.labels.tolist() == [ADD, NOT_THIS]
    assert prompts.sigma_px == 3.0


def test_a_prompt_cannot_be_changed_from_outside():
    points = np.array([[1.0, 2.0]])
    prompts = PromptSet(points, np.array([ADD]))
    points[0] = 9.0
    assert prompts.points_image_uv.tolist() == [[1, 2]]
    with pytest.raises(ValueError, match="read-only"):
        prompts.points_image_uv[0] = 9.0


@pytest.mark.parametrize(
    "fields",
    [
        {"points_image_uv": [[1, 2]], "labels": []},
        {"points_image_uv": [[1, np.nan]], "labels": [1]},
        {"points_image_uv": [[1, 2]], "labels": [2]},
        {"points_image_uv": [[1, 2]], "labels": [0]},
        {"points_image_uv": [[1, 2]], "labels": [1], "sigma_px": -1.0},
        {"points_image_uv": [[1, 2]], "labels": [1], "sigma_px": np.inf},
        {"points_image_uv": [], "labels": []},
        {"points_image_uv": [[1, 2]], "labels": [1], "box_image_uv": [5, 5, 1, 1]},
        {"points_image_uv": [[1, 2]], "labels": [1], "box_image_uv": [5, 5, 1]},
        {"points_image_uv": [[1, 2]], "labels": [1], "previous": np.zeros(4)},
        {"points_image_uv": [[1, 2]], "labels": [1], "previous": np.full((2, 2), np.nan)},
    ],
)
def test_a_malformed_prompt_is_refused(fields):
    with pytest.raises(PromptError):
        PromptSet(**fields)


def test_a_box_alone_is_a_prompt():
    prompts = PromptSet(*NO_POINTS, box_image_uv=[1, 2, 3, 4])
    assert prompts.box_image_uv.tolist() == [1, 2, 3, 4]
    assert prompts.points_image_uv.shape == (0, 2)


@pytest.mark.parametrize(
    ("logits", "scores", "low_res"),
    [
        (np.zeros((2, 4, 4)), np.zeros(3), None),
        (np.zeros((4, 4)), np.zeros(4), None),
        (np.zeros((0, 4, 4)), np.zeros(0), None),
        (np.zeros((2, 4, 4)), np.zeros(2), np.zeros((1, 2, 2))),
    ],
)
def test_candidates_whose_shapes_do_not_fit_are_refused(logits, scores, low_res):
    with pytest.raises(EngineError):
        MaskCandidates(logits, scores, low_res)
