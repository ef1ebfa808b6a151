"""The engine process inside Slicer: started, watched, and started again."""

import os
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import qt
import slicer.util
from slicer.i18n import tr as _

from GazeSAMLib.engines.interpreter import find_python, worker_command, worker_environment
from GazeSAMLib.engines.link import WorkerLink
from GazeSAMLib.engines.messages import Failure, FromWorker, OpenScan, ToWorker, UseEngine
from GazeSAMLib.engines.scan_file import ScanFolder, file_dtype, remove_leftovers
from GazeSAMLib.engines.segmenter import SegmentAnswer, SegmentRequest
from GazeSAMLib.errors import GazeSAMError
from GazeSAMLib.geometry.volume import VolumeGeometry
from GazeSAMLib.hosts.slicer.process_transport import ProcessTransport

ANSWER_TIMEOUT_MS = 120_000
# A device that has lost this many workers without an answer is given up for the CPU.
LOSSES_BEFORE_CPU = 2


class WorkerProcess:
    """Engines in a process of their own, reached through the event loop.

    Parameters
    ----------
    hear : callable
        Called with each message of the worker.
    note : callable
        Called with a sentence when a worker was lost and another takes its place.
    fail : callable
        Called with the error when there is no worker any more.
    python : str or None
        The interpreter that the user named; None looks for Slicer's own.

    Attributes
    ----------
    link : WorkerLink
        What a new worker is told.
    """

    def __init__(
        self,
        hear: Callable[[FromWorker], None],
        note: Callable[[str], None],
        fail: Callable[[GazeSAMError], None],
        python: str | None = None,
    ) -> None:
        self.link = WorkerLink()
        self._hear, self._note, self._fail = hear, note, fail
        self._named = python
        self._transport: ProcessTransport | None = None
        self._folder: ScanFolder | None = None
        self._count = self._losses = 0
        self._overdue = qt.QTimer()
        self._overdue.setSingleShot(True)
        self._overdue.setInterval(ANSWER_TIMEOUT_MS)
        # Held by its own timer, it would live as long as Slicer, and the volume with it.
        give_up = weakref.WeakMethod(self._give_up_waiting)
        self._overdue.connect("timeout()", lambda: (alive := give_up()) and alive())

    def start(self) -> None:
        """Start a worker.

        Raises
        ------
        WorkerError
            If no interpreter is found.
        """
        # Slicer's own Python needs the libraries of Slicer, any other must not see them.
        inherited = os.environ if self._named is None else slicer.util.startupEnvironment()
        self._transport = ProcessTransport(
            worker_command(find_python(self._named)),
            worker_environment(inherited),
            self._received,
            self._lost,
        )
        self._transport.send(self.link.begin())

    def open_scan(
        self,
        voxels_kji: npt.NDArray[np.generic],
        volume: VolumeGeometry,
        *,
        digest_wanted: bool = True,
    ) -> None:
        """Hand a scan over; its digest is told later, where it is wanted.

        Raises
        ------
        EngineError
            If the disk is full.
        """
        if self._folder is None:
            remove_leftovers()
            self._folder = ScanFolder()
        before = self.link.scan
        path = self._folder.write(voxels_kji)
        matrix = tuple(volume.local_ras_from_ijk.ravel().tolist())
        dtype = file_dtype(voxels_kji).str
        self._count += 1
        shape = volume.shape_kji
        self.say(OpenScan(self._count, str(path), dtype, shape, matrix, digest_wanted))
        if before is not None:
            self._folder.discard(Path(before.path))

    def use_engine(self, name: str, options: dict[str, Any]) -> None:
        """Answer with this engine from now on."""
        self._count += 1
        self.say(UseEngine(self._count, name, options))

    def say(self, message: ToWorker) -> None:
        """Send `message`, at once or as soon as there is a worker."""
        data = self.link.say(message)
        if isinstance(message, SegmentRequest):
            self._overdue.start()
        if self._transport is not None:
            self._transport.send(data)

    def end(self) -> None:
        """End the worker and remove the scan's file; ending twice is harmless."""
        self._overdue.stop()
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.end()
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _received(self, data: bytes) -> None:
        transport = self._transport
        try:
            for said in self.link.hear(data):
                self._attend(said)
                if transport is not self._transport:  # ended by what it said
                    return
        except GazeSAMError as error:
            if transport is not None:
                transport.end()
            self._lost(str(error))

    def _attend(self, said: FromWorker) -> None:
        if isinstance(said, SegmentAnswer):
            self._losses = 0
        if self.link.pending is None:
            self._overdue.stop()
        if isinstance(said, Failure) and "out of memory" in said.sentence and self._on_cpu():
            if said.about in ("decode", "propagate"):  # somebody may wait for it
                self._hear(said)
            self._note(_("The engine ran out of memory and goes on with the CPU."))
            self.use_engine(self.link.engine.name, self.link.engine.options)
            return
        self._hear(said)

    def _lost(self, why: str) -> None:
        """Put a new worker in the place of one that has ended."""
        self._transport = None
        self._losses += 1
        self._overdue.stop()
        try:
            self.link.ended(why)
            on_cpu = self._losses == LOSSES_BEFORE_CPU and self._on_cpu()
            self.start()
        except GazeSAMError as error:
            self.end()
            self._fail(error)
            return
        if self.link.pending is not None:
            self._overdue.start()
        if on_cpu:
            note = _("The engine process ended ({why}); it was started again on the CPU.")
        else:
            note = _("The engine process ended ({why}) and was started again.")
        self._note(note.format(why=why) + " " + _("What you accepted is not touched."))

    def _on_cpu(self) -> bool:
        """Let the next engine compute on the CPU; false where it does so already."""
        engine = self.link.engine
        if engine is None or engine.options.get("device", "cpu") == "cpu":
            return False
        self.link.engine = replace(engine, options=engine.options | {"device": "cpu"})
        return True

    def _give_up_waiting(self) -> None:
        if self._transport is not None:
            self._transport.kill()
