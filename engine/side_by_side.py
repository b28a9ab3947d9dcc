"""Work on several threads, for kernels that let other threads run meanwhile."""

import functools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

from engine.device import cores

Result = TypeVar("Result")
_here = threading.local()


def threads_here() -> int:
    """On how many threads work may be done that is asked for now: torch's number; one where a helper asks.

    Helpers that waited for helpers could all wait, for ever.
    """
    return 1 if getattr(_here, "helps", False) else torch.get_num_threads()


def side_by_side(work: Sequence[Callable[[], Result]]) -> list[Result]:
    """What each gives, in order. Whoever asks does the last."""
    if len(work) < 2 or threads_here() == 1:
        return [each() for each in work]
    others = [_helpers().submit(each) for each in work[:-1]]
    last = work[-1]()
    return [*(each.result() for each in others), last]


@functools.cache
def _helpers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, cores() - 1), thread_name_prefix="helper", initializer=_begin_to_help)


def _begin_to_help() -> None:
    _here.helps = True
