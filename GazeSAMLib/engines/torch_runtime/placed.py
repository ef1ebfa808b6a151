"""A model on a device, moved to the next when the device fails."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from GazeSAMLib.engines.torch_runtime.failures import FAILURES, Failure, failure_of
from GazeSAMLib.engines.torch_runtime.placement import Placement
from GazeSAMLib.errors import EngineError

ResultT = TypeVar("ResultT")


class Loader:
    """Loads a model, and keeps the one it is given back for whoever wants the same next.

    Parameters
    ----------
    load : callable
        Returns the model anew, from its file, ready on a placement.
    """

    def __init__(self, load: Callable[[Placement], Any]) -> None:
        self._load = load
        self._kept: tuple[Placement, Any] | None = None

    def __call__(self, placement: Placement) -> Any:  # noqa: ANN401 - a torch module
        """Return the model on a placement."""
        kept, self._kept = self._kept, None
        if kept is not None and kept[0] == placement:
            return kept[1]
        del kept  # there may not be room for two
        return self._load(placement)

    def keep(self, placement: Placement, model: Any) -> None:  # noqa: ANN401 - a torch module
        """Keep a model until the next is asked for."""
        self._kept = (placement, model)


class PlacedModel:
    """Does work with a model; where the device fails, once more on the next.

    Threads may work at the same time: a model is never changed, only replaced.

    Parameters
    ----------
    load : callable
        Returns the model anew, from its file, ready on a placement: what was on a device that
        failed cannot be had back from it.
    plan : sequence of Placement
        Where to run, and where next if that fails.

    Raises
    ------
    EngineError
        If it can be loaded nowhere.
    """

    def __init__(self, load: Callable[[Placement], Any], plan: Sequence[Placement]) -> None:
        self._load = load
        self._plan = list(plan)
        self._lock = threading.RLock()
        self._notes: list[str] = []
        self._current: tuple[Any, Placement] | None = None
        self._settle()

    @property
    def notes(self) -> tuple[str, ...]:
        """What failed so far and where the work went on, for people."""
        return tuple(self._notes)

    @property
    def model(self) -> Any:  # noqa: ANN401 - a torch module
        """The model, where it is now."""
        return self._now()[0]

    @property
    def placement(self) -> Placement:
        """Where it is now."""
        return self._now()[1]

    def run(self, work: Callable[[Any, Placement], ResultT]) -> ResultT:
        """Return what `work` returns for the model and its placement.

        After a failure of the device it is called again, with the model elsewhere.

        Raises
        ------
        EngineError
            If no device is left. Errors that are not a device's go through.
        """
        while True:
            model, placement = self._now()
            try:
                return work(model, placement)
            except FAILURES as error:
                failure = failure_of(error)
                if failure is None:
                    raise
            del model  # or its memory could not be used again
            self._leave(placement, failure)

    def _now(self) -> tuple[Any, Placement]:
        with self._lock:  # waits while another thread moves the model
            if self._current is None:
                raise EngineError("no device is left to run the model on: start the engine again")
            return self._current

    def _leave(self, placement: Placement, failure: Failure) -> None:
        with self._lock:
            if self._current is None or self._current[1] != placement:
                return  # another thread has met the same failure
            self._current = None
            self._give_up(placement, failure)
            self._settle()

    def _settle(self) -> None:
        """Load the model at the first placement of the plan that can hold it."""
        while self._current is None:
            placement = self._plan[0]
            try:
                self._current = (self._load(placement), placement)
            except FAILURES as error:
                failure = failure_of(error)
                if failure is None:
                    raise
                self._give_up(placement, failure)

    def _give_up(self, placement: Placement, failure: Failure) -> None:
        lost = failure is Failure.DEVICE
        left = [
            other
            for other in self._plan
            if other != placement and not (lost and other.device == placement.device)
        ]
        if not left:
            raise EngineError(
                f"the model cannot run here: {placement} {failure.value}; "
                "close other programs or take a smaller model"
            )
        self._plan = left
        self._notes.append(f"{placement} {failure.value}: the model runs on {left[0]}")
