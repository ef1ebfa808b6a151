"""What engines have to say reaches the host, once."""

from GazeSAMLib.engines.engine_notes import EngineNotes
from GazeSAMLib.engines.region.engine import RegionEngine
from GazeSAMLib.hosts.cli.segment import engine_options


class MovingEngine(RegionEngine):
    name = "moving"

    def __init__(self):
        super().__init__()
        self.notes = ()
        self.runs_on = "cuda, fp16"


def test_each_note_is_told_once():
    said, engine = [], MovingEngine()
    notes = EngineNotes(lambda message: said.append(message.sentence))
    engine.notes = ("cuda, fp32 has too little memory: the model runs on cuda, fp16",)
    notes.begin(engine)
    notes.tell(engine)
    assert said == [*engine.notes, "the engine moving runs on cuda, fp16"]
    engine.notes += ("cuda, fp16 failed: the model runs on cpu, fp32",)
    notes.tell(engine)
    notes.tell(engine)
    assert said[2:] == [engine.notes[1]]


def test_another_engine_begins_anew():
    said = []
    notes = EngineNotes(lambda message: said.append(message.sentence))
    for engine in (MovingEngine(), MovingEngine()):
        engine.notes = ("the weights were read again",)
        notes.begin(engine)
    assert said.count("the weights were read again") == 2


def test_engines_that_run_in_one_way_say_nothing():
    said = []
    notes, engine = EngineNotes(said.append), RegionEngine()
    notes.tell(None)
    notes.begin(engine)
    notes.tell(engine)
    assert said == []


def test_a_precision_may_be_named_with_the_device():
    assert engine_options(None, "cpu, bf16") == {"device": "cpu", "precision": "bf16"}
    assert engine_options(None, "cuda:1") == {"device": "cuda:1"}
    assert engine_options(None, None) == {}
