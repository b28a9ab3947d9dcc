"""The peephole LSTM's time steps as kernels that numba compiles; the equations are in `engine.cells.peephole`."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.compiled_steps import GradientsOfSums, array, by_streams, packed
from engine.compiled.lstm_training import backwards, forwards
from engine.compiled.tiles import ROWS


class CompiledPeepholeLSTM(torch.autograd.Function):
    """As `engine.cells.peephole_kernel.peephole_lstm`, in float32, for H a multiple of 16."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor, looks: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs (T, B, H) and the last h and c (B, H). Gates, states and cells are kept."""
        T, B, _ = inputs.shape
        H = w_hh.shape[1]
        gates = inputs.new_empty(T, B, 4 * H)
        states, cells = inputs.new_empty(T + 1, B, H), inputs.new_empty(T + 1, B, H)
        states[0], cells[0] = h, c
        vectors, look_if, look_o = _looks(looks, backwards=False)
        arrays: Any = (
            *(array(inputs), packed(w_ih), packed(w_hh), array(bias), vectors, look_if, look_o),
            *(array(each) for each in (gates, states, cells)),
        )
        by_streams(B, lambda first, last: forwards(*[*arrays, first, last]))
        ctx.save_for_backward(inputs, gates, states, cells, w_ih, w_hh, looks)
        return states[1:], states[T].clone(), cells[T].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_outputs: Tensor, to_h: Tensor, to_c: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of what `forward` was given, in its order."""
        inputs, gates, states, cells, w_ih, w_hh, looks = ctx.saved_tensors
        T, B, _ = inputs.shape
        H = w_hh.shape[1]
        dh, dc = (each.clone(memory_format=torch.contiguous_format) for each in (to_h, to_c))
        to_inputs = torch.zeros_like(inputs, memory_format=torch.contiguous_format)
        sums = GradientsOfSums(T, B, 4 * H)  # of i, f, g and o
        weights = packed(w_ih.t()), packed(w_hh.t()), *_looks(looks, backwards=True)
        held = (array(gates), array(cells), array(dh)[None], array(dc)[None])
        arrays: Any = (array(to_outputs), *weights, *held, array(to_inputs), sums.rows, sums.strips)

        def some(first: int, last: int) -> tuple[Tensor, Tensor]:
            to_bias, to_looks = w_hh.new_zeros(4 * H), w_hh.new_zeros(3, H)
            backwards(*[*arrays, array(to_bias), array(to_looks), first, last])
            return to_bias, to_looks

        to_bias, to_looks = (torch.stack(each).sum(0) for each in zip(*by_streams(B, some), strict=True))
        every, i_and_f, o = slice(0, 4 * H), slice(0, 2 * H), slice(3 * H, 4 * H)
        to_w_ih, to_w_hh = sums.times(inputs, every), sums.times(states[:T], every)
        if looks.dim() == 3:
            to_looks = torch.cat((sums.times(cells[:T], i_and_f), sums.times(cells[1:], o))).view_as(looks)
        return to_inputs, dh, dc, to_w_ih, to_w_hh, to_bias, to_looks


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
