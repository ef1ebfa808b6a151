"""Which message of the worker replies to which message of its host."""

from typing import TypeGuard, TypeVar

from GazeSAMLib.engines.codec import kind_of
from GazeSAMLib.engines.messages import (
    EngineReady,
    Failure,
    FromWorker,
    Opened,
    OpenScan,
    Outdated,
    Ping,
    Pong,
    Propagate,
    Propagated,
    PropagationEnded,
    UseEngine,
)
from GazeSAMLib.engines.segmenter import SegmentAnswer, SegmentRequest

Question = OpenScan | UseEngine | SegmentRequest | Ping
ReplyT = TypeVar("ReplyT", Opened, EngineReady, SegmentAnswer, Pong)

_REPLY = {OpenScan: Opened, UseEngine: EngineReady, SegmentRequest: SegmentAnswer, Ping: Pong}


def replies(said: FromWorker, question: Question) -> bool:
    """Whether the worker has nothing more to say to `question` than `said`."""
    match said:
        case Failure(about="open_scan" | "use_engine"):
            return True  # also where a new worker cannot do what a lost one could
        case Failure():
            return said.about == kind_of(question) and said.number == question.number
        case Outdated():
            return isinstance(question, SegmentRequest) and question.number in said.requests
        case Opened() | EngineReady() | SegmentAnswer() | Pong():
            return type(said) is _REPLY[type(question)] and said.number == question.number
        case _:
            return False


def is_about(
    said: FromWorker, order: Propagate
) -> TypeGuard[Propagated | PropagationEnded | Failure]:
    """Whether `said` tells how far `order` is."""
    match said:
        case Failure():
            return said.about == kind_of(order) and said.number == order.number
        case Propagated() | PropagationEnded():
            return said.number == order.number
        case _:
            return False
