"""How a training process holds its memory. Free of torch.

A step frees what the next one allocates again. glibc gives the end of what was freed back to the system, by where
blocks happen to lie; then the system clears and hands out thousands of pages in every step. A GRU's step of 12 ms took
15 with that.
"""

import contextlib
import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # names in glibc's malloc.h
# The largest block that is kept. Versions before 2.35 refuse more than 32 MB.
KEPT = (1 << 30, 32 << 20)


def keep_freed() -> bool:
    """From now on what is freed stays the process's own, for what is allocated next; False where that can't be told,
    as with other libraries than glibc. For processes that end when their work does."""
    if not sys.platform.startswith("linux"):
        return False
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 - other libraries have a `mallopt` that means something else
        for most in KEPT:
            if library.mallopt(MMAP_THRESHOLD, most):
                return bool(library.mallopt(TRIM_THRESHOLD, KEPT[0]))
    return False
