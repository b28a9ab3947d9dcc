"""The GRU's time steps in bfloat16 on a processor's matrix unit; the equations are in `engine.cells.gru`."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.beginning import Beginning
from engine.cells.compiled_steps import array
from engine.cells.halves import bits, gradients_of, halved, room
from engine.cells.shares import number_of_shares, share_out
from engine.compiled.gru_in_halves import backwards, forwards


def gru_in_halves(begins: Beginning, h: Tensor, w_hh: Tensor, bias_n: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs (T, B, H) and the last state (B, H), all float32: products in bfloat16, all else in float32.

    The sums of inputs begin with both biases of r and z and that of the inputs of n; `bias_n` (H,) is the other of n.
    """
    outputs, last = _GRUInHalves.apply(*begins, h, w_hh, bias_n)  # type: ignore[no-untyped-call]
    return outputs, last


class _GRUInHalves(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, ids: Tensor, table: Tensor, inputs: Tensor, w_ih: Tensor, h: Tensor, w_hh: Tensor, bias_n: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Outputs and the last state. Gates, states and the reset gate's factor are kept."""
        (T, B, I), H = inputs.shape, w_hh.shape[1]  # noqa: E741
        read, halves = halved(inputs), torch.empty(T + 1, B, H, dtype=torch.bfloat16)
        gates, resets, states = h.new_empty(T, B, 3 * H), h.new_empty(T, B, H), h.new_empty(T + 1, B, H)
        halves[0], states[0] = h, h
        weights = map(array, (w_ih, w_hh[: 2 * H], w_hh[2 * H :], bias_n))
        given: Any = (ids.numpy(), array(table), bits(read), *weights)
        made: Any = (*map(array, (gates, resets, states)), bits(halves))
        rooms = [(room(3 * H, I), room(2 * H, H), room(H, H)) for _ in range(number_of_shares(B, H, 3))]
        share_out(B, H, 3, lambda number, share: forwards(*[*given, *made, *rooms[number], *share]))
        ctx.save_for_backward(ids, inputs, gates, resets, states, w_ih, w_hh)
        ctx.rows = len(table)
        return states[1:], states[T].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_outputs: Tensor, to_last: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of what `forward` was given, in its order."""
        ids, inputs, gates, resets, states, w_ih, w_hh = ctx.saved_tensors
        T, B, H = resets.shape
        dh = to_last.clone(memory_format=torch.contiguous_format)
        sums = torch.empty(T, B, 4 * H, dtype=torch.bfloat16)
        parts = number_of_shares(B, H, 3)
        to_table, exact = w_hh.new_zeros(parts, ctx.rows, 4 * H), w_hh.new_zeros(parts, 4, H)
        given: Any = (ids.numpy(), *map(array, (to_outputs, w_hh, gates, resets, states, dh)))
        own: Any = [(room(H, 3 * H), array(exact[n]), array(to_table[n])) for n in range(parts)]
        share_out(B, H, 3, lambda number, share: backwards(*[*given, bits(sums), *own[number], *share]))
        by_sums, by_inputs, by_states = (each.flatten(0, 1) for each in (sums, inputs, states[:T]))
        turned = w_ih.roll(H, 0)
        to_w_ih, to_w_hh, to_inputs = gradients_of(by_sums, by_inputs, by_states, turned, (0, len(w_ih)), (H, 4 * H))
        n, r, z, m = to_table.sum(0).chunk(4, 1)
        to_inputs, to_w_ih = to_inputs.view(T, B, -1), to_w_ih.roll(-H, 0)
        return None, torch.cat((r, z, n), 1), to_inputs, to_w_ih, dh, to_w_hh, m.sum(0)
