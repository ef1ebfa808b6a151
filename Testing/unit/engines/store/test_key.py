"""Which embeddings count as the same."""

import numpy as np
import pytest

from GazeSAMLib.geometry.slice import SlicePlane
from Testing.made_embeddings import made_key
from Testing.phantom import OBLIQUE
from Testing.worker_of_slow_engine import SlowBlur

LEFT, DOWN = (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)


def test_all_planes_within_a_layer_of_voxels_have_one_key():
    keys = {made_key(plane=SlicePlane((5.0, -2.0, s), LEFT, DOWN)) for s in (29.0, 30.0, 31.4)}
    assert keys == {made_key(10)}
    assert made_key(plane=SlicePlane((0.0, 0.0, 31.6), LEFT, DOWN)) == made_key(11)


@pytest.mark.parametrize(
    "changes",
    [
        {"plane": SlicePlane((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), DOWN)},
        {"plane": OBLIQUE},
        {"window": 401.0},
        {"scan_digest": "cd" * 32},
        {"engine": SlowBlur(runs_on="cpu, bf16")},
    ],
    ids=["mirrored", "oblique", "window", "scan", "precision"],
)
def test_whatever_changes_the_numbers_gives_another_key(changes):
    assert made_key(**changes) != made_key()
    assert made_key(**changes).file_name() != made_key().file_name()


def test_the_same_weights_under_another_name_have_the_same_key():
    engine = SlowBlur()
    engine.name = "slow_blur_b"
    assert made_key(engine=engine) == made_key()


def test_other_weights_give_another_key():
    engine = SlowBlur()
    engine.weights_digest = "2"
    assert made_key(engine=engine) != made_key()


def test_noise_below_a_thousandth_of_a_millimetre_does_not_count():
    noise = np.array((3e-7, -2e-7, 1e-7))
    moved = SlicePlane(OBLIQUE.origin_local_ras + noise, OBLIQUE.row_direction,
                       OBLIQUE.column_direction)  # fmt: skip
    assert made_key(plane=moved) == made_key(plane=OBLIQUE)
