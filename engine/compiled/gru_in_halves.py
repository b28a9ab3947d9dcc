"""A GRU's time steps, forwards and backwards, on a processor's matrix unit: see `lstm_in_halves`, whose twin this is.

The equations are in `engine.cells.gru`; m stands for W_hn h + b_hn, which the reset gate multiplies.
"""

from engine.compiled.copying import put
from engine.compiled.functions import halved, sigmoid, tanh_of
from engine.compiled.gru_training import back
from engine.compiled.halves import ROWS, Array, Halves, Pairs, lay_down, multiply, pack_columns, pack_rows
from engine.compiled.jit import among_threads
from engine.compiled.lstm_in_halves import PART
from engine.compiled.lstm_training import Ids
from engine.compiled.matrix_tiles import release
from engine.compiled.meeting import meet
from engine.teamwork import Meeting


@among_threads
def forwards(
    ids: Ids,
    table: Array,
    inputs: Halves,
    w_ih: Array,
    w_rz: Array,
    w_n: Array,
    bias_n: Array,
    gates: Array,
    resets: Array,
    states: Array,
    halves: Halves,
    packed_ih: Pairs,
    packed_rz: Pairs,
    packed_n: Pairs,
    units: tuple[int, int],
    streams: tuple[int, int],
    members: int,
    meeting: Meeting,
) -> None:
    """Fills gates (T, B, 3H) of r, z, n, resets (T, B, H) with m, and states (T + 1, B, H) from 1 on, which `halves`
    has too.

    The sums of a step begin as the row of the table (V, 3H) that ids (T, B) say, and get the products of inputs
    (T, B, I). The table has both biases of r and z, and that of the inputs of n; `bias_n` (H,) is the other of n. The
    weights are packed into the room that is given for them.
    """
    T, _, width = gates.shape
    H = width // 3
    panels, first, last = H // ROWS, units[0] // ROWS, units[1] // ROWS
    start, stop = units
    mine = slice(streams[0], streams[1])
    if inputs.shape[2]:
        for gate in range(3):
            pack_rows(w_ih, packed_ih, gate * panels + first, gate * panels + last)
    for gate in range(2):
        pack_rows(w_rz, packed_rz, gate * panels + first, gate * panels + last)
    pack_rows(w_n, packed_n, first, last)
    for begin in range(0, T, PART):
        end = min(begin + PART, T)
        for gate in range(3):
            for t in range(begin, end):
                for s in range(streams[0], streams[1]):
                    row = table[ids[t, s], gate * H + start : gate * H + stop]
                    put(row, gates[t, s, gate * H + start : gate * H + stop])
                if inputs.shape[2]:
                    multiply(packed_ih, gate * panels + first, gate * panels + last, inputs[t, mine], gates[t, mine])
        for t in range(begin, end):
            for s in range(streams[0], streams[1]):
                put(bias_n[start:stop], resets[t, s, start:stop])
            for gate in range(2):
                multiply(packed_rz, gate * panels + first, gate * panels + last, halves[t, mine], gates[t, mine])
            multiply(packed_n, first, last, halves[t, mine], resets[t, mine])
            for s in range(streams[0], streams[1]):
                g, m, half = gates[t, s], resets[t, s, start:stop], halves[t + 1, s, start:stop]
                r, z, n = g[start:stop], g[H + start : H + stop], g[2 * H + start : 2 * H + stop]
                _step(r, z, n, m, states[t, s, start:stop], states[t + 1, s, start:stop], half)
            meet(meeting, members, t + 1)
    release()


@among_threads
def _step(r: Array, z: Array, n: Array, m: Array, before: Array, after: Array, half: Halves) -> None:
    for u in range(len(r)):
        r[u] = sigmoid(r[u])
        z[u] = sigmoid(z[u])
        n[u] = tanh_of(n[u] + r[u] * m[u])
        after[u] = n[u] + z[u] * (before[u] - n[u])
        half[u] = halved(after[u])


@among_threads
def backwards(
    ids: Ids,
    to_outputs: Array,
    w_hh: Array,
    gates: Array,
    resets: Array,
    states: Array,
    dh: Array,
    sums: Halves,
    packed: Pairs,
    exact: Array,
    to_table: Array,
    units: tuple[int, int],
    streams: tuple[int, int],
    members: int,
    meeting: Meeting,
) -> None:
    """The gradients of the sums (T, B, 4H) of n, r, z and m, so that those of inputs and those of states lie side by
    side each, and what they add up to for a table (V, 4H) in this order.

    Of the outputs' gradients (T, B, H) and the last state's, dh (B, H), which becomes the first's. `packed` is room for
    the weights (3H, H), and `exact` (4, H) for sums before they are rounded.
    """
    T, _, width = gates.shape
    H = width // 3
    first, last = units[0] // ROWS, units[1] // ROWS
    start, stop = units
    mine = slice(streams[0], streams[1])
    d_n, d_r, d_z, d_m = exact[0, start:stop], exact[1, start:stop], exact[2, start:stop], exact[3, start:stop]
    pack_columns(w_hh, packed, first, last)
    for t in range(T - 1, -1, -1):
        for s in range(streams[0], streams[1]):
            g, m, before = gates[t, s], resets[t, s, start:stop], states[t, s, start:stop]
            r, z, n = g[start:stop], g[H + start : H + stop], g[2 * H + start : 2 * H + stop]
            back(to_outputs[t, s, start:stop], r, z, n, m, before, dh[s, start:stop], d_r, d_z, d_n, d_m)
            for part in range(4):
                unit = part * H + start
                towards_row = to_table[ids[t, s], unit : unit + stop - start]
                lay_down(exact[part, start:stop], sums[t, s, unit : unit + stop - start], towards_row)
        meet(meeting, members, T - t)
        multiply(packed, first, last, sums[t, mine, H:], dh[mine])
    release()
