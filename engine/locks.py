"""Locks that go with the process that holds them, however it ends."""

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from corpora.files import open_regular

HELD = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES)
TURN = 10.0  # seconds: what is done in turn takes as long as a small file takes to be replaced
NAP = 0.01


@contextlib.contextmanager
def held(path: Path, *, patience: float = 0.0) -> Iterator[bool]:
    """Holds the lock on a file, made where it is missing; gives False where another process holds it.

    It is waited for so many seconds: who asks whether a lock `is_held` has it for a moment.
    On a platform or a disk without such locks it always gives True. Raises `OSError` where the file can't be opened.
    """
    # A pipe in the file's place is refused, not waited for.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags, 0o666), "ab") as file:
        yield _taken(file.fileno(), patience)


@contextlib.contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """One after the other with all who do this with the same file, which is never replaced; not within itself.

    A folder would do on this machine, but not over NFS. Where somebody doesn't let it go, or there are no such locks,
    it goes on all the same.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # its folder is gone, or can't be written
            stack.enter_context(held(path, patience=TURN))
        yield


def _taken(descriptor: int, patience: float) -> bool:
    """Whether it has the lock, after so many seconds at most; also where there are none."""
    try:
        import fcntl
    except ImportError:
        return True
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in HELD:  # some shared disks have no locks: what can't be told is nobody's
                return True
        else:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(NAP)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock on this file; False on a platform or a disk without such locks.

    There is no asking: a free lock is taken for a moment, which `held` has the patience for.
    """
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
