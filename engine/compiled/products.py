"""Products with matrices of bytes, for any number of streams."""

import numpy as np
import numpy.typing as npt

from engine.aligned import aligned
from engine.compiled.copying import put
from engine.compiled.dots import (
    HAS_UNIT,
    HAS_VNNI,
    INPUT,
    MIDDLE,
    PART,
    ROWS,
    STREAMS,
    multiply_add,
    tile_of_1,
    tile_of_2,
    tile_of_3,
    tile_of_4,
    tile_of_5,
    tile_of_6,
    tile_of_7,
    tile_of_8,
)
from engine.compiled.jit import compiled
from engine.compiled.matrix_tiles import STREAMS as AT_ONCE
from engine.compiled.matrix_tiles import bytes_of_16, bytes_of_32, configure, release
from engine.compiled.tiles import multiply as multiply_exactly

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.int8]
Steps = npt.NDArray[np.unsignedinteger]
Whole = npt.NDArray[np.int32]
STEPS = np.float32(127.0)  # steps of x between 0 and 1
FEWEST = 3  # streams from which the matrix unit is quicker


def pack(weights: Bytes, inputs: int) -> Bytes:
    """Weights (N, I + H) as the products below want them: both parts filled up to whole `PART`s with zeros.

    Where bytes are multiplied in tiles these are panels (P, K / 4, ROWS, 4), P ROWS at least N; otherwise rows (N, K).
    """
    filled = _padded(weights, inputs)
    if not HAS_VNNI:
        return filled
    panels = -(-len(filled) // ROWS)
    filled = np.pad(filled, ((0, panels * ROWS - len(filled)), (0, 0)))
    return aligned(filled.reshape(panels, ROWS, -1, 4).transpose(0, 2, 1, 3))


def _padded(weights: Bytes, inputs: int) -> Bytes:
    """Weights (N, I + H) with both parts filled up with zeros: rows (N, K), as `in_steps` has x."""
    begin, states = _filled(inputs), weights.shape[1] - inputs
    filled = np.zeros((len(weights), begin + _filled(states)), dtype=np.int8)
    filled[:, :inputs] = weights[:, :inputs]
    filled[:, begin : begin + states] = weights[:, inputs:]
    return filled


@compiled
def _filled(numbers: int) -> int:
    return (numbers + PART - 1) // PART * PART


@compiled
def in_steps(x: Array, h: Array) -> Steps:
    """x (B, I) and h (B, H), between -1 and 1 (more is cut off), in whole steps, side by side as `pack` has them."""
    streams, inputs = x.shape
    begin, states = _filled(inputs), h.shape[1]
    steps = np.empty((streams, begin + _filled(states)), dtype=INPUT)
    for stream in range(streams):
        row = steps[stream]
        _round(x[stream], row[:inputs])
        row[inputs:begin] = MIDDLE
        _round(h[stream], row[begin : begin + states])
        row[begin + states :] = MIDDLE
    return steps


@compiled
def _round(values: Array, steps: Steps) -> None:
    for place in range(len(values)):
        cut = min(max(values[place], np.float32(-1.0)), np.float32(1.0))
        # Always positive, so that cutting the fraction off rounds.
        steps[place] = np.int32(cut * STEPS + np.float32(128.5)) - (128 - MIDDLE)


@compiled
def _add_tiles(panels: Bytes, panel: int, start: int, stop: int, steps: Steps, stream: int, sums: Whole) -> int:
    """Adds the products of a panel's numbers from start to stop, in fours, with the next streams' steps from `stream`
    on to sums (STREAMS, ROWS); how many streams they were. There is one at least."""
    left = len(steps) - stream
    count = left if left <= STREAMS else STREAMS if left >= 2 * STREAMS else (left + 1) // 2
    if count == 8:
        tile_of_8(panels, panel, start, stop, steps, stream, sums)
    elif count == 1:
        tile_of_1(panels, panel, start, stop, steps, stream, sums)
    elif count == 5:
        tile_of_5(panels, panel, start, stop, steps, stream, sums)
    elif count == 4:
        tile_of_4(panels, panel, start, stop, steps, stream, sums)
    elif count == 2:
        tile_of_2(panels, panel, start, stop, steps, stream, sums)
    elif count == 3:
        tile_of_3(panels, panel, start, stop, steps, stream, sums)
    elif count == 6:
        tile_of_6(panels, panel, start, stop, steps, stream, sums)
    else:
        tile_of_7(panels, panel, start, stop, steps, stream, sums)
    return count


@compiled
def _sum_by_unit(panels: Bytes, stop: int, steps: Steps, first: int, last: int, wholes: Whole) -> None:
    """The matrix unit's products of the numbers up to `stop`, in fours, of panels first to last with steps (B, ·), into
    whole numbers (B, P ROWS)."""
    for stream in range(0, len(steps), AT_ONCE):
        count = min(AT_ONCE, len(steps) - stream)
        configure(count)
        for panel in range(first, last):
            if count > AT_ONCE // 2:
                bytes_of_32(panels, panel, 0, stop, steps, stream, wholes)
            else:
                bytes_of_16(panels, panel, 0, stop, steps, stream, wholes)
    release()


@compiled
def _multiply_by_unit(
    panels: Bytes, scales: Array, totals: Whole, steps: Steps, plus: Array, sums: Array, first: int, last: int
) -> None:
    wholes = np.empty((len(sums), len(panels) * ROWS), dtype=np.int32)
    _sum_by_unit(panels, panels.shape[1], steps, first, last, wholes)
    for stream in range(len(sums)):
        more = plus[0 if len(plus) == 1 else stream]
        _scale(wholes[stream, first * ROWS : last * ROWS], first, scales, totals, more, sums[stream])


@compiled
def _multiply_in_tiles(
    panels: Bytes, scales: Array, totals: Whole, steps: Steps, plus: Array, sums: Array, first: int, last: int
) -> None:
    streams = len(sums)
    if HAS_UNIT and streams >= FEWEST:
        _multiply_by_unit(panels, scales, totals, steps, plus, sums, first, last)
        return
    shared = len(plus) == 1
    length = panels.shape[1]
    some = np.empty((STREAMS, ROWS), dtype=np.int32)
    for panel in range(first, last):
        stream = 0
        while stream < streams:
            some[:] = 0
            count = _add_tiles(panels, panel, 0, length, steps, stream, some)
            for s in range(count):
                _scale(some[s], panel, scales, totals, plus[0 if shared else stream + s], sums[stream + s])
            stream += count


@compiled
def _multiply_in_rows(
    weights: Bytes, scales: Array, totals: Whole, steps: Steps, plus: Array, sums: Array, first: int, last: int
) -> None:
    shared = len(plus) == 1
    for row in range(first, last):
        w = weights[row]
        for stream in range(len(steps)):
            total = _dot(w, steps[stream]) - MIDDLE * totals[row]
            sums[stream, row] = np.float32(total) * scales[row] + plus[0 if shared else stream, row]


@compiled
def _scale(some: Whole, panel: int, scales: Array, totals: Whole, plus: Array, sums: Array) -> None:
    """Makes a part of one stream's sums (N,), from a panel on, of its whole numbers (·,)."""
    start = panel * ROWS
    stop = min(start + len(some), len(sums))
    of_scales, of_totals, of_plus, out = scales[start:stop], totals[start:stop], plus[start:stop], sums[start:stop]
    for row in range(len(out)):
        out[row] = np.float32(some[row] - MIDDLE * of_totals[row]) * of_scales[row] + of_plus[row]


multiply = _multiply_in_tiles if HAS_VNNI else _multiply_in_rows
"""Sums (B, N) of weights as `pack` gives them: scale · w x + plus (B, N), or (1, N) for all streams.

`totals` (N,) are what the rows of weights add up to. Of the panels, or rows, from first to last.
"""


@compiled
def add_products(weights: Bytes, scales: Array, totals: Whole, x: Array, h: Array, plus: Array) -> Array:
    """`in_steps` and `multiply` of all rows, in one call."""
    sums = np.empty((len(h), len(scales)), dtype=np.float32)
    multiply(weights, scales, totals, in_steps(x, h), plus, sums, 0, len(weights))
    return sums


@compiled
def _begin_in_tiles(panels: Bytes, inputs: Array) -> Whole:
    steps = in_steps(inputs, inputs[:, :0])
    begun = np.empty((len(inputs), len(panels) * ROWS), dtype=np.int32)
    stop = _filled(inputs.shape[1]) // 4
    if HAS_UNIT and len(inputs) >= FEWEST:
        _sum_by_unit(panels, stop, steps, 0, len(panels), begun)
        return begun
    some = np.empty((STREAMS, ROWS), dtype=np.int32)
    for panel in range(len(panels)):
        token = 0
        while token < len(inputs):
            some[:] = 0
            count = _add_tiles(panels, panel, 0, stop, steps, token, some)
            for s in range(count):
                put(some[s], begun[token + s, panel * ROWS :])
            token += count
    return begun


@compiled
def _begin_in_rows(weights: Bytes, inputs: Array) -> Whole:
    steps = in_steps(inputs, inputs[:, :0])
    begun = np.empty((len(inputs), len(weights)), dtype=np.int32)
    for row in range(len(weights)):
        for token in range(len(inputs)):
            begun[token, row] = _dot(weights[row, : steps.shape[1]], steps[token])
    return begun


begin_products = _begin_in_tiles if HAS_VNNI else _begin_in_rows
"""The inputs' part of the sums, of all tokens at once: inputs (T, I) → whole numbers for `finish_products`."""


@compiled
def _finish_in_tiles(panels: Bytes, scales: Array, totals: Whole, begun: Whole, h: Array, plus: Array) -> Array:
    stop = panels.shape[1]
    steps = in_steps(h[:, :0], h)
    start = stop - steps.shape[1] // 4
    sums = np.empty((1, len(scales)), dtype=np.float32)
    some = np.empty((1, ROWS), dtype=np.int32)
    for panel in range(len(panels)):
        put(begun[panel * ROWS : (panel + 1) * ROWS], some[0])
        tile_of_1(panels, panel, start, stop, steps, 0, some)
        _scale(some[0], panel, scales, totals, plus[0], sums[0])
    return sums


@compiled
def _finish_in_rows(weights: Bytes, scales: Array, totals: Whole, begun: Whole, h: Array, plus: Array) -> Array:
    steps = in_steps(h[:, :0], h)
    start = weights.shape[1] - steps.shape[1]
    sums = np.empty((1, len(scales)), dtype=np.float32)
    for row in range(len(weights)):
        total = begun[row] + _dot(weights[row, start:], steps[0]) - MIDDLE * totals[row]
        sums[0, row] = np.float32(total) * scales[row] + plus[0, row]
    return sums


finish_products = _finish_in_tiles if HAS_VNNI else _finish_in_rows
"""What `begin_products` began of one token (N,), with the states' part of h (1, H): the sums (1, N), plus (1, N)."""


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
def exact_products(panels: Array, bias: Array, x: Array) -> Array:
    """Weights in panels as `tiles.multiply` takes them, bias (N,), x (B, K) → x Wᵀ + b (B, N) in float32; each row has
    the sums that it has alone."""
    products = np.empty((1, len(x), len(bias)), dtype=np.float32)
    for row in products[0]:
        put(bias, row)
    multiply_exactly(panels, x.reshape(1, len(x), x.shape[1]), products)
    of_all: Array = products[0]
    return of_all


@compiled
def _dot(w: npt.NDArray[np.int8], x: npt.NDArray[np.int16]) -> np.int32:
    total = np.int32(0)
    for place in range(len(w)):
        total = multiply_add(total, w[place], x[place])
    return total
