"""The expected IoU of a mask from the evidence for it: a network of one small hidden layer.

Engines that find many masks for a look choose among them with it. The list-wise loss with which it
was fitted rewards the right choice among a look's masks more than exact numbers. The weights of
`region` come from regions of labelled CT and MR slices with simulated looks, those of `compact`
from looks at made-up slices.
"""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


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
    def of_package(cls, package: str) -> Self:
        """Return the scorer that comes with an engine, from the ``scorer.json`` of its package."""
        text = resources.files(package).joinpath("scorer.json").read_text(encoding="utf-8")
        return cls.of_values(json.loads(text))

    @classmethod
    def of_values(cls, values: Mapping[str, Any]) -> Self:
        """Return the scorer of what a ``scorer.json`` holds."""
        return cls(
            np.array(values["mean"]),
            np.array(values["scale"]),
            (np.array(values["hidden_weights"]), np.array(values["hidden_bias"])),
            (np.array(values["output_weights"]), float(values["output_bias"])),
        )

    @property
    def features(self) -> int:
        """How many numbers of evidence there are for each mask."""
        return len(self._mean)

    def expected_iou(self, evidence: FloatArray) -> FloatArray:
        """Return the expected IoU, 0 to 1, for `evidence`, shape (masks, features)."""
        finite = np.clip(np.nan_to_num(evidence, posinf=50.0, neginf=-50.0), -50.0, 50.0)
        features = np.clip((finite - self._mean) / self._scale, -5.0, 5.0)
        weights, bias = self._hidden
        activity = np.tanh(features @ weights.T + bias) @ self._output[0] + self._output[1]
        expected: FloatArray = 1.0 / (1.0 + np.exp(-activity))
        return expected
