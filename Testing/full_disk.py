"""A disk that is full, as far as this process can see."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def limited_file_size(size: int) -> Iterator[None]:
    """Let no file that this process writes grow over `size` bytes: the write fails there."""
    resource = pytest.importorskip("resource", reason="this system has no such limit")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
