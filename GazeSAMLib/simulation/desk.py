"""What happens at the reader's desk: everything goes into a recording and into a session."""

from collections.abc import Callable

import numpy as np

from GazeSAMLib.engines.segmenter import SegmentAnswer, SegmentRequest
from GazeSAMLib.gaze.event import Event, EventKind
from GazeSAMLib.gaze.sample import GazeSample
from GazeSAMLib.session import GazeSession, Reaction, Step, answers_to
from GazeSAMLib.simulation.clicks import Mask
from GazeSAMLib.simulation.performance import Taker
from GazeSAMLib.simulation.truth import StructureSlice


class Desk:
    """A running session, and what its reader can see of it.

    Parameters
    ----------
    session : GazeSession
        Gets every sample and event at once.
    answer : callable
        Answers the session's requests.
    record : callable
        Gets every sample and event too.

    Attributes
    ----------
    steps : list of Step
        What was accepted so far and not undone.
    """

    def __init__(
        self,
        session: GazeSession,
        answer: Callable[[SegmentRequest], SegmentAnswer],
        record: Taker,
    ) -> None:
        self.steps: list[Step] = []
        self._session = session
        self._answer = answer
        self._record = record

    def __call__(self, item: GazeSample | Event) -> None:
        """Take the next sample or event."""
        self._record(item)
        session = self._session
        reaction = session.handle(item) if isinstance(item, Event) else session.add_sample(item)
        self._note(reaction)
        if isinstance(item, Event) and item.kind == EventKind.UNDO and not reaction.notice:
            self.steps.pop()
        for answered in answers_to(reaction.request, self._answer):
            self._note(session.receive(answered))

    def preview_on(self, case: StructureSlice) -> Mask:
        """Return the mask whose outline is shown on a slice; empty where there is none."""
        look = self._session.preview
        if look is None or look.mask is None or look.hit.plane.key() != case.plane.key():
            return np.zeros(case.grid.shape, dtype=bool)
        return look.mask

    def accepted_on(self, case: StructureSlice, first_step: int) -> Mask:
        """Return what was accepted on a slice from the given step on."""
        accepted = np.zeros(case.grid.shape, dtype=bool)
        for step in self.steps[first_step:]:
            look = step.look
            mask = None if look is None else look.mask
            if look is not None and mask is not None and look.hit.plane.key() == case.plane.key():
                accepted = accepted & ~mask if step.edit.remove else accepted | mask
        return accepted

    def _note(self, reaction: Reaction) -> None:
        if reaction.step is not None:
            self.steps.append(reaction.step)
