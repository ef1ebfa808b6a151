"""The engine process: ``python -m GazeSAMLib.hosts.worker``.

Puts together what :mod:`GazeSAMLib.engines.worker` serves: the engines that come with GazeSAM,
and the propagation of their masks from slice to slice.
"""

from GazeSAMLib.engines.registry import engine_names, make_engine
from GazeSAMLib.engines.worker import serve
from GazeSAMLib.segmentation.following import follow


def main() -> None:
    """Be a worker until the host ends it."""
    serve(make_engine, engine_names(), follow)


if __name__ == "__main__":
    main()
