"""The gated recurrent unit's time steps as kernels that numba compiles; the equations are in `engine.cells.gru`."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.compiled_steps import array, by_streams, packed, weight_gradients
from engine.compiled.gru_training import backwards, forwards
from engine.compiled.tiles import COLUMNS, STREAMS


class CompiledGRU(torch.autograd.Function):
    """As `engine.cells.gru_kernel.gru`, in float32, for H a multiple of 16."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
    ) -> tuple[Tensor, Tensor]:
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
        inputs, gates, states, reset, w_ih, w_hh = ctx.saved_tensors
        T, B, _ = inputs.shape
        H = w_hh.shape[1]
        dh = to_last.clone(memory_format=torch.contiguous_format)
        to_inputs = torch.zeros_like(inputs, memory_format=torch.contiguous_format)
        strips = np.empty((4 * H // COLUMNS, T * B, COLUMNS), dtype=np.float32)
        weights = (packed(each.t()) for each in (w_ih, w_hh[: 2 * H], w_hh[2 * H :]))
        held = (array(each) for each in (gates, states, reset))
        arrays: Any = (array(to_outputs), *weights, *held, array(dh)[None], array(to_inputs), strips)
        sums: dict[int, Tensor] = {}  # by the first stream of each part, so that they are added in order

        def some(first: int, last: int) -> None:
            sums[first] = w_hh.new_zeros(4 * H)
            backwards(*[*arrays, array(sums[first]), first, last])

        by_streams(B, some)
        biases = torch.stack([sums[n] for n in sorted(sums)]).sum(0)  # of r, z, n and the recurrent part of n
        groups = np.arange(4 * H // STREAMS)
        at = 2 * H // STREAMS, 3 * H // STREAMS
        columns = [groups[: at[1]], np.concatenate((groups[: at[0]], groups[at[1] :]))]
        sources = [array(inputs.reshape(T * B, -1)), array(states[:T].view(T * B, H))]
        to_w_ih, to_w_hh = torch.zeros_like(w_ih), torch.zeros_like(w_hh)
        weight_gradients(strips, columns, sources, [array(to_w_ih), array(to_w_hh)])
        to_b_hh = torch.cat((biases[: 2 * H], biases[3 * H :]))
        return to_inputs, dh, to_w_ih, to_w_hh, biases[: 3 * H], to_b_hh
