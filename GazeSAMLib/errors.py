"""Everything GazeSAM raises on purpose.

::

    GazeSAMError
    ├── GeometryError      a matrix, spacing or shape that describes no space
    ├── ScanError          a scan that cannot be read, or is not one
    ├── RecordingError     a gaze recording that cannot be read or written
    ├── TrackerError       an eye tracker that cannot be used
    ├── PromptError        a prompt that no engine can answer
    ├── EngineError        an engine that cannot be loaded or failed
    │   ├── CheckpointError    a weights file that is not what it claims to be
    │   ├── ModelError         a model's file that is not here and could not be brought here
    │   ├── WorkerError        the engine process died or does not answer
    │   └── ProtocolError      a message to or from the engine process is malformed
    ├── JournalError       accepted work that could not be put on disk
    └── OutputError        a result that could not be written

A message is one sentence or two: what failed, in which file, what to do. Library
code raises; only a host (command line, Slicer) catches and shows.
"""


class GazeSAMError(Exception):
    """Base of all errors that GazeSAM raises on purpose."""


class GeometryError(GazeSAMError):
    """A matrix, spacing or shape describes no usable space."""


class ScanError(GazeSAMError):
    """A scan cannot be read, or the file is not a scan."""


class RecordingError(GazeSAMError):
    """A gaze recording cannot be read or written."""


class TrackerError(GazeSAMError):
    """An eye tracker, or what speaks for it, cannot be used."""


class PromptError(GazeSAMError):
    """A prompt is malformed."""


class EngineError(GazeSAMError):
    """An engine cannot be loaded or failed."""


class CheckpointError(EngineError):
    """A weights file is damaged, unsafe or of another model."""


class ModelError(EngineError):
    """A model's file is not on this machine, or could not be brought here."""


class WorkerError(EngineError):
    """The engine process died or does not answer."""


class ProtocolError(EngineError):
    """A message to or from the engine process is malformed."""


class JournalError(GazeSAMError):
    """Accepted work could not be put on disk or read back."""


class OutputError(GazeSAMError):
    """A result could not be written."""
