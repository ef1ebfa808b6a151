"""How long work says how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done ("reading slices"), how many are done, and how many there are."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Report nothing: the default :data:`Progress`."""
