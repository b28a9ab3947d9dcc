"""Whether a trainer still lives, by what its folder and the operating system say. Free of torch."""

import functools
import os
import socket
import tempfile
import time
from pathlib import Path

from corpora.processes import has_process
from engine.locks import is_held
from engine.machine import is_here
from engine.records import Status

SILENCE = 30.0  # seconds without a heartbeat after which a trainer on another machine counts as gone
TRUSTED = 60.0  # seconds for which two clocks are believed to differ as they did


def alive(status: Status, path: Path, lock: Path) -> bool:
    """Whether the process behind the running status at `path` still lives: here by its pid, elsewhere by its heartbeat.

    `lock` is the file that a trainer holds as long as it lives.
    """
    if status.host == socket.gethostname() and status.pid > 0:
        # A pid may have gone to another process after a restart: a trainer that lives also beats. But not while its
        # machine sleeps, or while it is suspended itself.
        return exists(status.pid) and (_beats(status.heartbeat, path, 10 * SILENCE) or is_held(lock))
    if _beats(max(status.heartbeat, status.started), path, SILENCE):
        return True
    return is_here(status) and is_held(lock)  # one that slept, and woke in a network that renamed the machine


def _beats(heartbeat: float, path: Path, patience: float) -> bool:
    """Whether the last sign of life in the status at `path` is no older than this.

    A heartbeat is by the clock of its machine, which may be wrong; then the file's own time counts, by the disk's.
    """
    now = time.time()
    if abs(now - heartbeat) < patience:
        return True
    try:
        file = path.stat()
    except OSError:
        return False
    if abs(now - file.st_mtime) < patience:
        return True
    return abs(now - _ahead(path.parent, file.st_dev, int(time.monotonic() / TRUSTED)) - file.st_mtime) < patience


@functools.lru_cache(maxsize=8)
def _ahead(folder: Path, device: int, period: int) -> float:
    """Seconds by which our clock is ahead of a disk's, by a new file's time; 0 where none can be made."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            return time.time() - os.fstat(file.fileno()).st_mtime
    except OSError:
        return 0.0


def exists(pid: int) -> bool:
    """Whether a process of this number lives here."""
    return has_process(pid) and not _is_zombie(
        pid
    )  # dead, and its parent has not yet asked how it ended: perhaps never will


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:  # no such thing on this platform
        return False
    return stat.rpartition(b")")[2].split()[:1] == [b"Z"]
