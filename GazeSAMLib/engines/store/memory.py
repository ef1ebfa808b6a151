"""Embeddings in memory, bounded by their bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class RecentlyUsed(Generic[KeyT, ValueT]):
    """Keeps what was used last, so many of them and so many bytes at most.

    Parameters
    ----------
    most : int
        How many are kept.
    most_bytes : int
        How many bytes are kept; one alone may be larger.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._values: OrderedDict[KeyT, tuple[ValueT, int]] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: KeyT) -> bool:
        """Whether it is kept."""
        return key in self._values

    def get(self, key: KeyT) -> ValueT | None:
        """Return what is kept, used just now; None where nothing is."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: KeyT, value: ValueT, size_bytes: int = 0) -> None:
        """Keep a value; what was used longest ago goes where there are too many."""
        self.drop(key)
        self._values[key] = (value, size_bytes)
        self._bytes += size_bytes
        while len(self._values) > self._most or (
            self._bytes > self._most_bytes and len(self._values) > 1
        ):
            _, (_, size) = self._values.popitem(last=False)
            self._bytes -= size

    def drop(self, key: KeyT) -> None:
        """Forget a value; one that is not kept is no error."""
        found = self._values.pop(key, None)
        if found is not None:
            self._bytes -= found[1]
