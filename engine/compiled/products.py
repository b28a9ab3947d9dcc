"""Products with matrices of bytes, for any number of streams."""

import numpy as np
import numpy.typing as npt

from engine.compiled.dots import HAS_VNNI, INPUT, LANES, MIDDLE, dots_of_1, dots_of_4, multiply_add
from engine.compiled.jit import compiled

Array = npt.NDArray[np.float32]
STEPS = np.float32(127.0)  # steps of x between 0 and 1


@compiled
def in_steps(x: Array, h: Array) -> npt.NDArray[np.unsignedinteger]:
    """x (B, I) and h (B, H), between -1 and 1 (more is cut off), side by side in whole steps; filled up to `LANES`."""
    streams, inputs = x.shape
    width = inputs + h.shape[1]
    steps = np.empty((streams, (width + LANES - 1) // LANES * LANES), dtype=INPUT)
    for stream in range(streams):
        row = steps[stream]
        _round(x[stream], row[:inputs])
        _round(h[stream], row[inputs:width])
        row[width:] = MIDDLE
    return steps


@compiled
def _round(values: Array, steps: npt.NDArray[np.unsignedinteger]) -> None:
    for place in range(len(values)):
        cut = min(max(values[place], np.float32(-1.0)), np.float32(1.0))
        # Always positive, so that cutting the fraction off rounds.
        steps[place] = np.int32(cut * STEPS + np.float32(128.5)) - (128 - MIDDLE)


@compiled
def multiply(
    weights: npt.NDArray[np.int8],
    scales: Array,
    totals: npt.NDArray[np.int32],
    steps: npt.NDArray[np.unsignedinteger],
    plus: Array,
    sums: Array,
    first: int,
    last: int,
) -> None:
    """Sums (B, N) for rows first to last of weights (N, K): scale · w x + plus (B, N), or (1, N) for all streams.

    `totals` (N,) are what the rows of weights add up to.
    """
    streams = len(steps)
    shared = len(plus) == 1
    together = streams - streams % 4 if HAS_VNNI else 0
    for row in range(first, last):
        w = weights[row]
        middle = MIDDLE * totals[row]
        scale = scales[row]
        for stream in range(0, together, 4):
            t0, t1, t2, t3 = dots_of_4(w, steps, stream)
            sums[stream, row] = np.float32(t0 - middle) * scale + plus[0 if shared else stream, row]
            sums[stream + 1, row] = np.float32(t1 - middle) * scale + plus[0 if shared else stream + 1, row]
            sums[stream + 2, row] = np.float32(t2 - middle) * scale + plus[0 if shared else stream + 2, row]
            sums[stream + 3, row] = np.float32(t3 - middle) * scale + plus[0 if shared else stream + 3, row]
        for stream in range(together, streams):
            total = dots_of_1(w, steps, stream)[0] if HAS_VNNI else _dot(w, steps[stream])
            sums[stream, row] = np.float32(total - middle) * scale + plus[0 if shared else stream, row]


@compiled
def add_products(
    weights: npt.NDArray[np.int8], scales: Array, totals: npt.NDArray[np.int32], x: Array, h: Array, plus: Array
) -> Array:
    """`in_steps` and `multiply` of all rows, in one call."""
    rows = len(weights)
    sums = np.empty((len(h), rows), dtype=np.float32)
    multiply(weights, scales, totals, in_steps(x, h), plus, sums, 0, rows)
    return sums


@compiled
def exact_sums(weights: Array, x: Array, h: Array, plus: Array) -> Array:
    """weights (N, I + H), x (1, I), h (1, H), plus (1, N) → [x h] Wᵀ + plus (1, N) in float32.

    Row after row, as fast as the memory gives them.
    """
    inputs = x.shape[1]
    sums = np.empty_like(plus)
    for row in range(len(weights)):
        of_x, of_h = weights[row, :inputs], weights[row, inputs:]
        total = plus[0, row]
        for place in range(len(of_x)):
            total += of_x[place] * x[0, place]
        for place in range(len(of_h)):
            total += of_h[place] * h[0, place]
        sums[0, row] = total
    return sums


@compiled
def exact_products(weights: Array, bias: Array, x: Array) -> Array:
    """weights (N, K), bias (N,), x (B, K) → x Wᵀ + b (B, N) in float32; each row's sums as if it were alone."""
    streams, rows = len(x), len(weights)
    products = np.empty((streams, rows), dtype=np.float32)
    for row in range(rows):
        w = weights[row]
        for stream in range(streams):
            of = x[stream]
            total = np.float32(0.0)
            for place in range(len(w)):
                total += w[place] * of[place]
            products[stream, row] = total + bias[row]
    return products


@compiled
def _dot(w: npt.NDArray[np.int8], x: npt.NDArray[np.int16]) -> np.int32:
    total = np.int32(0)
    for place in range(len(w)):
        total = multiply_add(total, w[place], x[place])
    return total
