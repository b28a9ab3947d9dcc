"""What cells do with their gates' sums, in one pass over them each. The same as `engine.gates`, which explains them."""

import numpy as np
import numpy.typing as npt

from engine.compiled.functions import sigmoid, tanh_of
from engine.compiled.jit import compiled

Array = npt.NDArray[np.float32]


@compiled
def lstm(sums: Array, cell: Array) -> tuple[Array, Array]:
    """sums (B, 4H) of i, f, g, o and c (B, H) → h, c (B, H)."""
    streams, hidden = cell.shape
    h, c = np.empty_like(cell), np.empty_like(cell)
    for stream in range(streams):
        i, f = sums[stream, :hidden], sums[stream, hidden : 2 * hidden]
        g, o = sums[stream, 2 * hidden : 3 * hidden], sums[stream, 3 * hidden :]
        before, after, out = cell[stream], c[stream], h[stream]
        for unit in range(hidden):
            kept = sigmoid(f[unit]) * before[unit] + sigmoid(i[unit]) * tanh_of(g[unit])
            after[unit] = kept
            out[unit] = sigmoid(o[unit]) * tanh_of(kept)
    return h, c


@compiled
def peephole(sums: Array, cell: Array, looks: Array) -> tuple[Array, Array]:
    """The same with what i, f and o see of the cell: looks (3, H)."""
    streams, hidden = cell.shape
    h, c = np.empty_like(cell), np.empty_like(cell)
    of_i, of_f, of_o = looks[0], looks[1], looks[2]
    for stream in range(streams):
        i, f = sums[stream, :hidden], sums[stream, hidden : 2 * hidden]
        g, o = sums[stream, 2 * hidden : 3 * hidden], sums[stream, 3 * hidden :]
        before, after, out = cell[stream], c[stream], h[stream]
        for unit in range(hidden):
            old = before[unit]
            kept = sigmoid(f[unit] + of_f[unit] * old) * old + sigmoid(i[unit] + of_i[unit] * old) * tanh_of(g[unit])
            after[unit] = kept
            out[unit] = sigmoid(o[unit] + of_o[unit] * kept) * tanh_of(kept)
    return h, c


@compiled
def gru(inputs: Array, recurrent: Array, hidden_state: Array) -> Array:
    """Sums of r, z, n from the inputs and from the states (B, 3H), and h (B, H) → h (B, H)."""
    streams, hidden = hidden_state.shape
    h = np.empty_like(hidden_state)
    for stream in range(streams):
        x, u = inputs[stream if len(inputs) > 1 else 0], recurrent[stream]
        x_r, x_z, x_n = x[:hidden], x[hidden : 2 * hidden], x[2 * hidden :]
        u_r, u_z, u_n = u[:hidden], u[hidden : 2 * hidden], u[2 * hidden :]
        before, out = hidden_state[stream], h[stream]
        for unit in range(hidden):
            n = tanh_of(x_n[unit] + sigmoid(x_r[unit] + u_r[unit]) * u_n[unit])
            out[unit] = n + sigmoid(x_z[unit] + u_z[unit]) * (before[unit] - n)
    return h


@compiled
def tanh(sums: Array) -> Array:
    """sums (B, H) → h (B, H)."""
    h = np.empty_like(sums)
    for stream in range(len(sums)):
        of, out = sums[stream], h[stream]
        for unit in range(sums.shape[1]):
            out[unit] = tanh_of(of[unit])
    return h
