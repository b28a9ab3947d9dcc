"""What the compiled time steps of our layers have in common: when they can be used, and work by streams and by columns.

numba is imported only where `usable_for` has said yes.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.compiled import usable_for_training
from engine.side_by_side import threads_here
from engine.teamwork import in_team

Array = npt.NDArray[np.float32]
Result = TypeVar("Result")
# Streams for which there is enough to do: with fewer, as when a prompt is read, reading weights takes all the time.
LEAST = 8
FEWEST = 4  # streams that are worth a thread of their own


def usable_for(state: Tensor) -> bool:
    """Whether there are compiled steps for a layer with this state (B, H), and they are worth having."""
    streams, hidden = state.shape
    fits = state.dtype == torch.float32 and state.device.type == "cpu" and streams >= LEAST and hidden % 16 == 0
    return fits and usable_for_training()


def array(tensor: Tensor) -> Array:
    """The numbers of a float32 tensor, without a copy where they lie in order."""
    numbers: Array = tensor.detach().contiguous().numpy()
    return numbers


def packed(weight: Tensor) -> Array:
    """Weights (N, K) for `tiles.multiply`: panels of `ROWS` rows (P, K, ROWS), filled with 0. Pass the transpose to go
    backwards."""
    from engine.compiled.tiles import ROWS

    rows, length = weight.shape
    if rows % ROWS:
        weight = F.pad(weight, (0, 0, 0, -rows % ROWS))
    return array(weight.reshape(-1, ROWS, length).transpose(1, 2))


def by_streams(streams: int, work: Callable[[int, int], Result]) -> list[Result]:
    """Does work for streams first to last, for all of them, on as many threads as pay.

    What each part gives, in the streams' order whatever the threads' was: it can be added up to the same sums again.
    """
    parts = max(1, min(threads_here(), streams // FEWEST))
    given: dict[int, Result] = {}

    def some(part: int) -> None:
        given[part] = work(streams * part // parts, streams * (part + 1) // parts)

    in_team([partial(some, part) for part in range(parts)])
    return [given[part] for part in range(parts)]


def outer(sums: Tensor, x: Tensor) -> Tensor:
    """A weight's gradient (N, M): of its sums' (T, B, N), which may be some columns of more, and what it multiplied,
    x (T, B, M). MKL's products of matrices this large are quicker than tiles."""
    return sums.flatten(0, 1).t() @ x.flatten(0, 1)
