"""The one place that ranks an engine's candidates."""

import numpy as np

from GazeSAMLib.prompts.candidates import MaskCandidates
from GazeSAMLib.prompts.prompt_set import PromptSet


def rank(candidates: MaskCandidates, prompts: PromptSet) -> MaskCandidates:
    """Return `candidates`, best first.

    Parameters
    ----------
    candidates : MaskCandidates
        As the engine returned them.
    prompts : PromptSet
        What the engine was asked.
    """
    return candidates.taken(np.argsort(-candidates.scores, kind="stable"))
