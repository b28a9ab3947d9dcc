"""Products of bfloat16 on a processor's matrix unit, summed in float32, and how their matrices are laid out.

A bfloat16 is held as the whole number (uint16) that its bits are. What `compiled.tiles` is for float32.
"""

import numpy as np
import numpy.typing as npt

from engine.compiled.functions import halved
from engine.compiled.jit import among_threads, compiled
from engine.compiled.matrix_tiles import STREAMS as AT_ONCE
from engine.compiled.matrix_tiles import configure, halves_of_16, halves_of_32, release
from engine.compiled.meeting import meet
from engine.compiled.squares import SIDE, pair_of_rows, square_of_columns, square_of_rows
from engine.teamwork import Meeting

Array = npt.NDArray[np.float32]
Halves = npt.NDArray[np.uint16]
Pairs = npt.NDArray[np.uint32]  # of two of them, the first in the lower half
ROWS = 32  # of a panel


@among_threads
def multiply(packed: Pairs, first: int, last: int, x: Halves, out: Array) -> None:
    """out (B, N) += x (B, K) Wᵀ for the panels first to last of W, packed (P, K / 2, ROWS): of as many columns."""
    for stream in range(0, len(x), AT_ONCE):
        count = min(AT_ONCE, len(x) - stream)
        configure(count)
        for panel in range(first, last):
            if count > AT_ONCE // 2:
                halves_of_32(packed, panel, 0, packed.shape[1], x, stream, out)
            else:
                halves_of_16(packed, panel, 0, packed.shape[1], x, stream, out)


@among_threads
def pack_rows(weights: Array, packed: Pairs, first: int, last: int) -> None:
    """Panels first to last of weights (N, K), for `multiply`: their rows are those of panels. The rest is 0."""
    rows, length = weights.shape
    for panel in range(first, last):
        for k in range(0, packed.shape[1], SIDE):
            for row in range(0, ROWS, SIDE):
                of_weights = panel * ROWS + row
                if of_weights + SIDE <= rows and 2 * (k + SIDE) <= length:
                    square_of_columns(weights, of_weights, 2 * k, packed[panel], k, row)
                    continue
                for r in range(SIDE):
                    for n in range(k, k + SIDE):
                        one = other = np.uint16(0)
                        if of_weights + r < rows and 2 * n < length:
                            one = halved(weights[of_weights + r, 2 * n])
                        if of_weights + r < rows and 2 * n + 1 < length:
                            other = halved(weights[of_weights + r, 2 * n + 1])
                        packed[panel, n, row + r] = np.uint32(one) | np.uint32(other) << np.uint32(16)


@among_threads
def pack_columns(numbers: Array, packed: Pairs, first: int, last: int) -> None:
    """The same of weights (K, N): their columns are the rows of panels."""
    length, rows = numbers.shape
    for panel in range(first, last):
        for k in range(packed.shape[1]):
            for row in range(0, ROWS, SIDE):
                column = panel * ROWS + row
                if column + SIDE <= rows and 2 * k + 1 < length:
                    pair_of_rows(numbers, 2 * k, column, packed[panel], k, row)
                    continue
                for r in range(SIDE):
                    one = other = np.uint16(0)
                    if column + r < rows and 2 * k < length:
                        one = halved(numbers[2 * k, column + r])
                    if column + r < rows and 2 * k + 1 < length:
                        other = halved(numbers[2 * k + 1, column + r])
                    packed[panel, k, row + r] = np.uint32(one) | np.uint32(other) << np.uint32(16)


@among_threads
def turn(halves: Halves, turned: Halves, first: int, last: int) -> None:
    """Columns first to last of halves (K, N), of a multiple of 16, as the rows of turned (N, ·), whose rest is 0."""
    length = len(halves)
    words = turned.view(np.uint32)
    squares = length // (2 * SIDE) * 2 * SIDE  # numbers along which there are whole ones
    for start in range(0, squares, 2 * SIDE):
        for column in range(first, last, SIDE):
            square_of_rows(halves, start, column, words, column, start // 2)
    for row in range(first, last):
        for k in range(squares, length):
            turned[row, k] = halves[k, row]
        turned[row, length:] = 0


@among_threads
def lay_down(row: Array, halves: Halves, total: Array) -> None:
    """A row of gradients as they are multiplied; and they are added to their total."""
    for n in range(len(row)):
        halves[n] = halved(row[n])
        total[n] += row[n]


@among_threads
def gradients(
    sums: Halves,
    of_inputs: tuple[int, int],
    of_states: tuple[int, int],
    inputs: Array,
    states: Array,
    w_ih: Array,
    packed: Pairs,
    turned: Halves,
    by_inputs: Pairs,
    by_states: Pairs,
    to_w_ih: Array,
    to_w_hh: Array,
    to_inputs: Array,
    meeting: Meeting,
    member: int,
    members: int,
) -> None:
    """From the gradients of all sums (N, G), with inputs (N, I) and states (N, H) that they were made of: those of both
    weights (·, I) and (·, H) and of inputs (N, I), which are 0 before.

    `of_inputs` and `of_states` are the columns of `sums` to which each goes. `packed` is room for the weights `w_ih`;
    `turned` (G, ·), `by_inputs` and `by_states` are for what is multiplied, as many of the N at once as they hold.
    """
    first, last = share(len(packed), member, members)
    pack_columns(w_ih, packed, first, last)
    length = turned.shape[1]
    for part in range((len(sums) + length - 1) // length):
        here = slice(part * length, (part + 1) * length)
        first, last = share(len(turned) // ROWS, member, members)
        turn(sums[here], turned, first * ROWS, last * ROWS)
        first, last = share(len(by_inputs), member, members)
        pack_columns(inputs[here], by_inputs, first, last)
        first, last = share(len(by_states), member, members)
        pack_columns(states[here], by_states, first, last)
        meet(meeting, members, 2 * part + 1)
        first, last = share(len(to_w_hh) // ROWS, member, members)
        rows = turned[of_states[0] + first * ROWS : of_states[0] + last * ROWS]
        multiply(by_states, 0, len(by_states), rows, to_w_hh[first * ROWS : last * ROWS])
        first, last = share(len(to_w_ih) // ROWS, member, members)
        rows = turned[of_inputs[0] + first * ROWS : of_inputs[0] + last * ROWS]
        multiply(by_inputs, 0, len(by_inputs), rows, to_w_ih[first * ROWS : last * ROWS])
        meet(meeting, members, 2 * part + 2)
    first, last = share((len(sums) + AT_ONCE - 1) // AT_ONCE, member, members)
    start, stop = first * AT_ONCE, min(last * AT_ONCE, len(sums))
    multiply(packed, 0, len(packed), sums[start:stop, of_inputs[0] : of_inputs[1]], to_inputs[start:stop])
    release()


@compiled
def share(count: int, member: int, members: int) -> tuple[int, int]:
    """A member's share of so many: from and to."""
    return count * member // members, count * (member + 1) // members
