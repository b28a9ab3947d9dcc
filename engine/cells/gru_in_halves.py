"""The GRU's time steps in bfloat16 on a processor's matrix unit; the equations are in `engine.cells.gru`."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.compiled_steps import array
from engine.cells.halves import bits, gradients_of, halved, room
from engine.cells.shares import number_of_shares, share_out
from engine.compiled.gru_in_halves import backwards, forwards


class GRUInHalves(torch.autograd.Function):
    """As `engine.cells.gru_kernel.gru`, of float32 tensors: products in bfloat16, all else in float32."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Outputs (T, B, H) and the last state (B, H). Gates, states and the reset gate's factor are kept."""
        (T, B, I), H = inputs.shape, w_hh.shape[1]  # noqa: E741
        read, halves = halved(inputs), torch.empty(T + 1, B, H, dtype=torch.bfloat16)
        gates, resets, states = h.new_empty(T, B, 3 * H), h.new_empty(T, B, H), h.new_empty(T + 1, B, H)
        halves[0], states[0] = h, h
        bias = b_ih.clone()
        bias[: 2 * H] += b_hh[: 2 * H]
        given: Any = (bits(read), *map(array, (w_ih, w_hh[: 2 * H], w_hh[2 * H :], bias, b_hh[2 * H :])))
        made: Any = (*map(array, (gates, resets, states)), bits(halves))
        rooms = [(room(3 * H, I), room(2 * H, H), room(H, H)) for _ in range(number_of_shares(B, H, 3))]
        share_out(B, H, 3, lambda number, share: forwards(*[*given, *made, *rooms[number], *share]))
        ctx.save_for_backward(inputs, gates, resets, states, w_ih, w_hh)
        return states[1:], states[T].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_outputs: Tensor, to_last: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of what `forward` was given, in its order."""
        inputs, gates, resets, states, w_ih, w_hh = ctx.saved_tensors
        T, B, H = resets.shape
        dh = to_last.clone(memory_format=torch.contiguous_format)
        sums = torch.empty(T, B, 4 * H, dtype=torch.bfloat16)
        parts = number_of_shares(B, H, 3)
        to_bias, exact = w_hh.new_zeros(parts, 4, H), w_hh.new_zeros(parts, 4, H)
        given: Any = tuple(map(array, (to_outputs, w_hh, gates, resets, states, dh)))
        own: Any = [(room(H, 3 * H), array(exact[n]), array(to_bias[n])) for n in range(parts)]
        share_out(B, H, 3, lambda number, share: backwards(*[*given, bits(sums), *own[number], *share]))
        by_sums, by_inputs, by_states = (each.flatten(0, 1) for each in (sums, inputs, states[:T]))
        to_w_ih, to_w_hh, to_inputs = gradients_of(
            by_sums, by_inputs, by_states, w_ih.roll(H, 0), (0, 3 * H), (H, 4 * H)
        )
        n, r, z, m = to_bias.sum(0)
        to_inputs = to_inputs.view(T, B, -1)
        return to_inputs, dh, to_w_ih.roll(-H, 0), to_w_hh, torch.cat((r, z, n)), torch.cat((r, z, m))
