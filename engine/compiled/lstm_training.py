"""An LSTM's time steps, forwards and backwards, with or without peepholes: all steps of some streams in one call.

The equations are in `engine.cells.peephole`. All arrays are float32 and hold all streams; a call works on its own.
"""

import numpy as np
import numpy.typing as npt

from engine.compiled.copying import put
from engine.compiled.functions import sigmoid, tanh_of
from engine.compiled.jit import for_training
from engine.compiled.tiles import PART, into_strips, multiply

Array = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
_ONE = np.float32(1.0)


@for_training
def forwards(
    ids: Ids,
    table: Array,
    inputs: Array,
    w_ih: Array,
    w_hh: Array,
    looks: Array,
    look_if: Array,
    look_o: Array,
    gates: Array,
    states: Array,
    cells: Array,
    first: int,
    last: int,
) -> None:
    """For streams first to last: fills gates (T, B, 4H) of i, f, g, o, and states and cells (T + 1, B, H) from 1 on.

    All sums of a step begin as the row of the table (V, 4H) that ids (T, B) say, and get the products of inputs
    (T, B, I) (`beginning.Beginning`). Weights are packed (`compiled_steps.packed`). `looks` (3, H) are diagonal
    peepholes; full ones are packed, `look_if` for 2H rows and `look_o` for H. What isn't there is zero or has no rows.
    """
    H = gates.shape[2] // 4
    mine = slice(first, last)
    for start in range(0, len(gates), PART):
        stop = min(start + PART, len(gates))
        for t in range(start, stop):
            for s in range(first, last):
                put(table[ids[t, s]], gates[t, s])
        multiply(w_ih, inputs[start:stop, mine], gates[start:stop, mine])
        for t in range(start, stop):
            multiply(w_hh, states[t : t + 1, mine], gates[t : t + 1, mine])
            multiply(look_if, cells[t : t + 1, mine], gates[t : t + 1, mine, : 2 * H])
            for s in range(first, last):
                i, f, g = gates[t, s, :H], gates[t, s, H : 2 * H], gates[t, s, 2 * H : 3 * H]
                _keep(i, f, g, cells[t, s], looks, cells[t + 1, s])
            multiply(look_o, cells[t + 1 : t + 2, mine], gates[t : t + 1, mine, 3 * H :])
            for s in range(first, last):
                _give(gates[t, s, 3 * H :], cells[t + 1, s], looks, states[t + 1, s])


@for_training
def _keep(i: Array, f: Array, g: Array, old: Array, looks: Array, new: Array) -> None:
    for u in range(len(old)):
        i[u] = sigmoid(i[u] + looks[0, u] * old[u])
        f[u] = sigmoid(f[u] + looks[1, u] * old[u])
        g[u] = tanh_of(g[u])
        new[u] = f[u] * old[u] + i[u] * g[u]


@for_training
def _give(o: Array, new: Array, looks: Array, h: Array) -> None:
    for u in range(len(o)):
        o[u] = sigmoid(o[u] + looks[2, u] * new[u])
        h[u] = o[u] * tanh_of(new[u])


@for_training
def backwards(
    ids: Ids,
    to_outputs: Array,
    w_ih: Array,
    w_hh: Array,
    looks: Array,
    look_if: Array,
    look_o: Array,
    gates: Array,
    cells: Array,
    dh: Array,
    dc: Array,
    to_inputs: Array,
    sums: Array,
    strips: Array,
    to_table: Array,
    to_looks: Array,
    first: int,
    last: int,
) -> None:
    """For streams first to last: the gradients of all sums, and from them more.

    Those into `sums` (T, B, 4H), or where `strips` (4H / COLUMNS, T B, COLUMNS) has all, (PART, B, 4H) of some.
    Of the outputs' gradients (T, B, H) and the last state's, dh and dc (1, B, H), which become the first's. Transposed
    weights are packed. Adds to the gradients of inputs (T, B, I), of the table (V, 4H) and, where there are rows for
    them, of diagonal peepholes (3, H).
    """
    H = gates.shape[2] // 4
    mine = slice(first, last)
    for stop in range(len(gates), 0, -PART):
        start = max(0, stop - PART)
        gone = start if len(sums) < len(gates) else 0  # steps that `sums` don't have
        for t in range(stop - 1, start - 1, -1):
            part = sums[t - gone : t - gone + 1, mine]
            for s in range(first, last):
                g, d = gates[t, s], sums[t - gone, s]
                took(to_outputs[t, s], g[3 * H :], cells[t + 1, s], looks[2], dh[0, s], dc[0, s], d[3 * H :])
            multiply(look_o, part[:, :, 3 * H :], dc[:, mine])
            for s in range(first, last):
                g, d = gates[t, s], sums[t - gone, s]
                i, f, n = g[:H], g[H : 2 * H], g[2 * H : 3 * H]
                before = cells[t, s]
                kept(i, f, n, before, looks[0], looks[1], dc[0, s], d[:H], d[H : 2 * H], d[2 * H : 3 * H])
                dh[0, s] = np.float32(0.0)
                add(d, to_table[ids[t, s]])
                if len(to_looks):
                    add_products(d[:H], cells[t, s], to_looks[0])
                    add_products(d[H : 2 * H], cells[t, s], to_looks[1])
                    add_products(d[3 * H :], cells[t + 1, s], to_looks[2])
            multiply(look_if, part[:, :, : 2 * H], dc[:, mine])
            multiply(w_hh, part, dh[:, mine])
            into_strips(part[0], strips, t * gates.shape[1] + first)
        multiply(w_ih, sums[start - gone : stop - gone, mine], to_inputs[start:stop, mine])


@for_training
def took(to: Array, o: Array, new: Array, look: Array, dh: Array, dc: Array, d_o: Array) -> None:
    """Back through h = o tanh(c)."""
    for u in range(len(o)):
        towards = dh[u] + to[u]
        squashed = tanh_of(new[u])
        d = towards * squashed * o[u] * (_ONE - o[u])
        d_o[u] = d
        dc[u] += towards * o[u] * (_ONE - squashed * squashed) + d * look[u]


@for_training
def kept(
    i: Array,
    f: Array,
    g: Array,
    old: Array,
    look_i: Array,
    look_f: Array,
    dc: Array,
    d_i: Array,
    d_f: Array,
    d_g: Array,
) -> None:
    """Back through c = f c + i g."""
    for u in range(len(i)):
        towards = dc[u]
        by_i = towards * g[u] * i[u] * (_ONE - i[u])
        by_f = towards * old[u] * f[u] * (_ONE - f[u])
        d_i[u] = by_i
        d_f[u] = by_f
        d_g[u] = towards * i[u] * (_ONE - g[u] * g[u])
        dc[u] = towards * f[u] + by_i * look_i[u] + by_f * look_f[u]


@for_training
def add(row: Array, total: Array) -> None:
    """In place."""
    for u in range(len(row)):
        total[u] += row[u]


@for_training
def add_products(row: Array, by: Array, total: Array) -> None:
    """In place."""
    for u in range(len(row)):
        total[u] += row[u] * by[u]
