"""What the time steps of our own layers have in common on a CPU: states as columns (H, B).

A product W h of a matrix (G, H) with columns takes 73 µs on two cores where the usual h Wᵀ takes 96 (G = 768, H = 256,
B = 32), and every gate is one block of rows, on which a function is one quick call. tanh is computed as
2 σ(2a) - 1, with the 2 multiplied into the weights: torch's sigmoid is three times as fast as its tanh.
"""

import functools
from collections.abc import Iterator

import torch
from torch import Tensor

CHUNK = 16  # steps that go backwards together: what they need stays in the cache, and little is held at once


def from_inputs(inputs: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """What all inputs (T, B, I) give the sums of all steps, (T, G, B), through weight (G, I) and bias (G,)."""
    T = len(inputs)
    return torch.baddbmm(bias[None, :, None], weight.expand(T, -1, -1), inputs.transpose(1, 2))


def outputs_of(states: Tensor) -> Tensor:
    """States (T, H, B) as a layer hands them on: (T, B, H)."""
    return states.transpose(1, 2).contiguous()


def last_of(state: Tensor) -> Tensor:
    """The last state (H, B) as a layer hands it on, (B, H): a copy, which keeps none of the states before it alive."""
    return state.t().clone(memory_format=torch.contiguous_format)


def columns_of(rows: Tensor) -> Tensor:
    """Gradients (…, B, H) that come from outside as columns (…, H, B): a copy, which may be added to."""
    return rows.transpose(-2, -1).clone(memory_format=torch.contiguous_format)


def from_the_end(steps: int) -> Iterator[slice]:
    """All steps in chunks, the last chunk first."""
    for stop in range(steps, 0, -CHUNK):
        yield slice(max(0, stop - CHUNK), stop)


def doubled(weight: Tensor, rows: slice) -> Tensor:
    """A copy of weight (G, …) with these rows doubled: those of a tanh."""
    weight = weight.detach().clone()
    weight[rows] *= 2.0
    return weight


def flat(columns: Tensor) -> Tensor:
    """Columns of many steps (T, G, B) side by side: (G, T·B)."""
    return columns.permute(1, 0, 2).reshape(columns.shape[1], -1)


def product(a: Tensor, b: Tensor) -> Tensor:
    """a (M, K) times the transpose of b (N, K): (M, N). oneDNN's, where there is one: it knows more processors."""
    if a.dtype in (torch.float32, torch.bfloat16) and has_onednn():
        result: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")
        return result
    return a @ b.t()


@functools.cache
def has_onednn() -> bool:
    """Whether oneDNN's products can be called: they are no public part of torch."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    weight, x = torch.ones(16, 8), torch.ones(2, 8)
    try:
        layout = torch.ops.mkldnn._reorder_linear_weight(weight, 2)
        results = [torch.ops.mkldnn._linear_pointwise(x, each, None, "none", [], "") for each in (weight, layout)]
    except (RuntimeError, AttributeError, NotImplementedError, TypeError):
        return False
    return all(bool(torch.equal(result, torch.full((2, 16), 8.0))) for result in results)


class Sums:
    """The gradients of W_ih, W_hh and the biases, summed chunk by chunk."""

    def __init__(self, inputs: Tensor, states: Tensor, weight: Tensor) -> None:
        """`inputs` (T, B, I), `states` (T + 1, H, B) and `weight` (G, I) as the layer had them going forwards."""
        self._inputs = inputs
        self._states = states
        self._weight = weight
        rows = len(weight)
        self.w_ih = torch.zeros_like(weight)
        self.w_hh = weight.new_zeros(rows, states.shape[1])
        self.b_ih = weight.new_zeros(rows)
        self.b_hh = weight.new_zeros(rows)
        self.inputs = torch.empty_like(inputs)

    def add(self, steps: slice, recurrent: Tensor, gates: Tensor | None = None) -> None:
        """A chunk's gradients (C, G, B) of the recurrent sums, and of all sums where they differ."""
        side_by_side = flat(recurrent)
        self.w_hh += product(side_by_side, flat(self._states[steps]))
        self.b_hh += side_by_side.sum(1)
        if gates is not None:
            side_by_side = flat(gates)
            self.b_ih += side_by_side.sum(1)
        self.w_ih.addmm_(side_by_side, self._inputs[steps].flatten(0, 1))
        torch.mm(side_by_side.t(), self._weight, out=self.inputs[steps].view(-1, self._weight.shape[1]))

    def double(self, rows: slice) -> None:
        """These rows of the weights were doubled going forwards: so are their gradients."""
        for each in (self.w_ih, self.w_hh, self.b_ih, self.b_hh):
            each[rows] *= 2.0
