"""Locks that go with the process that holds them, however it ends."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from corpora.files import open_regular

HELD = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES)


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Holds the lock on a file, made where it is missing; gives False where another process holds it.

    On a platform or a disk without such locks it always gives True. Raises `OSError` where the file can't be opened.
    """
    # A pipe in the file's place is refused, not waited for.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags, 0o666), "ab") as file:
        try:
            import fcntl
        except ImportError:
            yield True
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Some shared disks have no locks: what can't be told is nobody's.
            yield error.errno not in HELD
        else:
            yield True


def is_held(path: Path) -> bool:
    """Whether a process holds the lock on this file; False on a platform or a disk without such locks."""
    try:
        import fcntl

        file = open_regular(path)
    except (ImportError, OSError):
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in HELD
    return False
