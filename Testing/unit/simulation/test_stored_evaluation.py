"""An evaluation embeds nothing that is kept, and finds the same."""

from functools import partial
from pathlib import Path

import pytest

from GazeSAMLib.engines.store.disk import DiskStore
from GazeSAMLib.engines.store.keeper import EmbeddingKeeper
from GazeSAMLib.engines.stored_embeddings import StoredEmbeddings, stored_for
from GazeSAMLib.geometry.digest import scan_digest
from GazeSAMLib.simulation.evaluation import EvaluationOptions, Evaluator
from GazeSAMLib.simulation.propagation_evaluation import propagation_efforts
from GazeSAMLib.simulation.report import evaluation_json
from Testing.painted_scan import DISPLAY, TruthEngine, painted_scan, painted_structures
from Testing.worker_of_slow_engine import SlowBlur

SCAN = painted_scan()


class Counting(SlowBlur):
    def __init__(self) -> None:
        super().__init__(steps=1)
        self.count = 0

    def embed(self, pixels):
        self.count += 1
        return super().embed(pixels)


def stored(engine: Counting, folder: Path) -> StoredEmbeddings:
    keeper = EmbeddingKeeper(DiskStore(folder, 1 << 30), pytest.fail)
    return StoredEmbeddings(engine, keeper, partial(scan_digest, SCAN.voxels_kji, SCAN.volume))


def test_a_second_evaluation_embeds_nothing(tmp_path: Path) -> None:
    options = EvaluationOptions(DISPLAY, slices_per_structure=1)
    evaluator = Evaluator(SCAN, painted_structures(), options)
    engines = Counting(), Counting()
    found = [evaluator.evaluate(each, stored=stored(each, tmp_path)) for each in engines]
    assert engines[0].count > 0
    assert engines[1].count == 0
    assert evaluation_json(found[:1]) == evaluation_json(found[1:])
    assert evaluation_json([evaluator.evaluate(Counting())]) == evaluation_json(found[:1])


def test_whole_structures_are_followed_without_embedding_anew(tmp_path: Path) -> None:
    engines = Counting(), Counting()
    efforts = [
        propagation_efforts(
            each, SCAN, painted_structures()[:1], DISPLAY, stored=stored(each, tmp_path)
        )
        for each in engines
    ]
    assert engines[0].count > 0
    assert engines[1].count == 0
    assert repr(efforts[0]) == repr(efforts[1])


def test_engines_that_answer_at_once_keep_nothing() -> None:
    assert stored_for(TruthEngine(), lambda: "", pytest.fail) is None
