"""The plain recurrent network's time steps on a CPU, forwards and backwards; the equation is in `engine.cells.rnn`."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells.columns import Sums, columns_of, doubled, from_inputs, from_the_end, last_of, outputs_of


def rnn(
    inputs: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor, *, rectified: bool
) -> tuple[Tensor, Tensor]:
    """Outputs (T, B, H) and the last state (B, H), of inputs (T, B, I) and the state (B, H) before them.

    `bias` (H,) is the sum of both. The function is max(0, a) where `rectified`, else tanh(a).
    """
    outputs, last = _RNN.apply(inputs, h, w_ih, w_hh, bias, rectified)  # type: ignore[no-untyped-call]
    return outputs, last


class _RNN(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor, rectified: bool
    ) -> tuple[Tensor, Tensor]:
        """Outputs and the last state, as `rnn`. States alone are kept: f' is had from them."""
        T, B, _ = inputs.shape
        H = w_hh.shape[1]
        scaled = slice(0, 0 if rectified else H)
        w_in, w, b = (doubled(each, scaled) for each in (w_ih, w_hh, bias))
        sums = from_inputs(inputs, w_in, b)  # (T, H, B)
        states = inputs.new_empty(T + 1, H, B)
        states[0] = h.t()
        before = states[0]
        for row, after in zip(sums.unbind(), states[1:].unbind(), strict=True):
            torch.addmm(row, w, before, out=after)
            before = after.relu_() if rectified else after.sigmoid_().mul_(2.0).sub_(1.0)
        ctx.save_for_backward(inputs, states, w_in, w)
        ctx.rectified = rectified
        return outputs_of(states[1:]), last_of(before)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_outputs: Tensor, to_last: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of what `forward` was given, in its order."""
        inputs, states, w_in, w = ctx.saved_tensors
        found = Sums(inputs, states, w_in)
        back = w.t().contiguous()
        dh = columns_of(to_last)
        for steps in from_the_end(len(inputs)):
            after = states[1:][steps]
            to = columns_of(to_outputs[steps])
            if ctx.rectified:
                parts = (after > 0).to(after.dtype)
            else:  # of 2a
                parts = torch.addcmul(after.new_full((), 0.5), after, after, value=-0.5)
            for part, towards in zip(reversed(parts.unbind()), reversed(to.unbind()), strict=True):
                part.mul_(dh.add_(towards))
                dh = torch.mm(back, part)
            found.add(steps, parts)
        if not ctx.rectified:
            found.double(slice(None))
        return found.inputs, dh.t(), found.w_ih, found.w_hh, found.b_hh, None
