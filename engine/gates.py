"""What cells do with their gates' sums (B, G·H), in numpy: the equations are those of `engine.cells`.

Nothing is written into what is given but the sums. `gates` has the same from compiled kernels where these are usable.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine import compiled

Array = npt.NDArray[np.float32]
HALF = np.float32(0.5)


class Gates(NamedTuple):
    """One function for each kind of cell."""

    lstm: Callable[[Array, Array], tuple[Array, Array]]  # sums of i, f, g, o (B, 4H) and c (B, H) → h, c
    peephole: Callable[[Array, Array, Array], tuple[Array, Array]]  # … and what i, f and o see of c: (3, H)
    gru: Callable[[Array, Array, Array], Array]  # inputs' and states' sums of r, z, n (B, 3H) and h (B, H) → h
    tanh: Callable[[Array], Array]  # sums (B, H) → h


@functools.cache
def gates() -> Gates:
    """The quickest there are here."""
    if not compiled.usable():
        return Gates(lstm, peephole, gru, tanh)
    from engine.compiled import gates as quick

    return Gates(quick.lstm, quick.peephole, quick.gru, quick.tanh)


def lstm(sums: Array, cell: Array) -> tuple[Array, Array]:
    """c' = f c + i g, h' = o tanh c', see `engine.cells.lstm`."""
    H = cell.shape[1]
    i_f, g, o = _sigmoid_(sums[:, : 2 * H]), sums[:, 2 * H : 3 * H], _sigmoid_(sums[:, 3 * H :])
    c = i_f[:, H:] * cell
    c += np.multiply(np.tanh(g, out=g), i_f[:, :H], out=g)
    return np.multiply(np.tanh(c), o), c


def peephole(sums: Array, cell: Array, looks: Array) -> tuple[Array, Array]:
    """The same with gates that look at the cell through vectors (3, H) or matrices (3, H, H), see
    `engine.cells.peephole`."""
    H = cell.shape[1]
    i, f, g, o = sums[:, :H], sums[:, H : 2 * H], sums[:, 2 * H : 3 * H], sums[:, 3 * H :]
    of_i, of_f, of_o = looks
    i += _look(cell, of_i)
    f += _look(cell, of_f)
    i_f = _sigmoid_(sums[:, : 2 * H])
    c = i_f[:, H:] * cell
    c += np.multiply(np.tanh(g, out=g), i_f[:, :H], out=g)
    o += _look(c, of_o)
    return np.multiply(np.tanh(c), _sigmoid_(o)), c


def gru(inputs: Array, recurrent: Array, hidden: Array) -> Array:
    """h' = (1 - z) n + z h, see `engine.cells.gru`. The reset gate needs the recurrent part of n apart."""
    H = hidden.shape[1]
    r_z, n = recurrent[:, : 2 * H], recurrent[:, 2 * H :]
    r_z += inputs[:, : 2 * H]
    _sigmoid_(r_z)
    n *= r_z[:, :H]
    n += inputs[:, 2 * H :]
    np.tanh(n, out=n)
    after = hidden - n
    after *= r_z[:, H:]
    after += n
    return after


def tanh(sums: Array) -> Array:
    """h' = tanh(W x + U h + b), see `engine.cells.rnn`."""
    return np.tanh(sums, out=sums)


def rectified(sums: Array) -> Array:
    """The same with max(0, x)."""
    return np.maximum(sums, np.float32(0.0), out=sums)


def _sigmoid_(x: Array) -> Array:
    """In place, by way of the tangent: sigma(x) = (1 + tanh(x / 2)) / 2."""
    x *= HALF
    np.tanh(x, out=x)
    x *= HALF
    x += HALF
    return x


def _look(cell: Array, through: Array) -> Array:
    """What one gate sees of the cell (B, H) through a vector (H,) or a matrix (H, H)."""
    seen: Array = cell * through if through.ndim == 1 else cell @ through.T
    return seen
