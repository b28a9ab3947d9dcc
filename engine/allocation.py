"""How a training process holds its memory. Free of torch.

A step frees what the next one allocates again. glibc gives the end of what was freed back to the system, by where
blocks happen to lie; then the system clears and hands out thousands of pages in every step. A GRU's step of 12 ms took
15 with that.
"""

import contextlib
import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # names in glibc's malloc.h
# Bytes of the largest block that is kept: those of a step of most models. Of larger ones memory falls into pieces that
# other blocks don't fit in, and a run of a wide model needs up to a sixth more of it with 32 MB.
LARGEST = 16 << 20
ALL = (1 << 31) - 1


def keep_freed() -> bool:
    """From now on what is freed stays the process's own, for what is allocated next; False where that can't be told,
    as with other libraries than glibc. For processes that end when their work does."""
    library = _glibc()
    return library is not None and bool(
        library.mallopt(MMAP_THRESHOLD, LARGEST) and library.mallopt(TRIM_THRESHOLD, ALL)
    )


def give_back() -> None:
    """Gives back what is free now: before work that needs blocks of other sizes, and after it."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    with contextlib.suppress(OSError, AttributeError):
        if sys.platform == "linux":
            library = ctypes.CDLL(None)
            library.gnu_get_libc_version  # noqa: B018 - other libraries have a `mallopt` that does nothing
            library.malloc_trim.argtypes = (ctypes.c_size_t,)
            return library
    return None
