"""Locks that go with the process that holds them, however it ends."""

import contextlib
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Holds the lock on a file, made where it is missing; gives False where another process holds it.

    On a platform without such locks it always gives True. Raises `OSError` where the file can't be opened.
    """
    with path.open("ab") as file:
        try:
            import fcntl
        except ImportError:
            yield True
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
