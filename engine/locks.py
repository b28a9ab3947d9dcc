"""Locks that go with the process that holds them, however it ends."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

HELD = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES)


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Holds the lock on a file, made where it is missing; gives False where another process holds it.

    On a platform or a disk without such locks it always gives True. Raises `OSError` where the file can't be opened.
    """
    with path.open("ab") as file:
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

        file = path.open("rb")
    except (ImportError, OSError):
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in HELD
    return False
