"""The gated recurrent unit's time steps on a CPU, forwards and backwards; the equations are in `engine.cells.gru`.

torch's GRU has no oneDNN kernel and takes some 1.4 times as long (`python -m tests.bench.training`).
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from engine.cells import quick
from engine.cells.beginning import beginning
from engine.cells.columns import Sums, columns_of, doubled, from_inputs, from_the_end, last_of, outputs_of
from engine.cells.compiled_steps import usable_for


def gru(
    inputs: Tensor,
    h: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor,
    b_hh: Tensor,
    ids: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Outputs (T, B, H) and the last state (B, H), of inputs (T, B, I) and the state (B, H) before them.

    With ids (T, B), where `table_pays`, inputs are (V, I), and their rows are read.
    """
    if usable_for(h):
        H = w_hh.shape[1]
        bias = torch.cat((b_ih[: 2 * H] + b_hh[: 2 * H], b_ih[2 * H :]))
        return quick.gru(beginning(inputs, ids, w_ih, bias), h, w_hh, b_hh[2 * H :])
    outputs, last = _GRU.apply(inputs, h, w_ih, w_hh, b_ih, b_hh)  # type: ignore[no-untyped-call]
    return outputs, last


class _GRU(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Outputs and the last state, as `gru`. Gates, states and the reset gate's factor are kept."""
        T, B, _ = inputs.shape
        H = w_hh.shape[1]
        candidate = slice(2 * H, 3 * H)
        w_in, w, b_in, b = (doubled(each, candidate) for each in (w_ih, w_hh, b_ih, b_hh))
        b_in[: 2 * H] += b[: 2 * H]
        gates = from_inputs(inputs, w_in, b_in)  # (T, 3H, B)
        states = inputs.new_empty(T + 1, H, B)
        states[0] = h.t()
        reset = inputs.new_empty(T, H, B)  # what the reset gate multiplies: W_hn h + b_hn, doubled
        sums = inputs.new_empty(3 * H, B)
        sums_rz, sums_n = sums[: 2 * H], sums[2 * H :]
        b_n = b[candidate, None]
        before = states[0]
        for rz, r, z, n, m, after in zip(
            gates[:, : 2 * H].unbind(),
            gates[:, :H].unbind(),
            gates[:, H : 2 * H].unbind(),
            gates[:, candidate].unbind(),
            reset.unbind(),
            states[1:].unbind(),
            strict=True,
        ):
            torch.mm(w, before, out=sums)
            rz.add_(sums_rz).sigmoid_()
            torch.add(sums_n, b_n, out=m)
            n.addcmul_(r, m).sigmoid_().mul_(2.0).sub_(1.0)
            before = torch.lerp(n, before, z, out=after)
        ctx.save_for_backward(inputs, gates, states, reset, w_in, w)
        return outputs_of(states[1:]), last_of(before)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_outputs: Tensor, to_last: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients of what `forward` was given, in its order."""
        inputs, gates, states, reset, w_in, w = ctx.saved_tensors
        T, _, B = gates.shape
        H = w.shape[1]
        found = Sums(inputs, states, w_in)
        back = w.t().contiguous()  # (H, 3H)
        dh = columns_of(to_last)
        for steps in from_the_end(T):
            r, z, n = gates[steps].chunk(3, 1)  # (C, H, B) each
            m, before = reset[steps], states[steps]
            to = columns_of(to_outputs[steps])
            # What a step's dL/dh is multiplied by, for the sums of r, z, the recurrent part of n, and n.
            parts = gates.new_empty(len(r), 4, H, B)
            by_r, by_z, by_m, by_n = parts.unbind(1)
            torch.sub(1.0, z, out=by_n)
            torch.mul(z, by_n, out=by_z).mul_(before - n)
            by_n.mul_(torch.addcmul(n.new_full((), 0.5), n, n, value=-0.5))  # dn/d(2a) = (1 - n²) / 2
            torch.mul(by_n, r, out=by_m)
            torch.mul(by_m, m, out=by_r).mul_(1.0 - r)
            sums = parts[:, :3].view(-1, 3 * H, B)
            for part, some, gate, towards in zip(
                reversed(parts.unbind()),
                reversed(sums.unbind()),
                reversed(z.unbind()),
                reversed(to.unbind()),
                strict=True,
            ):
                dh.add_(towards)
                part.mul_(dh)
                dh = torch.addmm(dh.mul_(gate), back, some)
            found.add(steps, sums, parts[:, [0, 1, 3]].view(-1, 3 * H, B))
        found.double(slice(2 * H, 3 * H))
        return found.inputs, dh.t(), found.w_ih, found.w_hh, found.b_ih, found.b_hh
