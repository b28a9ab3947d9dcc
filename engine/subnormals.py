"""Numbers below 1.2e-38, which float32 has only with fewer digits, count as zero while a model is trained.

A processor takes a hundred times as long over each of them. The optimizer's average of a gradient shrinks by a tenth a
step: of a token that wasn't met for 800 steps it is such a number, for the next 200.
"""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def flushed() -> Iterator[None]:
    """In this thread and in those that it begins inside, where the processor can; so before torch's first work."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
