"""Work on torch's own threads, for kernels that let other threads run meanwhile, between operations of torch.

torch's threads (of GNU's OpenMP) spin for some milliseconds after each operation, in wait for the next one. Other
threads that start meanwhile share a core with them: a product of 5.5 ms then took 11.
"""

import ctypes
import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.side_by_side import side_by_side, threads_here

Meeting = npt.NDArray[np.int64]  # (1,): how often anyone has come
CALLED_OFF = 1 << 60  # as if all had come to all of them
_WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def in_team(work: Sequence[Callable[[], object]]) -> None:
    """Does all of it, each on a thread of its own."""
    openmp = _openmp()
    if len(work) < 2 or threads_here() == 1 or openmp is None:
        side_by_side(work)
        return
    wrong: list[BaseException] = []

    def member(_: object) -> None:
        try:
            # A team may be smaller than was asked for.
            for number in range(openmp.omp_get_thread_num(), len(work), openmp.omp_get_num_threads()):
                work[number]()
        except BaseException as error:  # there is nobody above who could handle it
            wrong.append(error)

    openmp.GOMP_parallel(_WORK(member), None, len(work), 0)
    if wrong:
        raise wrong[0]


def together(most: int, work: Callable[[int, int, Meeting], object]) -> None:
    """Calls work(member, members, meeting) on as many of torch's threads as there are, at most `most`, all at the same
    time: so they may wait for each other (`engine.compiled.meeting`). Where it can't be told how many there will be, it
    is one. What goes wrong for one of them is raised, and nobody waits for it.
    """
    openmp = _openmp()
    meeting = np.zeros(1, np.int64)
    wanted = min(most, threads_here())
    if wanted < 2 or openmp is None:
        work(0, 1, meeting)
        return
    wrong: list[BaseException] = []

    def member(_: object) -> None:
        try:
            work(openmp.omp_get_thread_num(), openmp.omp_get_num_threads(), meeting)
        except BaseException as error:  # there is nobody above who could handle it
            wrong.append(error)
            meeting[0] = CALLED_OFF

    openmp.GOMP_parallel(_WORK(member), None, wanted, 0)
    if wrong:
        raise wrong[0]


@functools.cache
def _openmp() -> Any:
    """GNU's OpenMP where torch has loaded it, None elsewhere."""
    try:
        library = ctypes.CDLL("libgomp.so.1", mode=os.RTLD_NOW | os.RTLD_NOLOAD)
        library.GOMP_parallel.argtypes = (_WORK, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)
        library.GOMP_parallel.restype = None
        return library if library.omp_get_num_threads() == 1 else None
    except (OSError, AttributeError):
        return None
