"""The peephole LSTM's time steps on a CPU, forwards and backwards; the equations are in `engine.cells.peephole`."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells import quick
from engine.cells.beginning import beginning
from engine.cells.columns import (
    Sums,
    columns_of,
    doubled,
    flat,
    from_inputs,
    from_the_end,
    last_of,
    outputs_of,
    product,
)
from engine.cells.compiled_steps import usable_for


def peephole_lstm(
    inputs: Tensor,
    h: Tensor,
    c: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    bias: Tensor,
    looks: Tensor,
    ids: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs (T, B, H) and the last h and c (B, H), of inputs (T, B, I) and the h and c before them.

    `bias` (4H,) is the sum of both; `looks` is (3, H) or (3, H, H), for i, f and o. With ids (T, B), where
    `table_pays`, inputs are (V, I), and their rows are read.
    """
    if usable_for(h):
        return quick.lstm(beginning(inputs, ids, w_ih, bias), h, c, w_hh, looks)
    outputs, last_h, last_c = _PeepholeLSTM.apply(inputs, h, c, w_ih, w_hh, bias, looks)  # type: ignore[no-untyped-call]
    return outputs, last_h, last_c


class _PeepholeLSTM(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, h: Tensor, c: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor, looks: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Outputs and the last h and c, as `peephole_lstm`. Gates, states, cells and tanh(c) are kept."""
        T, B, _ = inputs.shape
        H = w_hh.shape[1]
        diagonal = looks.dim() == 2
        w_in, w, b = (doubled(each, slice(2 * H, 3 * H)) for each in (w_ih, w_hh, bias))
        looks = looks.detach()
        look_if = looks[:2, :, None] if diagonal else looks[:2].reshape(2 * H, H)
        look_o = looks[2][:, None] if diagonal else looks[2]
        gates = from_inputs(inputs, w_in, b)  # (T, 4H, B): i, f, g, o
        states, cells = inputs.new_empty(2, T + 1, H, B)
        squashed = inputs.new_empty(T, H, B)  # tanh(c)
        states[0], cells[0] = h.t(), c.t()
        before, cell = states[0], cells[0]
        for sums, ifg, i_f, i, f, g, o, after, new, tanh in zip(
            gates.unbind(),
            gates[:, : 3 * H].unbind(),
            gates[:, : 2 * H].unbind(),
            *(gate.unbind() for gate in gates.chunk(4, 1)),
            states[1:].unbind(),
            cells[1:].unbind(),
            squashed.unbind(),
            strict=True,
        ):
            sums.addmm_(w, before)
            if diagonal:
                i_f.view(2, H, B).addcmul_(cell, look_if)
            else:
                i_f.addmm_(look_if, cell)
            ifg.sigmoid_()
            g.mul_(2.0).sub_(1.0)
            cell = torch.mul(f, cell, out=new).addcmul_(i, g)
            if diagonal:
                o.addcmul_(cell, look_o)
            else:
                o.addmm_(look_o, cell)
            o.sigmoid_()
            torch.mul(cell, 2.0, out=tanh).sigmoid_().mul_(2.0).sub_(1.0)
            before = torch.mul(o, tanh, out=after)
        ctx.save_for_backward(inputs, gates, states, cells, squashed, w_in, w, looks)
        return outputs_of(states[1:]), last_of(before), last_of(cell)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_outputs: Tensor, to_h: Tensor, to_c: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of what `forward` was given, in its order."""
        inputs, gates, states, cells, squashed, w_in, w, looks = ctx.saved_tensors
        T, _, B = gates.shape
        H = w.shape[1]
        diagonal = looks.dim() == 2
        found = Sums(inputs, states, w_in)
        to_looks = torch.zeros_like(looks)
        back = w.t().contiguous()  # (H, 4H)
        back_if, back_o = looks[:2].reshape(2 * H, -1).t().contiguous(), looks[2].t().contiguous()
        dh, dc = columns_of(to_h), columns_of(to_c)
        for steps in from_the_end(T):
            i, f, g, o = gates[steps].chunk(4, 1)  # (C, H, B) each
            before, tanh = cells[steps], squashed[steps]
            to = columns_of(to_outputs[steps])
            # What a step's dL/dc (for o: dL/dh) is multiplied by, for the sums of i, f, g and o.
            parts = gates.new_empty(len(i), 4, H, B)
            by_i, by_f, by_g, by_o = parts.unbind(1)
            half = g.new_full((), 0.5)
            torch.sub(1.0, i, out=by_i).mul_(i).mul_(g)
            torch.sub(1.0, f, out=by_f).mul_(f).mul_(before)
            torch.addcmul(half, g, g, value=-0.5, out=by_g).mul_(i)  # dg/d(2a) = (1 - g²) / 2
            torch.sub(1.0, o, out=by_o).mul_(o).mul_(tanh)
            to_cell = torch.addcmul(o, torch.mul(o, tanh), tanh, value=-1.0)  # dh/dc: o (1 - tanh²) …
            kept = f
            if diagonal:  # … and by way of the gates that look at it
                to_cell.addcmul_(by_o, looks[2][:, None])
                kept = torch.addcmul(f, by_i, looks[0][:, None]).addcmul_(by_f, looks[1][:, None])
            for part, towards, through, keep in zip(
                reversed(parts.unbind()),
                reversed(to.unbind()),
                reversed(to_cell.unbind()),
                reversed(kept.unbind()),
                strict=True,
            ):
                dh.add_(towards)
                dc.addcmul_(dh, through)
                part[3].mul_(dh)
                if not diagonal:
                    dc.addmm_(back_o, part[3])
                part[:3].mul_(dc)
                dc.mul_(keep)
                if not diagonal:
                    dc.addmm_(back_if, part[:2].view(2 * H, B))
                dh = torch.mm(back, part.view(4 * H, B))
            after = cells[1:][steps]
            if diagonal:
                to_looks[:2] += (parts[:, :2] * before[:, None]).sum((0, 3))
                to_looks[2] += (by_o * after).sum((0, 2))
            else:
                seen = flat(before)
                to_looks[0] += product(flat(by_i), seen)
                to_looks[1] += product(flat(by_f), seen)
                to_looks[2] += product(flat(by_o), flat(after))
            found.add(steps, parts.view(-1, 4 * H, B))
        found.double(slice(2 * H, 3 * H))
        return found.inputs, dh.t(), dc.t(), found.w_ih, found.w_hh, found.b_hh, to_looks
