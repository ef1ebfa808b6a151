"""Who answers a session's requests: an engine in a process of its own, or in this one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from GazeSAMLib.engines.client import WorkerClient
from GazeSAMLib.engines.registry import make_engine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.engines.stored_embeddings import stored_for
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.hosts.cli.terminal import tell
from GazeSAMLib.hosts.cli.timing import Answer
from GazeSAMLib.scans.scan import Scan
from GazeSAMLib.segmentation.following import follow
from GazeSAMLib.session import Follow


@dataclass(frozen=True)
class Answers:
    """Who answers a session.

    Attributes
    ----------
    look : callable
        Answers a look.
    follow : callable
        Follows a structure from slice to slice.
    """

    look: Answer
    follow: Follow


class Answering(Protocol):
    """Given an engine's name and options and a scan, answers requests while it is entered."""

    def __call__(self, engine: str, scan: Scan, **options: str) -> AbstractContextManager[Answers]:
        """Return what gives the answering functions when it is entered."""


@contextmanager
def in_worker(engine: str, scan: Scan, **options: str) -> Iterator[Answers]:
    """Answer with an engine in a process of its own, which is replaced if it dies.

    Raises
    ------
    EngineError
        If there is no such engine, it cannot be loaded, or the scan cannot be handed over.
    WorkerError
        If the process cannot be started.
    """
    with WorkerClient(on_notice=tell) as client:
        client.use_engine(engine, **options)
        client.open_scan(scan.voxels_kji, scan.volume, digest_wanted=False)
        yield Answers(client.answer, client.follow)


@contextmanager
def in_process(engine: str, scan: Scan, **options: str) -> Iterator[Answers]:
    """Answer with an engine that runs in this process.

    Raises
    ------
    EngineError
        If there is no such engine or it cannot be loaded.
    """
    made = make_engine(engine, **options)
    stored = stored_for(made, partial(scan_digest, scan.voxels_kji, scan.volume), tell)
    segmenter = Segmenter(made, scan.voxels_kji, scan.volume, stored)
    yield Answers(segmenter.answer, partial(follow, segmenter))
