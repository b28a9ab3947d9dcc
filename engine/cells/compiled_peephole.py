"""The peephole LSTM's time steps as kernels that numba compiles; the equations are in `engine.cells.peephole`."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.compiled_steps import array, by_streams, packed, weight_gradients
from engine.compiled.lstm_training import backwards, forwards
from engine.compiled.tiles import COLUMNS, ROWS, STREAMS


class CompiledPeepholeLSTM(torch.autograd.Function):
    """As `engine.cells.peephole_kernel.peephole_lstm`, in float32, for H a multiple of 16."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor, looks: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
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
        inputs, gates, states, cells, w_ih, w_hh, looks = ctx.saved_tensors
        T, B, _ = inputs.shape
        H = w_hh.shape[1]
        dh, dc = to_h.clone(memory_format=torch.contiguous_format), to_c.clone(memory_format=torch.contiguous_format)
        to_inputs = torch.zeros_like(inputs, memory_format=torch.contiguous_format)
        strips = np.empty((4 * H // COLUMNS, T * B, COLUMNS), dtype=np.float32)
        vectors, look_if, look_o = _looks(looks, backwards=True)
        fixed = (
            array(to_outputs),
            packed(w_ih.t()),
            packed(w_hh.t()),
            vectors,
            look_if,
            look_o,
        )
        arrays: Any = (
            *fixed,
            array(gates),
            array(cells),
            array(dh)[None],
            array(dc)[None],
            array(to_inputs),
            strips,
        )
        sums: dict[int, tuple[Tensor, Tensor]] = {}  # by the first stream of each part, so that it is added in order

        def some(first: int, last: int) -> None:
            to_bias, to_looks = w_hh.new_zeros(4 * H), w_hh.new_zeros(3, H)
            sums[first] = to_bias, to_looks
            backwards(*[*arrays, array(to_bias), array(to_looks), first, last])

        by_streams(B, some)
        to_bias, to_looks = (torch.stack(each).sum(0) for each in zip(*(sums[n] for n in sorted(sums)), strict=True))
        groups = np.arange(4 * H // STREAMS)
        xs, outs, columns = [inputs, states[:T]], [torch.zeros_like(w_ih), torch.zeros_like(w_hh)], [groups, groups]
        if looks.dim() == 3:
            to_looks = torch.zeros_like(looks)
            xs += [cells[:T], cells[1:]]
            outs += [to_looks[:2].view(2 * H, H), to_looks[2]]
            columns += [groups[: 2 * H // STREAMS], groups[3 * H // STREAMS :]]
        weight_gradients(strips, columns, [array(x.reshape(T * B, -1)) for x in xs], [array(each) for each in outs])
        return to_inputs, dh, dc, outs[0], outs[1], to_bias, to_looks


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
