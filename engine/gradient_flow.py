"""How much of a loss reaches the past: the picture of vanishing and exploding gradients.

The norm of dL_t/dh_{t-k} over k: Hochreiter (1991), Bengio et al. (1994), Pascanu et al. (2013). A plain recurrent
network multiplies the gradient by W_hh^T diag(f') at each step back, so that it shrinks or grows exponentially; an LSTM
carries it through its cell, which only multiplies it by the forget gate.
"""

import contextlib
import itertools
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from engine.cells.layer import LayerState, RecurrentLayer, plain_steps
from engine.cells.peephole import PeepholeLSTMLayer
from engine.device import threads
from engine.model import LanguageModel
from engine.stack import State

LENGTH = 64  # T: beyond it a gradient is rarely asked for, since truncated backpropagation ends before
STREAMS = 8  # B: one alone may end in a token that is no surprise, where hardly any gradient begins


def gradient_flow(model: LanguageModel, inputs: Tensor, targets: Tensor, state: State) -> dict[str, list[float]]:
    """For each layer the norms of dL_t/dh_{t-k} for k = 0 … T, by name: ``layer 1``, ``layer 2``, …

    `inputs` and `targets` are ids (T + 1, B) with t the last row, `state` is the one before the first. L_t is the
    cross-entropy of the last target alone, in nats. The derivative is the total one: through everything that follows
    h_{t-k}, the layers above it as well as the steps after it. LSTMs also have ``layer 1 cell``, … for c_{t-k}, whose
    derivative includes the way through h_{t-k} = o * tanh(c_{t-k}). Of a bidirectional model it is the stack that
    reads left to right.

    Each stream has a loss of its own, so a norm is that of one stream's gradient (H,), and the figure is the streams'
    arithmetic mean. The norm over the whole batch would shrink with the batch instead; a geometric mean would be 0 as
    soon as one stream's rectifiers are all shut. This mean says how much arrives at all, and bounds what arrives of
    the batch's mean gradient.

    A list ends before the first norm that is not finite, as JSON has no such number: it is shorter than T + 1 where
    the gradient overflows, and empty where the loss is NaN. Mode, gradients and random numbers of the model stay as
    they were.
    """
    layers = model.ahead.each()
    with _undisturbed(model), _watched(layers) as watches:
        after = state
        for t in range(len(inputs)):
            top, after = model.read(inputs[t : t + 1], after)  # (1, B, H)
        # The sum over streams: each row of a gradient is then that of its own stream's loss.
        loss = model.loss(targets[-1:], top) * targets.shape[1]
        marks = [mark for watch in watches for step in watch.marks for mark in step]
        # Nothing reads the cell after the last step, which is a gradient of zero.
        gradients = iter(torch.autograd.grad(loss, marks, allow_unused=True, materialize_grads=True))
        flow: dict[str, list[float]] = {}
        for number, (layer, watch) in enumerate(zip(layers, watches, strict=True), 1):
            steps = [tuple(itertools.islice(gradients, len(step))) for step in watch.marks]
            by_h, *by_c = (torch.stack(part) for part in zip(*steps, strict=True))  # each (T + 1, B, H)
            flow[f"layer {number}"] = _norms(by_h)
            if by_c:
                h, c = (torch.stack(part) for part in zip(*watch.states, strict=True))
                flow[f"layer {number} cell"] = _norms(by_c[0] + _through_output(layer, by_h, h, c))
    return flow


def excerpts(tokens: npt.NDArray[np.unsignedinteger], device: torch.device) -> tuple[Tensor, Tensor]:
    """Inputs and targets (T + 1, B) from places spread evenly over a text, the same ones every time.

    T is `LENGTH`, or what a shorter text has. Raises `ValueError` for less than two tokens.
    """
    length = min(LENGTH + 1, len(tokens) - 1)
    if length < 1:
        raise ValueError("an excerpt needs at least two tokens")
    starts = np.linspace(0, len(tokens) - 1 - length, STREAMS).astype(np.int64)
    block = tokens[starts + np.arange(length + 1)[:, None]].astype(np.int64)  # (T + 2, B)
    ids = torch.from_numpy(block).to(device)
    return ids[:-1], ids[1:]


class _Watch:
    """Adds a zero to every h and c that a layer hands on, step by step, and keeps it.

    A layer hands h on twice, upwards and to its next step, and fused layers do so as two tensors that know nothing of
    each other. The gradient with respect to one zero that was added to both is the total derivative.
    """

    def __init__(self) -> None:
        self.marks: list[LayerState] = []
        self.states: list[LayerState] = []

    def __call__(self, layer: nn.Module, given: object, handed: tuple[Tensor, LayerState]) -> tuple[Tensor, LayerState]:
        outputs, state = handed  # (1, B, H)
        marks = tuple(torch.zeros_like(part, requires_grad=True) for part in state)
        self.marks.append(marks)
        self.states.append(tuple(part.detach() for part in state))
        return outputs + marks[0], tuple(part + mark for part, mark in zip(state, marks, strict=True))


@contextlib.contextmanager
def _watched(layers: list[RecurrentLayer]) -> Iterator[list[_Watch]]:
    watches = [_Watch() for _ in layers]
    handles = [layer.register_forward_hook(watch) for layer, watch in zip(layers, watches, strict=True)]
    try:
        yield watches
    finally:
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def _undisturbed(model: LanguageModel) -> Iterator[None]:
    """Evaluation mode, gradients on, float32 and plain kernels; all put back afterwards.

    cuDNN can't go back through a layer in evaluation mode, oneDNN takes five times as long as plain kernels for single
    steps, and our own make a copy of the weights at each. Single steps are too small to be shared by threads.
    """
    training = model.training
    device = model.embedding.weight.device.type
    one_dnn, *_ = torch.backends.mkldnn.set_flags(False, _fp32_precision=None)  # type: ignore[no-untyped-call]
    model.eval()
    try:
        with (
            threads(1),
            plain_steps(),
            torch.backends.cudnn.flags(enabled=False),
            torch.autocast(device, enabled=False),
            torch.enable_grad(),
        ):
            yield
    finally:
        model.train(training)
        torch.backends.mkldnn.set_flags(one_dnn, _fp32_precision=None)  # type: ignore[no-untyped-call]


def _through_output(layer: RecurrentLayer, by_h: Tensor, h: Tensor, c: Tensor) -> Tensor:
    """The part of dL/dc that goes through h = o * tanh(c) of the same step; all tensors (T + 1, B, H).

    dL/dh * o * (1 - tanh(c)^2), and with peepholes P_o^T (dL/dh * tanh(c) * o * (1 - o)), as o looks at c too.
    """
    squashed = torch.tanh(c)
    # An exactly empty cell does not show how far its gate is open: it counts as half.
    o = torch.where(squashed == 0.0, 0.5, h / squashed)
    through = by_h * o * (1.0 - squashed.square())
    if isinstance(layer, PeepholeLSTMLayer):
        looks = layer.looks()[2].detach()  # (H,) or (H, H)
        to_gate = by_h * h * (1.0 - o)
        through = through + (to_gate * looks if looks.dim() == 1 else to_gate @ looks)
    return through


def _norms(gradients: Tensor) -> list[float]:
    """Norms over H, averaged over B, latest first, as far as they are finite."""
    # Squares of float32 gradients underflow long before the gradients do; not every device has float64.
    norms = torch.linalg.vector_norm(gradients.cpu().double(), dim=-1).mean(dim=1).flip(0)
    return list(itertools.takewhile(math.isfinite, norms.tolist()))
