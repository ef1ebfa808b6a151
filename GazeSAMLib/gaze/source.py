"""What every gaze source can do."""

from typing import Protocol

from GazeSAMLib.gaze.sample import GazeSample


class GazeSource(Protocol):
    """An eye tracker, a stream, a pointer or a recording."""

    def start(self) -> None:
        """Connect and begin to collect samples."""

    def stop(self) -> None:
        """Disconnect; samples not yet read are dropped. Stopping twice is harmless."""

    def read(self) -> list[GazeSample]:
        """Return the samples since the last call, oldest first, without waiting."""
