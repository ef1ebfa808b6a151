"""Two threads in one process of which one always goes first."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class RightOfWay:
    """Lets a thread that works ahead wait, at its next step, while another one answers.

    Attributes
    ----------
    changed : threading.Condition
        Held while what :meth:`wait_until` looks at is changed; notified after.
    is_taken : bool
        Whether somebody answers now.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.is_taken = True

    def take(self) -> None:
        """Go first from now on."""
        self.is_taken = True  # no lock: whoever works ahead looks at its next step

    def give(self) -> None:
        """Let the other work: there is nothing to answer."""
        with self.changed:
            self.is_taken = False
            self.changed.notify_all()

    @contextmanager
    def given(self) -> Iterator[None]:
        """Let the other work while this thread waits for what it makes."""
        self.give()
        try:
            yield
        finally:
            self.take()

    def wait_until(self, may_go_on: Callable[[], bool]) -> None:
        """Wait until `may_go_on` holds, which looks at this and at the waiting thread's own."""
        with self.changed:
            self.changed.wait_for(may_go_on)
