"""The LSTM's time steps, with peepholes or without, as kernels that numba compiles.

The equations are in `engine.cells.peephole`.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.beginning import Beginning
from engine.cells.compiled_steps import GradientsOfSums, array, by_streams, packed
from engine.compiled.lstm_training import backwards, forwards
from engine.compiled.tiles import ROWS


def compiled_lstm(
    begins: Beginning, h: Tensor, c: Tensor, w_hh: Tensor, looks: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs (T, B, H) and the last h and c (B, H), in float32, for H a multiple of 16.

    The sums of inputs begin with the biases. `looks` is (3, H) or (3, H, H), for i, f and o.
    """
    outputs, last_h, last_c = _CompiledLSTM.apply(*begins, h, c, w_hh, looks)  # type: ignore[no-untyped-call]
    return outputs, last_h, last_c


class _CompiledLSTM(torch.autograd.Function):
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
        (T, B), H = ids.shape, w_hh.shape[1]
        gates = h.new_empty(T, B, 4 * H)
        states, cells = h.new_empty(T + 1, B, H), h.new_empty(T + 1, B, H)
        states[0], cells[0] = h, c
        vectors, look_if, look_o = _looks(looks, backwards=False)
        arrays: Any = (
            *(ids.numpy(), array(table), array(inputs), packed(w_ih), packed(w_hh), vectors, look_if, look_o),
            *(array(each) for each in (gates, states, cells)),
        )
        by_streams(B, lambda first, last: forwards(*[*arrays, first, last]))
        ctx.save_for_backward(ids, inputs, gates, states, cells, w_ih, w_hh, looks)
        ctx.rows = len(table)
        return states[1:], states[T].clone(), cells[T].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_outputs: Tensor, to_h: Tensor, to_c: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of what `forward` was given, in its order."""
        ids, inputs, gates, states, cells, w_ih, w_hh, looks = ctx.saved_tensors
        T, B, _ = gates.shape
        H = w_hh.shape[1]
        dh, dc = (each.clone(memory_format=torch.contiguous_format) for each in (to_h, to_c))
        to_inputs = torch.zeros_like(inputs, memory_format=torch.contiguous_format)
        sums = GradientsOfSums(T, B, 4 * H)  # of i, f, g and o
        weights = packed(w_ih.t()), packed(w_hh.t()), *_looks(looks, backwards=True)
        held = (array(gates), array(cells), array(dh)[None], array(dc)[None])
        arrays: Any = (ids.numpy(), array(to_outputs), *weights, *held, array(to_inputs), sums.rows, sums.strips)
        diagonal = 3 if looks.dim() == 2 and ctx.needs_input_grad[7] else 0

        def some(first: int, last: int) -> tuple[Tensor, Tensor]:
            to_table, to_looks = w_hh.new_zeros(ctx.rows, 4 * H), w_hh.new_zeros(diagonal, H)
            backwards(*[*arrays, array(to_table), array(to_looks), first, last])
            return to_table, to_looks

        to_table, to_looks = (torch.stack(each).sum(0) for each in zip(*by_streams(B, some), strict=True))
        every, i_and_f, o = slice(0, 4 * H), slice(0, 2 * H), slice(3 * H, 4 * H)
        to_w_ih = sums.times(inputs, every) if len(w_ih) else None
        to_w_hh = sums.times(states[:T], every)
        if looks.dim() == 3:
            to_looks = torch.cat((sums.times(cells[:T], i_and_f), sums.times(cells[1:], o))).view_as(looks)
        return None, to_table, to_inputs, to_w_ih, dh, dc, to_w_hh, to_looks if len(to_looks) else None


def _looks(looks: Tensor, *, backwards: bool) -> tuple[Any, Any, Any]:
    """Diagonal peepholes (3, H), and packed ones for i and f, and o; without rows where they are of the other kind."""
    H = looks.shape[-1]
    if looks.dim() == 2:
        return (
            array(looks),
            np.empty((0, 2 * H if backwards else H, ROWS), np.float32),
            np.empty((0, H, ROWS), np.float32),
        )
    look_if, look_o = looks[:2].reshape(2 * H, H), looks[2]
    if backwards:
        look_if, look_o = look_if.t(), look_o.t()
    return np.zeros((3, H), np.float32), packed(look_if), packed(look_o)
