"""An LSTM's time steps, forwards and backwards, on a processor's matrix unit: products of bfloat16, all else float32.

The equations are those of `engine.cells.peephole`, with peepholes that are vectors or zero. A call goes through all
time steps, for some units of some streams (`cells.shares`). Where other threads have other units of the same streams,
all meet after each step, as the next one needs what all of them made. So their number changes no bit of a state.

A bfloat16 is held as uint16; widths are multiples of `halves.ROWS`, and weights are packed as `halves` has them.
"""

import numpy as np

from engine.compiled.copying import put
from engine.compiled.functions import halved, sigmoid, tanh_of
from engine.compiled.halves import ROWS, Array, Halves, Pairs, lay_down, multiply, pack_columns, pack_rows
from engine.compiled.jit import among_threads
from engine.compiled.lstm_training import Ids, add_products, kept, took
from engine.compiled.matrix_tiles import release
from engine.compiled.meeting import meet
from engine.teamwork import Meeting

PART = 8  # steps whose inputs are multiplied together, so that the weights for them are read once


@among_threads
def forwards(
    ids: Ids,
    table: Array,
    inputs: Halves,
    w_ih: Array,
    w_hh: Array,
    looks: Array,
    gates: Array,
    cells: Array,
    states: Halves,
    outputs: Array,
    packed_ih: Pairs,
    packed_hh: Pairs,
    units: tuple[int, int],
    streams: tuple[int, int],
    members: int,
    meeting: Meeting,
) -> None:
    """Fills gates (T, B, 4H) of i, f, g, o, cells and states (T + 1, B, H) from 1 on, and outputs (T, B, H).

    The sums of a step begin as the row of the table (V, 4H) that ids (T, B) say, and get the products of inputs
    (T, B, I). Looks are (3, H). The weights are packed into the room that is given for them.
    """
    T, _, width = gates.shape
    H = width // 4
    panels, first, last = H // ROWS, units[0] // ROWS, units[1] // ROWS
    start, stop = units
    mine = slice(streams[0], streams[1])
    look_i, look_f, look_o = looks[0, start:stop], looks[1, start:stop], looks[2, start:stop]
    for gate in range(4):
        if inputs.shape[2]:
            pack_rows(w_ih, packed_ih, gate * panels + first, gate * panels + last)
        pack_rows(w_hh, packed_hh, gate * panels + first, gate * panels + last)
    for begin in range(0, T, PART):
        end = min(begin + PART, T)
        for gate in range(4):
            for t in range(begin, end):
                for s in range(streams[0], streams[1]):
                    row = table[ids[t, s], gate * H + start : gate * H + stop]
                    put(row, gates[t, s, gate * H + start : gate * H + stop])
                if inputs.shape[2]:
                    multiply(packed_ih, gate * panels + first, gate * panels + last, inputs[t, mine], gates[t, mine])
        for t in range(begin, end):
            for gate in range(4):
                multiply(packed_hh, gate * panels + first, gate * panels + last, states[t, mine], gates[t, mine])
            for s in range(streams[0], streams[1]):
                g, old, new = gates[t, s], cells[t, s, start:stop], cells[t + 1, s, start:stop]
                i, f = g[start:stop], g[H + start : H + stop]
                n, o = g[2 * H + start : 2 * H + stop], g[3 * H + start : 3 * H + stop]
                h, state = outputs[t, s, start:stop], states[t + 1, s, start:stop]
                _step(i, f, n, o, old, look_i, look_f, look_o, new, h, state)
            meet(meeting, members, t + 1)
    release()


@among_threads
def _step(
    i: Array,
    f: Array,
    g: Array,
    o: Array,
    old: Array,
    look_i: Array,
    look_f: Array,
    look_o: Array,
    new: Array,
    h: Array,
    state: Halves,
) -> None:
    for u in range(len(old)):
        i[u] = sigmoid(i[u] + look_i[u] * old[u])
        f[u] = sigmoid(f[u] + look_f[u] * old[u])
        g[u] = tanh_of(g[u])
        new[u] = f[u] * old[u] + i[u] * g[u]
        o[u] = sigmoid(o[u] + look_o[u] * new[u])
        h[u] = o[u] * tanh_of(new[u])
        state[u] = halved(h[u])


@among_threads
def backwards(
    ids: Ids,
    to_outputs: Array,
    w_hh: Array,
    looks: Array,
    looked: bool,
    gates: Array,
    cells: Array,
    dh: Array,
    dc: Array,
    sums: Halves,
    packed: Pairs,
    exact: Array,
    to_table: Array,
    to_looks: Array,
    units: tuple[int, int],
    streams: tuple[int, int],
    members: int,
    meeting: Meeting,
) -> None:
    """The gradients of all sums (T, B, 4H), and what they add up to for the table (V, 4H) and, where these were
    `looked` through, peepholes (3, H).

    Of the outputs' gradients (T, B, H) and the last state's, dh and dc (B, H), which become the first's. `packed` is
    room for the weights, and `exact` (4, H) for sums before they are rounded.
    """
    T, _, width = gates.shape
    H = width // 4
    first, last = units[0] // ROWS, units[1] // ROWS
    start, stop = units
    mine = slice(streams[0], streams[1])
    look_i, look_f, look_o = looks[0, start:stop], looks[1, start:stop], looks[2, start:stop]
    d_i, d_f, d_n, d_o = exact[0, start:stop], exact[1, start:stop], exact[2, start:stop], exact[3, start:stop]
    pack_columns(w_hh, packed, first, last)
    for t in range(T - 1, -1, -1):
        for s in range(streams[0], streams[1]):
            g = gates[t, s]
            i, f = g[start:stop], g[H + start : H + stop]
            n, o = g[2 * H + start : 2 * H + stop], g[3 * H + start : 3 * H + stop]
            old, new = cells[t, s, start:stop], cells[t + 1, s, start:stop]
            towards, through = dh[s, start:stop], dc[s, start:stop]
            took(to_outputs[t, s, start:stop], o, new, look_o, towards, through, d_o)
            kept(i, f, n, old, look_i, look_f, through, d_i, d_f, d_n)
            for gate in range(4):
                unit = gate * H + start
                towards_row = to_table[ids[t, s], unit : unit + stop - start]
                lay_down(exact[gate, start:stop], sums[t, s, unit : unit + stop - start], towards_row)
            if looked:
                add_products(d_i, old, to_looks[0, start:stop])
                add_products(d_f, old, to_looks[1, start:stop])
                add_products(d_o, new, to_looks[2, start:stop])
            towards[:] = np.float32(0.0)
        meet(meeting, members, T - t)
        multiply(packed, first, last, sums[t, mine], dh[mine])
    release()
