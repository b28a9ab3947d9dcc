"""A GRU's time steps, forwards and backwards: all steps of some streams in one call.

The equations are in `engine.cells.gru`. All arrays are float32 and hold all streams; weights are packed
(`compiled_steps.packed`), transposed to go backwards.
"""

import numpy as np
import numpy.typing as npt

from engine.compiled.copying import put
from engine.compiled.functions import sigmoid, tanh_of
from engine.compiled.jit import for_training
from engine.compiled.lstm_training import Ids, add
from engine.compiled.tiles import PART, into_strips, multiply

Array = npt.NDArray[np.float32]
_ONE = np.float32(1.0)


@for_training
def forwards(
    ids: Ids,
    table: Array,
    inputs: Array,
    w_ih: Array,
    w_hh: Array,
    bias_n: Array,
    gates: Array,
    states: Array,
    reset: Array,
    first: int,
    last: int,
) -> None:
    """For streams first to last: fills gates (T, B, 3H) of r, z, n, and states (T + 1, B, H) from 1 on.

    And `reset` (T, B, H): W_hn h + b_hn, which the reset gate multiplies. The sums of a step begin as the row of the
    table (V, 3H) that ids (T, B) say, and get the products of inputs (T, B, I) (`beginning.Beginning`). The table
    has both biases of r and z, and that of the inputs of n; `bias_n` (H,) is the other of n.
    """
    H = len(bias_n)
    mine = slice(first, last)
    sums = np.empty((1, gates.shape[1], 3 * H), dtype=np.float32)
    for start in range(0, len(gates), PART):
        stop = min(start + PART, len(gates))
        for t in range(start, stop):
            for s in range(first, last):
                put(table[ids[t, s]], gates[t, s])
        multiply(w_ih, inputs[start:stop, mine], gates[start:stop, mine])
        for t in range(start, stop):
            for s in range(first, last):
                put(gates[t, s, : 2 * H], sums[0, s])
                put(bias_n, sums[0, s, 2 * H :])
            multiply(w_hh, states[t : t + 1, mine], sums[:, mine])
            for s in range(first, last):
                r, z, n = gates[t, s, :H], gates[t, s, H : 2 * H], gates[t, s, 2 * H :]
                by_r, by_z, by_n = sums[0, s, :H], sums[0, s, H : 2 * H], sums[0, s, 2 * H :]
                _step(by_r, by_z, by_n, r, z, n, reset[t, s], states[t, s], states[t + 1, s])


@for_training
def _step(
    by_r: Array,
    by_z: Array,
    by_n: Array,
    r: Array,
    z: Array,
    n: Array,
    m: Array,
    before: Array,
    after: Array,
) -> None:
    for u in range(len(r)):
        m[u] = by_n[u]
        r[u] = sigmoid(by_r[u])
        n[u] = tanh_of(n[u] + r[u] * m[u])
        z[u] = sigmoid(by_z[u])
        after[u] = n[u] + z[u] * (before[u] - n[u])


@for_training
def backwards(
    ids: Ids,
    to_outputs: Array,
    w_ih: Array,
    w_rz: Array,
    w_n: Array,
    gates: Array,
    states: Array,
    reset: Array,
    dh: Array,
    to_inputs: Array,
    sums: Array,
    strips: Array,
    to_table: Array,
    to_bias_n: Array,
    first: int,
    last: int,
) -> None:
    """For streams first to last: gradients of the sums of r, z, n and the recurrent part of n, and more.

    Those into `sums` (T, B, 4H), or where `strips` (4H / COLUMNS, T B, COLUMNS) has all, (PART, B, 4H) of some.
    Of the outputs' gradients (T, B, H) and the last state's, dh (1, B, H), which becomes the first's. Adds to the
    gradients of inputs (T, B, I), of the table (V, 3H) and of `bias_n` (H,). `w_rz` and `w_n` are 2H and H rows of
    W_hh.
    """
    H = gates.shape[2] // 3
    mine = slice(first, last)
    for stop in range(len(gates), 0, -PART):
        start = max(0, stop - PART)
        gone = start if len(sums) < len(gates) else 0  # steps that `sums` don't have
        for t in range(stop - 1, start - 1, -1):
            for s in range(first, last):
                g, d = gates[t, s], sums[t - gone, s]
                r, z, n = g[:H], g[H : 2 * H], g[2 * H :]
                d_r, d_z, d_n, d_m = d[:H], d[H : 2 * H], d[2 * H : 3 * H], d[3 * H :]
                back(to_outputs[t, s], r, z, n, reset[t, s], states[t, s], dh[0, s], d_r, d_z, d_n, d_m)
                add(d[: 3 * H], to_table[ids[t, s]])
                add(d_m, to_bias_n)
            part = sums[t - gone : t - gone + 1, mine]
            multiply(w_rz, part[:, :, : 2 * H], dh[:, mine])
            multiply(w_n, part[:, :, 3 * H :], dh[:, mine])
            into_strips(part[0], strips, t * gates.shape[1] + first)
        multiply(w_ih, sums[start - gone : stop - gone, mine, : 3 * H], to_inputs[start:stop, mine])


@for_training
def back(
    to: Array,
    r: Array,
    z: Array,
    n: Array,
    m: Array,
    before: Array,
    dh: Array,
    d_r: Array,
    d_z: Array,
    d_n: Array,
    d_m: Array,
) -> None:
    """Back through h = n + z (h - n); dh becomes what goes straight back, z dh."""
    for u in range(len(to)):
        towards = dh[u] + to[u]
        by_n = towards * (_ONE - z[u]) * (_ONE - n[u] * n[u])
        d_r[u] = by_n * m[u] * r[u] * (_ONE - r[u])
        d_z[u] = towards * (before[u] - n[u]) * z[u] * (_ONE - z[u])
        d_n[u] = by_n
        d_m[u] = by_n * r[u]
        dh[u] = towards * z[u]
