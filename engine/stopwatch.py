"""The time that a run has trained for: it stands still while nothing is learned."""

import contextlib
import time
from collections.abc import Iterator


class Stopwatch:
    """Seconds that it has run for, over all times that it was held. It begins held."""

    def __init__(self, elapsed: float = 0.0) -> None:
        self._before = elapsed
        self._since: float | None = None  # while it is held

    @property
    def elapsed(self) -> float:
        return self._before if self._since is None else self._before + time.monotonic() - self._since

    def go_on_from(self, elapsed: float) -> None:
        """Runs from now on, as if it had run for so long before."""
        self._before, self._since = elapsed, time.monotonic()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Stands still within, also within itself."""
        if self._since is None:
            yield
            return
        self._before, self._since = self.elapsed, None
        try:
            yield
        finally:
            self._since = time.monotonic()
