"""What the compiled time steps of our layers have in common: when they can be used, and work by streams and by columns.

numba is imported only where `usable_for` has said yes.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.aligned import empty
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
    return array(weight.reshape(-(-rows // ROWS), ROWS, length).transpose(1, 2))


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


class GradientsOfSums:
    """Room for the gradients (T, B, N) of a layer's sums, in the layout from which those of its weights are made
    quickest: rows for MKL's products, or strips for ours (`tiles.add_outer`) on processors that MKL neglects."""

    def __init__(self, steps: int, streams: int, width: int) -> None:
        from engine.compiled.tiles import COLUMNS, PART, QUICKER_THAN_MKL

        part = min(PART, steps) if QUICKER_THAN_MKL else steps
        self.rows = empty((part, streams, width), np.float32)
        strips = width // COLUMNS if QUICKER_THAN_MKL else 0
        self.strips = empty((strips, steps * streams, COLUMNS), np.float32)

    def times(self, x: Tensor, *columns: slice) -> Tensor:
        """Those columns of the gradients, transposed, times x (T, B, M): of the weights (N, M) that x went through."""
        if len(self.strips) == 0:
            rows = torch.from_numpy(self.rows).flatten(0, 1)
            products = [rows[:, some].t() @ x.flatten(0, 1) for some in columns]
            return products[0] if len(products) == 1 else torch.cat(products)
        from engine.compiled.tiles import ROWS, STREAMS, add_outer

        groups = np.arange(self.rows.shape[-1] // STREAMS)
        chosen = np.concatenate([groups[some.start // STREAMS : some.stop // STREAMS] for some in columns])
        out = torch.zeros(len(chosen) * STREAMS, x.shape[-1])
        arrays, panels, parts = (array(x.flatten(0, 1)), array(out), chosen), -(-x.shape[-1] // ROWS), threads_here()

        def each(part: int) -> None:
            add_outer(self.strips, *arrays, panels * part // parts, panels * (part + 1) // parts)

        in_team([partial(each, part) for part in range(parts)])
        return out
