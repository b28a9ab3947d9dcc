"""A layer's step, or its steps through a whole text, in one call: nothing of Python between products and gates."""

import numpy as np
import numpy.typing as npt

from engine.compiled.copying import put
from engine.compiled.gates import gru, lstm
from engine.compiled.jit import compiled
from engine.compiled.products import add_products, begin_products, finish_products

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.int8]


@compiled
def step_lstm(
    weights: Bytes, scales: Array, totals: npt.NDArray[np.int32], x: Array, h: Array, plus: Array, c: Array
) -> tuple[Array, Array]:
    """One step of any number of streams: what `add_products` takes, and c (B, H) → h and c after."""
    return lstm(add_products(weights, scales, totals, x, h, plus), c)


@compiled
def read_lstm(
    weights: Bytes, scales: Array, totals: npt.NDArray[np.int32], inputs: Array, plus: Array, h: Array, c: Array
) -> tuple[Array, Array, Array]:
    """inputs (T, I), plus (T, 4H), or (1, 4H) for all tokens, and h, c (1, H) → outputs (T, H), h and c after.

    The inputs' part of all sums is made at once; each step then reads the states' weights only.
    """
    outputs = np.empty((len(inputs), h.shape[1]), dtype=np.float32)
    begun = begin_products(weights, inputs)
    for step in range(len(inputs)):
        row = step if len(plus) > 1 else 0
        h, c = lstm(finish_products(weights, scales, totals, begun[step], h, plus[row : row + 1]), c)
        put(h[0], outputs[step])
    return outputs, h, c


@compiled
def read_gru(
    weights: Bytes, scales: Array, totals: npt.NDArray[np.int32], inputs: Array, bias: Array, h: Array
) -> tuple[Array, Array]:
    """h (1, H) → outputs (T, H) and h after, of the inputs' sums (T, 3H); `bias` (1, 3H) is the states'."""
    outputs = np.empty((len(inputs), h.shape[1]), dtype=np.float32)
    for step in range(len(inputs)):
        h = gru(inputs[step : step + 1], add_products(weights, scales, totals, h[:, :0], h, bias), h)
        put(h[0], outputs[step])
    return outputs, h
