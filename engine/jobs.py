"""A request under way: it can be cancelled from outside, and may tell how far it is."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

Notify = Callable[[str, msgspec.Struct], None]
NotifyAll = Callable[[Sequence[tuple[str, msgspec.Struct]]], None]  # several at once, in order


class JobCancelled(Exception):  # not an error
    """The request was cancelled, or what it was about has changed: nobody waits for its answer."""


class Job:
    """One request. Whoever works on it calls `check` now and then: every few steps of a model, at every block read."""

    def __init__(self, number: int | str | None = None, notify: Notify | None = None) -> None:
        self.number = number
        self._notify = notify
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ends the work at its next `check`. Safe from any thread."""
        self._cancelled.set()

    def check(self) -> None:
        """Raises `JobCancelled` where it was."""
        if self._cancelled.is_set():
            raise JobCancelled

    def tell(self, method: str, params: msgspec.Struct) -> None:
        """Sends a notification, where anybody listens."""
        if self._notify is not None:
            self._notify(method, params)


class Foreground:
    """How much work a person waits for: background work stands still meanwhile."""

    def __init__(self) -> None:
        self._count = 0
        self._last = 0.0  # when somebody last waited
        self._changed = threading.Condition()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """A piece of foreground work."""
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._last = time.monotonic()
                self._changed.notify_all()

    def wait(self, rest: float = 0.0) -> None:
        """Until nobody has waited for so many seconds."""
        with self._changed:
            while self._count or (left := self._last + rest - time.monotonic()) > 0:
                self._changed.wait(None if self._count else left)
