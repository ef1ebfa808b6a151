"""Going on where there is no disk, or none any more."""

import numpy as np
import pytest

from GazeSAMLib.engines.engine import PackedEmbedding
from GazeSAMLib.engines.store.disk import MOST_BYTES, SHARE_OF_FREE, DiskStore
from GazeSAMLib.engines.store.keeper import EmbeddingKeeper, default_keeper, store_folder
from GazeSAMLib.errors import EngineError
from Testing.full_disk import limited_file_size
from Testing.made_embeddings import made_embedding, made_key, same

BYTES = 2000 + 16


@pytest.fixture
def notes():
    return []


def test_a_full_disk_is_told_once_and_memory_takes_its_place(tmp_path, notes):
    keeper = EmbeddingKeeper(DiskStore(tmp_path / "store", 1 << 30), notes.append)
    keeper.write(made_key(0), made_embedding(0))
    with limited_file_size(500):
        for number in (1, 2):
            keeper.write(made_key(number), made_embedding(number))
    assert len(notes) == 1
    assert "File too large" in notes[0]
    assert str(tmp_path) in notes[0]
    for number in range(3):
        assert keeper.holds(made_key(number))
        assert same(keeper.read(made_key(number)), made_embedding(number))
    assert len(list((tmp_path / "store").iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path, notes):
    (tmp_path / "file").write_text("in the way")
    keeper = EmbeddingKeeper(DiskStore(tmp_path / "file" / "store"), notes.append)
    for number in range(3):
        assert keeper.read(made_key(number)) is None
        keeper.write(made_key(number), made_embedding(number))
    assert len(notes) == 1
    assert same(keeper.read(made_key(2)), made_embedding(2))


def test_a_folder_that_cannot_be_looked_into_is_told_once(tmp_path, notes):
    # A name that is too long stands for a folder that may not be entered: root may enter any.
    keeper = EmbeddingKeeper(DiskStore(tmp_path / ("x" * 300)), notes.append)
    assert not keeper.holds(made_key(0))
    assert keeper.read(made_key(0)) is None
    assert keeper.most_bytes > 0
    for number in range(2):
        keeper.write(made_key(number), made_embedding(number))
    assert len(notes) == 1
    assert keeper.holds(made_key(1))


def test_memory_is_bounded_by_bytes_and_keeps_what_was_used_last(notes):
    keeper = EmbeddingKeeper(None, notes.append, most_bytes_in_memory=3 * BYTES)
    for number in range(3):
        keeper.write(made_key(number), made_embedding(number))
    keeper.read(made_key(0))
    keeper.write(made_key(3), made_embedding(3))
    assert [keeper.holds(made_key(number)) for number in range(4)] == [True, False, True, True]
    assert keeper.most_bytes == 3 * BYTES
    assert notes == []


@pytest.mark.parametrize("has_disk", [True, False])
def test_what_is_removed_is_gone(tmp_path, notes, has_disk):
    keeper = EmbeddingKeeper(DiskStore(tmp_path / "store") if has_disk else None, notes.append)
    keeper.write(made_key(), made_embedding())
    assert keeper.holds(made_key())
    keeper.remove(made_key())
    assert not keeper.holds(made_key())


def test_an_embedding_that_is_none_is_the_engines_mistake(tmp_path, notes):
    keeper = EmbeddingKeeper(DiskStore(tmp_path / "store"), notes.append)
    with pytest.raises(EngineError, match="engine's embedding cannot be kept"):
        keeper.write(made_key(), PackedEmbedding({"any": np.array([object()])}))


def test_the_users_store_lies_in_the_cache_and_has_the_size_that_is_asked_for(
    tmp_path, notes, monkeypatch
):
    monkeypatch.setenv("GAZESAM_CACHE", str(tmp_path))
    monkeypatch.setenv("GAZESAM_STORE_GB", "1.5")
    keeper = default_keeper(notes.append)
    assert keeper.disk.folder == tmp_path / "embeddings" == store_folder()
    assert keeper.most_bytes == 1_500_000_000
    monkeypatch.setenv("GAZESAM_STORE_GB", "0")
    assert default_keeper(notes.append).disk is None
    monkeypatch.delenv("GAZESAM_STORE_GB")
    assert 0 < default_keeper(notes.append).most_bytes <= MOST_BYTES
    assert MOST_BYTES * SHARE_OF_FREE > 0


@pytest.mark.parametrize("asked", ["much", "-1", "nan", "inf"])
def test_a_size_that_is_none_is_refused(notes, monkeypatch, asked):
    monkeypatch.setenv("GAZESAM_STORE_GB", asked)
    with pytest.raises(EngineError, match=f"GAZESAM_STORE_GB .* got '{asked}'"):
        default_keeper(notes.append)
