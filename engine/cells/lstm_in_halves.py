"""The LSTM's time steps in bfloat16 on a processor's matrix unit; the equations are in `engine.cells.peephole`."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.beginning import Beginning
from engine.cells.compiled_steps import array
from engine.cells.halves import bits, gradients_of, halved, room
from engine.cells.shares import number_of_shares, share_out
from engine.compiled.lstm_in_halves import backwards, forwards


def lstm_in_halves(
    begins: Beginning, h: Tensor, c: Tensor, w_hh: Tensor, looks: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs (T, B, H) and the last h and c (B, H), of the h and c before, all float32.

    The sums of inputs begin with the biases; `looks` (3, H) are peepholes that are vectors.
    """
    outputs, last_h, last_c = _LSTMInHalves.apply(*begins, h, c, w_hh, looks)  # type: ignore[no-untyped-call]
    return outputs, last_h, last_c


class _LSTMInHalves(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        ids: Tensor,
        table: Tensor,
        inputs: Tensor,
        w_ih: Tensor,
        h: Tensor,
        c: Tensor,
        w_hh: Tensor,
        looks: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs and the last h and c. Gates, states and cells are kept."""
        (T, B, I), H = inputs.shape, w_hh.shape[1]  # noqa: E741
        read, halves = halved(inputs), torch.empty(T + 1, B, H, dtype=torch.bfloat16)
        gates, states, cells = h.new_empty(T, B, 4 * H), h.new_empty(T + 1, B, H), h.new_empty(T + 1, B, H)
        halves[0], states[0], cells[0] = h, h, c
        given: Any = (ids.numpy(), array(table), bits(read), *map(array, (w_ih, w_hh, looks)))
        made: Any = (array(gates), array(cells), bits(halves), array(states[1:]))
        rooms = [(room(4 * H, I), room(4 * H, H)) for _ in range(number_of_shares(B, H, 4))]
        share_out(B, H, 4, lambda number, share: forwards(*[*given, *made, *rooms[number], *share]))
        ctx.save_for_backward(ids, inputs, gates, states, cells, w_ih, w_hh, looks)
        ctx.rows = len(table)
        return states[1:], states[T].clone(), cells[T].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_outputs: Tensor, to_h: Tensor, to_c: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of what `forward` was given, in its order."""
        ids, inputs, gates, states, cells, w_ih, w_hh, looks = ctx.saved_tensors
        T, B, G = gates.shape
        H = G // 4
        dh, dc = (each.clone(memory_format=torch.contiguous_format) for each in (to_h, to_c))
        sums = torch.empty(T, B, G, dtype=torch.bfloat16)
        parts = number_of_shares(B, H, 4)
        to_looks, exact = (w_hh.new_zeros(parts, rows, H) for rows in (3, 4))
        to_table = w_hh.new_zeros(parts, ctx.rows, G)
        looked = ctx.needs_input_grad[7]
        given: Any = (ids.numpy(), *map(array, (to_outputs, w_hh, looks)), looked, array(gates), array(cells))
        made: Any = (array(dh), array(dc), bits(sums))
        own: Any = [(room(H, G), *(array(each[n]) for each in (exact, to_table, to_looks))) for n in range(parts)]
        share_out(B, H, 4, lambda number, share: backwards(*[*given, *made, *own[number], *share]))
        by_sums, by_inputs, by_states = (each.flatten(0, 1) for each in (sums, inputs, states[:T]))
        to_w_ih, to_w_hh, to_inputs = gradients_of(by_sums, by_inputs, by_states, w_ih, (0, G), (0, G))
        to_inputs = to_inputs.view(T, B, -1)
        return None, to_table.sum(0), to_inputs, to_w_ih, dh, dc, to_w_hh, to_looks.sum(0) if looked else None
