"""The gated recurrent unit's time steps as kernels that numba compiles; the equations are in `engine.cells.gru`."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.compiled_steps import GradientsOfSums, array, by_streams, packed
from engine.compiled.gru_training import backwards, forwards


class CompiledGRU(torch.autograd.Function):
    """As `engine.cells.gru_kernel.gru`, in float32, for H a multiple of 16."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Outputs (T, B, H) and the last state (B, H). Gates, states and the reset gate's factor are kept."""
        T, B, _ = inputs.shape
        H = w_hh.shape[1]
        gates, reset = inputs.new_empty(T, B, 3 * H), inputs.new_empty(T, B, H)
        states = inputs.new_empty(T + 1, B, H)
        states[0] = h
        bias = b_ih.clone()
        bias[: 2 * H] += b_hh[: 2 * H]
        weights = packed(w_ih), packed(w_hh)
        arrays: Any = (
            array(inputs),
            *weights,
            *(array(each) for each in (bias, b_hh[2 * H :], gates, states, reset)),
        )
        by_streams(B, lambda first, last: forwards(*[*arrays, first, last]))
        ctx.save_for_backward(inputs, gates, states, reset, w_ih, w_hh)
        return states[1:], states[T].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_outputs: Tensor, to_last: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of what `forward` was given, in its order."""
        inputs, gates, states, reset, w_ih, w_hh = ctx.saved_tensors
        T, B, _ = inputs.shape
        H = w_hh.shape[1]
        dh = to_last.clone(memory_format=torch.contiguous_format)
        to_inputs = torch.zeros_like(inputs, memory_format=torch.contiguous_format)
        sums = GradientsOfSums(T, B, 4 * H)  # of r, z, n and the recurrent part of n
        weights = (packed(each.t()) for each in (w_ih, w_hh[: 2 * H], w_hh[2 * H :]))
        held = (array(each) for each in (gates, states, reset))
        arrays: Any = (array(to_outputs), *weights, *held, array(dh)[None], array(to_inputs), sums.rows, sums.strips)

        def some(first: int, last: int) -> Tensor:
            to_biases: Tensor = w_hh.new_zeros(4 * H)
            backwards(*[*arrays, array(to_biases), first, last])
            return to_biases

        to_biases = torch.stack(by_streams(B, some)).sum(0)
        rz, m = slice(0, 2 * H), slice(3 * H, 4 * H)
        to_w_ih, to_w_hh = sums.times(inputs, slice(0, 3 * H)), sums.times(states[:T], rz, m)
        return to_inputs, dh, to_w_ih, to_w_hh, to_biases[: 3 * H], torch.cat((to_biases[rz], to_biases[m]))
