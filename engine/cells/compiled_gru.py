"""The gated recurrent unit's time steps as kernels that numba compiles; the equations are in `engine.cells.gru`."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.beginning import Beginning
from engine.cells.compiled_steps import GradientsOfSums, array, by_streams, packed
from engine.compiled.gru_training import backwards, forwards


def compiled_gru(begins: Beginning, h: Tensor, w_hh: Tensor, bias_n: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs (T, B, H) and the last state (B, H), in float32, for H a multiple of 16.

    The sums of inputs begin with both biases of r and z and that of the inputs of n; `bias_n` (H,) is the other of n.
    """
    outputs, last = _CompiledGRU.apply(*begins, h, w_hh, bias_n)  # type: ignore[no-untyped-call]
    return outputs, last


class _CompiledGRU(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, ids: Tensor, table: Tensor, inputs: Tensor, w_ih: Tensor, h: Tensor, w_hh: Tensor, bias_n: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Outputs and the last state. Gates, states and the reset gate's factor are kept."""
        (T, B), H = ids.shape, w_hh.shape[1]
        gates, reset = h.new_empty(T, B, 3 * H), h.new_empty(T, B, H)
        states = h.new_empty(T + 1, B, H)
        states[0] = h
        arrays: Any = (
            *(ids.numpy(), array(table), array(inputs), packed(w_ih), packed(w_hh)),
            *(array(each) for each in (bias_n, gates, states, reset)),
        )
        by_streams(B, lambda first, last: forwards(*[*arrays, first, last]))
        ctx.save_for_backward(ids, inputs, gates, states, reset, w_ih, w_hh)
        ctx.rows = len(table)
        return states[1:], states[T].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_outputs: Tensor, to_last: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of what `forward` was given, in its order."""
        ids, inputs, gates, states, reset, w_ih, w_hh = ctx.saved_tensors
        T, B, H = reset.shape
        dh = to_last.clone(memory_format=torch.contiguous_format)
        to_inputs = torch.zeros_like(inputs, memory_format=torch.contiguous_format)
        sums = GradientsOfSums(T, B, 4 * H)  # of r, z, n and the recurrent part of n
        weights = (packed(each.t()) for each in (w_ih, w_hh[: 2 * H], w_hh[2 * H :]))
        held = (array(each) for each in (gates, states, reset))
        given = (ids.numpy(), array(to_outputs), *weights, *held)
        arrays: Any = (*given, array(dh)[None], array(to_inputs), sums.rows, sums.strips)

        def some(first: int, last: int) -> tuple[Tensor, Tensor]:
            to_table, to_bias_n = w_hh.new_zeros(ctx.rows, 3 * H), w_hh.new_zeros(H)
            backwards(*[*arrays, array(to_table), array(to_bias_n), first, last])
            return to_table, to_bias_n

        to_table, to_bias_n = (torch.stack(each).sum(0) for each in zip(*by_streams(B, some), strict=True))
        to_w_ih = sums.times(inputs, slice(0, 3 * H)) if len(w_ih) else None
        to_w_hh = sums.times(states[:T], slice(0, 2 * H), slice(3 * H, 4 * H))
        return None, to_table, to_inputs, to_w_ih, dh, to_w_hh, to_bias_n
