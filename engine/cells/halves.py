"""What layers in bfloat16 on a processor's matrix unit have in common: whether there are any; weights' gradients."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.aligned import empty
from engine.cells.compiled_steps import array, usable_for
from engine.compiled import usable_for_training
from engine.precision import in_bf16
from engine.side_by_side import threads_here
from engine.teamwork import together

Halves = npt.NDArray[np.uint16]
Pairs = npt.NDArray[np.uint32]
Columns = tuple[int, int]
AT_ONCE = 2048  # tokens whose gradients are laid out at once, for weights: they stay near, and little is held
ROWS = 32  # widths are multiples of this: see `engine.compiled.halves`


def has_halves(state: Tensor) -> bool:
    """Whether a layer should go on from a state (B, H) in bfloat16 on the matrix unit."""
    return in_bf16(state) and state.shape[1] % ROWS == 0 and usable_for(state) and has_unit()


@functools.cache
def has_unit() -> bool:
    """Whether kernels can multiply bfloat16 on one here: tried once."""
    if not usable_for_training():
        return False
    try:
        from engine.compiled.trial import multiplies_halves

        return multiplies_halves()
    except Exception:  # as in `engine.compiled.usable`
        return False


def bits(halves: Tensor) -> Halves:
    """Those of bfloat16 numbers, without a copy where they lie in order."""
    numbers: Halves = halves.contiguous().view(torch.uint16).numpy()
    return numbers


def halved(inputs: Tensor) -> Tensor:
    """Inputs (T, B, I) in bfloat16, filled up to a whole number of `ROWS`."""
    return F.pad(inputs.detach(), (0, -inputs.shape[-1] % ROWS)).bfloat16()


def room(rows: int, length: int) -> Pairs:
    """For weights of so many rows to be packed into."""
    return empty((-(-rows // ROWS), -(-length // ROWS) * ROWS // 2, ROWS), np.uint32)


def gradients_of(
    sums: Tensor, inputs: Tensor, states: Tensor, w_ih: Tensor, of_inputs: Columns, of_states: Columns
) -> tuple[Tensor, Tensor, Tensor]:
    """From the gradients of all sums (N, G) in bfloat16, inputs (N, I) and states (N, H): those of both weights and of
    inputs (N, I).

    `of_inputs` and `of_states` are the columns of `sums` to which each goes, a multiple of `ROWS`; W_ih (·, I) has its
    rows in their order.
    """
    from engine.compiled.halves import gradients

    (N, G), I, H = sums.shape, w_ih.shape[1], states.shape[1]  # noqa: E741
    wide = -(-I // ROWS) * ROWS
    to_w_ih, to_w_hh = w_ih.new_zeros(len(w_ih), wide), w_ih.new_zeros(of_states[1] - of_states[0], H)
    to_inputs = w_ih.new_zeros(N, wide)
    read: Any = (bits(sums), of_inputs, of_states, *map(array, (inputs, states, w_ih)))
    some = -(-N // -(-N // AT_ONCE))  # as many in each part, roughly
    turned = empty((G, -(-some // ROWS) * ROWS), np.uint16)
    rooms: Any = (room(I, len(w_ih)), turned, room(I, some), room(H, some))
    found: Any = tuple(map(array, (to_w_ih, to_w_hh, to_inputs)))
    most = min(threads_here(), G // ROWS)
    together(most, lambda member, members, meeting: gradients(*[*read, *rooms, *found, meeting, member, members]))
    return to_w_ih[:, :I].contiguous(), to_w_hh, to_inputs[:, :I].contiguous()
