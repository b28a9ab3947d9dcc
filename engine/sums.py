"""The sums of a layer's gates, W x + U h + b (B, G·H), as numpy rows: in float32, or with weights of bytes.

In a first layer with a table, x are the table's rows (B, G·H), with W x + b in them; otherwise they are vectors (B, I).
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from torch import Tensor

from engine import compiled
from engine.device import cores
from engine.gates import gates
from engine.side_by_side import side_by_side, threads_here

Array = npt.NDArray[np.float32]
# Products from which a second thread saves more than calling it costs: of bytes, without a matrix unit. That is so
# quick that a second thread costs more than it saves even for 64 streams.
SHARED = 16_000_000


class ExactSums:
    """Of one stream, in float32, at the speed of the memory: in a kernel, or without these in numpy's BLAS, which is a
    little slower. torch's product of one row reaches half of it."""

    def __init__(self, weight: Tensor, bias: Tensor | None, inputs: int) -> None:
        """weight (N, H) with a table, (N, I + H) with a bias (N,); `inputs` is I."""
        self._weight, self._bias = as_array(weight), None if bias is None else as_array(bias)
        self._row = None if bias is None else as_array(bias)[None]
        self._kernel: Callable[[Array, Array, Array, Array], Array] | None = None
        if compiled.usable():
            from engine.compiled.products import exact_sums

            self._kernel = exact_sums

    def __call__(self, x: Array, h: Array) -> Array:
        sums: Array
        if self._kernel is not None:
            return (
                self._kernel(self._weight, h[:, :0], h, x)
                if self._row is None
                else self._kernel(self._weight, x, h, self._row)
            )
        if self._bias is None:
            sums = np.dot(self._weight, h[0])
            sums += x[0]
        else:
            sums = np.dot(self._weight, np.concatenate((x[0], h[0])))
            sums += self._bias
        return sums[None]


class BytesSums:
    """Of any number of streams, with weights of 8 bits, a scale a row, and x and h in steps of 1/127: a quarter of the
    bytes. A stream's sums have the same bits whatever streams are beside it.

    For x and h between -1 and 1, as states and outputs of all cells but the rectifier are; more is cut off.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, inputs: int) -> None:
        """The same. Needs `compiled.usable`."""
        from engine.compiled import products
        from engine.compiled.dots import HAS_UNIT
        from engine.compiled.reading import step_lstm

        exact = as_array(weight)
        scales = np.maximum(np.abs(exact).max(1), np.float32(1e-8)) / np.float32(127.0)
        whole = np.rint(exact / scales[:, None]).astype(np.int8)
        self.matrix = products.pack(whole, inputs), scales / products.STEPS, whole.sum(1, dtype=np.int32)
        self.bias = None if bias is None else as_array(bias)[None]  # (1, N)
        self._products = products
        self._step_lstm = step_lstm
        self._many = 1 << 30 if HAS_UNIT else SHARED // exact.size  # streams

    def __call__(self, x: Array, h: Array) -> Array:
        inputs, plus = (h[:, :0], x) if self.bias is None else (x, self.bias)
        if len(h) < self._many or threads_here() == 1:
            return self._products.add_products(*self.matrix, inputs, h, plus)
        steps = self._products.in_steps(inputs, h)
        weights, scales, _ = self.matrix
        parts = cores()
        sums = np.empty((len(h), len(scales)), dtype=np.float32)
        ends = [len(weights) * part // parts for part in range(parts + 1)]
        side_by_side(
            [
                partial(self._products.multiply, *self.matrix, steps, plus, sums, first, last)
                for first, last in pairwise(ends)
            ]
        )
        return sums

    def lstm(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The sums and what an LSTM's gates make of them, h and c (B, H): one call where one thread does it."""
        if len(h) >= self._many and threads_here() > 1:
            return gates().lstm(self(x, h), c)
        if self.bias is None:
            return self._step_lstm(*self.matrix, h[:, :0], h, x, c)
        return self._step_lstm(*self.matrix, x, h, self.bias, c)


def in_bytes(sums: object) -> BytesSums:
    """Sums of which it is known that their weights are bytes."""
    assert isinstance(sums, BytesSums)
    return sums


def as_array(weight: Tensor) -> Array:
    """The same numbers, not a copy, where they lie one behind the other."""
    array: Array = weight.contiguous().numpy()
    return array
