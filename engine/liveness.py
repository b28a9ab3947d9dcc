"""Whether a trainer still lives, by what its folder and the operating system say. Free of torch."""

import math
import os
import socket
import time
from pathlib import Path

from engine.records import Status

SILENCE = 30.0  # seconds without a heartbeat after which a trainer on another machine counts as gone


def alive(status: Status, path: Path) -> bool:
    """Whether the process behind a running status still lives: by its pid here, by its heartbeat elsewhere."""
    if status.host == socket.gethostname() and status.pid > 0:
        try:
            os.kill(status.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        if _is_zombie(status.pid):  # dead, and its parent has not yet asked how it ended: perhaps never will
            return False
        # A pid may have gone to another process after a restart: a trainer that lives also beats.
        return _silence(status.heartbeat, path) < 10 * SILENCE
    return _silence(max(status.heartbeat, status.started), path) < SILENCE


def _silence(heartbeat: float, path: Path) -> float:
    """Seconds since the last sign of life in the status at `path`; endless where nothing there can be believed.

    A heartbeat from the future is another clock's, or that of a clock put back: then the file's own time counts.
    """
    now = time.time()
    if heartbeat - now > SILENCE:
        try:
            heartbeat = path.stat().st_mtime
        except OSError:
            return math.inf
    return now - heartbeat if heartbeat - now <= SILENCE else math.inf


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:  # no such thing on this platform
        return False
    return stat.rpartition(b")")[2].split()[:1] == [b"Z"]
