"""What cells do with their gates' sums, in one pass over them each. The same as `engine.gates`, which explains them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types

from engine.compiled.jit import compiled, in_llvm, inlined

Array = npt.NDArray[np.float32]

_ONE, _TWO = np.float32(1.0), np.float32(2.0)
_LOWEST, _HIGHEST = np.float32(-87.0), np.float32(87.0)  # e to more than this is no float32 number
_PER_OCTAVE = np.float32(1.4426950408889634)  # 1 / ln 2
# ln 2 in two parts, the first with few digits, so that its multiples are exact (Cody & Waite 1980).
_LN2_MOST, _LN2_REST = np.float32(0.693359375), np.float32(-2.12194440e-4)


@in_llvm
def _nearest(_: Any, x: Any) -> Any:
    """x as a whole number, still a float32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.rint", [ir.FloatType()]), arguments)

    return types.float32(types.float32), generate


@in_llvm
def _power_of_two(_: Any, n: Any) -> Any:
    """2 to the n for a whole n from -126 to 127: its bits are those of n + 127 as an exponent."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(32)
        exponent = builder.add(builder.fptosi(arguments[0], whole), ir.Constant(whole, 127))
        return builder.bitcast(builder.shl(exponent, ir.Constant(whole, 23)), ir.FloatType())

    return types.float32(types.float32), generate


@inlined
def _exp(x: np.float32) -> np.float32:
    """e to the x, to a relative 2e-7: the series of the rest after whole powers of two."""
    x = min(max(x, _LOWEST), _HIGHEST)
    n = _nearest(x * _PER_OCTAVE)
    r = x - n * _LN2_MOST - n * _LN2_REST
    series = np.float32(1.0 / 5040.0)
    series = series * r + np.float32(1.0 / 720.0)
    series = series * r + np.float32(1.0 / 120.0)
    series = series * r + np.float32(1.0 / 24.0)
    series = series * r + np.float32(1.0 / 6.0)
    series = series * r + np.float32(0.5)
    power: np.float32 = (series * r * r + r + _ONE) * _power_of_two(n)
    return power


@inlined
def _sigmoid(x: np.float32) -> np.float32:
    return _ONE / (_ONE + _exp(-x))


@inlined
def _tanh(x: np.float32) -> np.float32:
    return _TWO / (_ONE + _exp(-_TWO * x)) - _ONE


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
            kept = _sigmoid(f[unit]) * before[unit] + _sigmoid(i[unit]) * _tanh(g[unit])
            after[unit] = kept
            out[unit] = _sigmoid(o[unit]) * _tanh(kept)
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
            kept = _sigmoid(f[unit] + of_f[unit] * old) * old + _sigmoid(i[unit] + of_i[unit] * old) * _tanh(g[unit])
            after[unit] = kept
            out[unit] = _sigmoid(o[unit] + of_o[unit] * kept) * _tanh(kept)
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
            n = _tanh(x_n[unit] + _sigmoid(x_r[unit] + u_r[unit]) * u_n[unit])
            out[unit] = n + _sigmoid(x_z[unit] + u_z[unit]) * (before[unit] - n)
    return h


@compiled
def tanh(sums: Array) -> Array:
    """sums (B, H) → h (B, H)."""
    h = np.empty_like(sums)
    for stream in range(len(sums)):
        of, out = sums[stream], h[stream]
        for unit in range(sums.shape[1]):
            out[unit] = _tanh(of[unit])
    return h
