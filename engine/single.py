"""One step of one layer for a single stream on a CPU, in numpy: the equations are those of `engine.cells`.

At one row a step is a product of a matrix and a vector and a few operations on short vectors. numpy's BLAS reads the
matrix at nearly the speed of the memory, where torch's reaches half of it, and its operations on vectors begin within
a tenth of the time. Results are new arrays: steps may be taken from several threads.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from torch import Tensor

from engine.layout import Layout
from engine.settings import ModelConfig

Array = npt.NDArray[np.float32]
Kept = tuple[Array, ...]  # one layer's state: h, or h and c, each (H,)
# What a layer reads, the id of a token or a vector (I,), and its state → its state after.
SingleStep = Callable[[int | Array, Kept], Kept]
HALF = np.float32(0.5)


def make_single_step(config: ModelConfig, layout: Layout) -> SingleStep:
    """One layer's step. Shares the layout's weights, which must be on a CPU."""
    match config.cell:
        case "gru":
            return SingleGRU(layout)
        case "lstm":
            return SingleLSTM(layout)
        case "lstm-peephole":
            return SinglePeephole(layout)
        case "rnn-tanh":
            return SingleRNN(np.tanh, layout)
        case "rnn-relu":
            return SingleRNN(_rectified, layout)


class _Sums:
    """W x + U h + b of all gates (G·H,)."""

    def __init__(self, layout: Layout) -> None:
        self._weight, self._bias = _array(layout.weight), _array(layout.bias)
        self._table = None if layout.table is None else _array(layout.table)
        self._embedded = None if layout.embedded is None else _array(layout.embedded)

    def __call__(self, x: int | Array, h: Array) -> Array:
        if self._table is not None:
            sums: Array = np.dot(self._weight, h)
            sums += self._table[x]
            return sums
        vector = x if self._embedded is None else self._embedded[x]
        sums = np.dot(self._weight, np.concatenate((vector, h)))
        sums += self._bias
        return sums


class SingleLSTM:
    """c' = f c + i g, h' = o tanh c', see `engine.cells.lstm`."""

    def __init__(self, layout: Layout) -> None:
        self._sums, self._hidden = _Sums(layout), layout.hidden

    def __call__(self, x: int | Array, state: Kept) -> Kept:
        h, c = state
        H = self._hidden
        sums = self._sums(x, h)
        i_f, g, o = _sigmoid_(sums[: 2 * H]), sums[2 * H : 3 * H], _sigmoid_(sums[3 * H :])
        c = i_f[H:] * c
        c += np.multiply(np.tanh(g, out=g), i_f[:H], out=g)
        return np.multiply(np.tanh(c), o), c


class SinglePeephole:
    """The same with gates that look at the cell, see `engine.cells.peephole`."""

    def __init__(self, layout: Layout) -> None:
        assert layout.peepholes is not None
        self._sums, self._hidden = _Sums(layout), layout.hidden
        self._peepholes = [_array(gate) for gate in layout.peepholes]

    def __call__(self, x: int | Array, state: Kept) -> Kept:
        h, c = state
        H = self._hidden
        sums = self._sums(x, h)
        i, f, g, o = sums[:H], sums[H : 2 * H], sums[2 * H : 3 * H], sums[3 * H :]
        of_i, of_f, of_o = self._peepholes
        i += _look(c, of_i)
        f += _look(c, of_f)
        i_f = _sigmoid_(sums[: 2 * H])
        c = i_f[H:] * c
        c += np.multiply(np.tanh(g, out=g), i_f[:H], out=g)
        o += _look(c, of_o)
        return np.multiply(np.tanh(c), _sigmoid_(o)), c


class SingleGRU:
    """h' = (1 - z) n + z h, see `engine.cells.gru`."""

    def __init__(self, layout: Layout) -> None:
        self._hidden = layout.hidden
        self._weight, self._bias = _array(layout.weight), _array(layout.bias)
        self._table = None if layout.table is None else _array(layout.table)
        self._embedded = None if layout.embedded is None else _array(layout.embedded)
        if layout.inputs is not None and layout.input_bias is not None:
            self._inputs, self._input_bias = _array(layout.inputs), _array(layout.input_bias)

    def __call__(self, x: int | Array, state: Kept) -> Kept:
        (h,) = state
        H = self._hidden
        inputs = self._from_inputs(x)
        recurrent: Array = np.dot(self._weight, h)
        recurrent += self._bias
        r_z, n = recurrent[: 2 * H], recurrent[2 * H :]
        r_z += inputs[: 2 * H]
        _sigmoid_(r_z)
        n *= r_z[:H]
        n += inputs[2 * H :]
        np.tanh(n, out=n)
        after = h - n
        after *= r_z[H:]
        after += n
        return (after,)

    def _from_inputs(self, x: int | Array) -> Array:
        if self._table is not None:
            row: Array = self._table[x]
            return row
        vector = x if self._embedded is None else self._embedded[x]
        inputs: Array = np.dot(self._inputs, vector)
        inputs += self._input_bias
        return inputs


class SingleRNN:
    """h' = f(W x + U h + b), see `engine.cells.rnn`."""

    def __init__(self, activation: Callable[..., Array], layout: Layout) -> None:
        self._sums, self._activation = _Sums(layout), activation

    def __call__(self, x: int | Array, state: Kept) -> Kept:
        sums = self._sums(x, state[0])
        return (self._activation(sums, out=sums),)


def _rectified(x: Array, out: Array) -> Array:
    return np.maximum(x, np.float32(0.0), out=out)


def _sigmoid_(x: Array) -> Array:
    """In place, by way of the tangent: sigma(x) = (1 + tanh(x / 2)) / 2."""
    x *= HALF
    np.tanh(x, out=x)
    x *= HALF
    x += HALF
    return x


def _look(c: Array, peephole: Array) -> Array:
    """What one gate sees of the cell c (H,) through a vector (H,) or a matrix (H, H)."""
    seen: Array = c * peephole if peephole.ndim == 1 else np.dot(peephole, c)
    return seen


def _array(weight: Tensor) -> Array:
    """The same numbers, not a copy, where they lie one behind the other."""
    array: Array = weight.contiguous().numpy()
    return array
