"""The engine process: ``python -m GazeSAMLib.hosts.worker``.

Puts together what :mod:`GazeSAMLib.engines.worker` serves: the engines that come with GazeSAM,
and the propagation of their masks from slice to slice.
"""

from collections.abc import Iterator

from GazeSAMLib.engines.messages import Propagate, Propagated, PropagationEnded
from GazeSAMLib.engines.registry import engine_names, make_engine
from GazeSAMLib.engines.segmenter import Segmenter
from GazeSAMLib.engines.worker import serve


def follow(segmenter: Segmenter, order: Propagate) -> Iterator[Propagated | PropagationEnded]:
    """Follow a structure from slice to slice, see :mod:`GazeSAMLib.segmentation.following`."""
    # Not at the top: a worker is to start at once, and scipy takes its time.
    from GazeSAMLib.segmentation import following

    return following.follow(segmenter, order)


def main() -> None:
    """Be a worker until the host ends it."""
    serve(make_engine, engine_names(), follow)


if __name__ == "__main__":
    main()
