"""What an engine has to say to a person: where it runs, and what went wrong on the way."""

from collections.abc import Callable
from typing import Any

from GazeSAMLib.engines.engine import Engine, KeepsNotes, RunsOn
from GazeSAMLib.engines.messages import FromWorker, Notice


class EngineNotes:
    """Tells the host each thing once.

    Parameters
    ----------
    send : callable
        Sends a message to the host.
    """

    def __init__(self, send: Callable[[FromWorker], None]) -> None:
        self._send = send
        self._told = 0

    def begin(self, engine: Engine[Any]) -> None:
        """Say where an engine that has just been made runs."""
        self._told = 0
        self.tell(engine)
        if isinstance(engine, RunsOn):
            self._send(Notice(f"the engine {engine.name} runs on {engine.runs_on}"))

    def tell(self, engine: Engine[Any] | None) -> None:
        """Say what is new of the engine that was begun with."""
        if not isinstance(engine, KeepsNotes):
            return
        for note in engine.notes[self._told :]:
            self._send(Notice(note))
        self._told = len(engine.notes)
