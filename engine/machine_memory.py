"""How much memory this machine, or the container that this is, has left. Free of torch."""

import os
import sys
from pathlib import Path

GROUP = Path("/sys/fs/cgroup")  # a container's own limits


def free_bytes() -> int | None:
    """Memory that a process may still take here; None where the system doesn't say."""
    limits = [_available(), _left_in_group()]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def may_have_gpu() -> bool:
    """Whether a training whose device is ``auto`` may take a GPU, whose memory is another."""
    return sys.platform == "darwin" or Path("/proc/driver/nvidia/version").exists()


def _available() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return int(os.sysconf("SC_PHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, AttributeError):
        return None


def _left_in_group() -> int | None:
    """What a container's limit leaves (cgroup 2). What files are kept in memory for speed counts as free."""
    try:
        most = int((GROUP / "memory.max").read_text(encoding="ascii"))
        used = int((GROUP / "memory.current").read_text(encoding="ascii"))
        kinds = dict(line.split() for line in (GROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        files = int(kinds.get("inactive_file", 0)) + int(kinds.get("active_file", 0))
        return max(0, most - max(0, used - files))
    except (OSError, ValueError):  # no limit reads "max"
        return None
