"""A gaze recording: what was looked at, how, and what the reader did meanwhile.

The folder's layout is described in ``docs/recording.md``; one concept a file:
``recording_header.py`` (what holds for the whole recording), ``recording_table.py`` (its
lines), ``recording_reader.py`` and ``recording_writer.py``.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from GazeSAMLib.gaze.event import Event
from GazeSAMLib.gaze.recording_header import RecordingHeader
from GazeSAMLib.gaze.sample import GazeSample

HEADER_NAME: Final = "recording.json"
SAMPLES_NAME: Final = "samples.tsv"
EVENTS_NAME: Final = "events.tsv"


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A recording in memory.

    Attributes
    ----------
    header : RecordingHeader
        What holds for all of it.
    samples : sequence of GazeSample
        Time rises strictly from sample to sample.
    events : sequence of Event
        Time never falls from event to event.
    notes : tuple of str
        What was left out or put right when it was read, a sentence each, for the user.
    """

    header: RecordingHeader
    samples: Sequence[GazeSample]
    events: Sequence[Event]
    notes: tuple[str, ...] = ()

    def merged(self) -> Iterator[Event | GazeSample]:
        """Iterate over samples and events in the order of time.

        At the same time events come first, in their own order: a view that is laid out
        at a moment holds for the sample of that moment.
        """
        return heapq.merge(self.events, self.samples, key=attrgetter("t_ns"))
