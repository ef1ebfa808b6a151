"""A model whose file is small and served from here."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from GazeSAMLib.engines.catalogue.entry import ModelEntry
from GazeSAMLib.engines.catalogue.shelf import ModelShelf
from Testing.file_server import NAME

CONTENT = bytes(range(256)) * 4000  # larger than the pieces in which it is taken in


@pytest.fixture
def content() -> bytes:
    return CONTENT


@pytest.fixture
def an_entry() -> Callable[..., ModelEntry]:
    def make(url: str = "", **change: object) -> ModelEntry:
        facts = {
            "name": "toy",
            "title": "Toy",
            "engine": "sam",
            "good_for": "tests",
            "file_name": NAME,
            "size_bytes": len(CONTENT),
            "parameters": 1,
            "input_px": 1024,
            "memory_bytes": 1,
            "licence": "Apache-2.0",
            "page": "https://example.org/toy",
            "url": url,
            "digests": {"md5": hashlib.md5(CONTENT).hexdigest()},
        }
        return ModelEntry(**{**facts, **change})

    return make


@pytest.fixture
def shelf(tmp_path: Path) -> ModelShelf:
    return ModelShelf(tmp_path / "models")
