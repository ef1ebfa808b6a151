"""GazeSAM: segment medical images by looking at them.

The package is layered; imports point one way, from the hosts down to the frames
(see ``docs/architecture.md``). :class:`GazeSAMLib.session.GazeSession` is the one
place that knows the whole way of a gaze sample.
"""

__version__ = "0.1.0"
