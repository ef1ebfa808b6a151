"""The expected IoU of a mask from the evidence for it: a network of one small hidden layer.

The large network's own estimate sees one crop; this one also sees how far the crops agree, how
the gaze may err, and the edges along the outline. Its 457 weights come from looks at made-up
slices; the list-wise loss rewards the right choice among a look's masks more than exact numbers.
"""

import json
from importlib import resources
from typing import Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

FARTHEST = 5.0
"""Evidence farther from the mean than that, in deviations, counts as so far."""


class Scorer:
    """Scores masks; see the module.

    Parameters
    ----------
    mean, scale : ndarray, shape (features,)
        Standardise the evidence.
    hidden : (ndarray, ndarray)
        Weights (units, features) and bias (units,) of the hidden layer.
    output : (ndarray, float)
        Weights (units,) and bias of the output.
    """

    def __init__(
        self,
        mean: FloatArray,
        scale: FloatArray,
        hidden: tuple[FloatArray, FloatArray],
        output: tuple[FloatArray, float],
    ) -> None:
        self._mean, self._scale = mean, scale
        self._hidden, self._output = hidden, output

    @classmethod
    def shipped(cls) -> Self:
        """Return the scorer that comes with GazeSAM."""
        text = resources.files(__package__).joinpath("scorer.json").read_text(encoding="utf-8")
        values = json.loads(text)
        return cls(
            np.array(values["mean"]),
            np.array(values["scale"]),
            (np.array(values["hidden_weights"]), np.array(values["hidden_bias"])),
            (np.array(values["output_weights"]), float(values["output_bias"])),
        )

    def expected_iou(self, evidence: FloatArray) -> FloatArray:
        """Return the expected IoU, 0 to 1, for `evidence`, shape (masks, features)."""
        features = np.clip((evidence - self._mean) / self._scale, -FARTHEST, FARTHEST)
        weights, bias = self._hidden
        activity = np.tanh(features @ weights.T + bias) @ self._output[0] + self._output[1]
        expected: FloatArray = 1.0 / (1.0 + np.exp(-activity))
        return expected
