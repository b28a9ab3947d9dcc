"""One step of one layer for a batch of streams: the equations are those of `engine.cells`."""

from collections.abc import Callable

import torch
from torch import Tensor

from engine.cells.layer import LayerState
from engine.cells.peephole import peephole_step
from engine.layout import Layout
from engine.products import Product, make_product
from engine.settings import ModelConfig, Packing

Step = Callable[[Tensor, LayerState], LayerState]  # a layer's inputs, or token ids, and its state to the new state


def make_step(config: ModelConfig, layout: Layout, packing: Packing) -> Step:
    """One layer's step."""
    if config.cell == "rnn-relu" or config.residual or config.layer_norm:
        packing = "fp16" if packing == "int8" else packing  # what a layer reads may be large
    match config.cell:
        case "gru":
            return GRUStep(layout, packing)
        case "lstm":
            return LSTMStep(layout, packing)
        case "lstm-peephole":
            return PeepholeStep(layout, packing)
        case "rnn-tanh":
            return RNNStep(torch.tanh_, layout, packing)
        case "rnn-relu":
            return RNNStep(torch.relu_, layout, packing)


class _Sums:
    """W x + U h + b of all gates (B, G·H): one product a step. x are ids (B,) in the first layer, else (B, I)."""

    def __init__(self, layout: Layout, packing: Packing) -> None:
        self._layout = layout
        # Tokens' vectors may be large, and a layer's outputs are not.
        kind: Packing = "fp16" if layout.embedded is not None and packing == "int8" else packing
        self._product = make_product(layout.weight, kind)

    def __call__(self, x: Tensor, h: Tensor) -> Tensor:
        layout = self._layout
        if layout.table is not None:
            return self._product(h, layout.table[x])
        if layout.embedded is not None:
            x = layout.embedded[x]
        return self._product(torch.cat((x, h), dim=1), layout.bias)


class LSTMStep:
    """c' = f c + i g, h' = o tanh c', see `engine.cells.lstm`."""

    def __init__(self, layout: Layout, packing: Packing) -> None:
        self._sums = _Sums(layout, packing)

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        h, c = state
        i, f, g, o = self._sums(x, h).view(len(h), 4, -1).unbind(1)  # (B, H) each
        c = torch.addcmul(f.sigmoid_() * c, i.sigmoid_(), g.tanh_())
        return torch.tanh(c).mul_(o.sigmoid_()), c


class PeepholeStep:
    """The same with gates that look at the cell, see `engine.cells.peephole`."""

    def __init__(self, layout: Layout, packing: Packing) -> None:
        assert layout.peepholes is not None
        self._sums = _Sums(layout, packing)
        self._peepholes = layout.peepholes

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        h, c = state
        return peephole_step(self._sums(x, h), c, self._peepholes)


class GRUStep:
    """h' = (1 - z) n + z h, see `engine.cells.gru`. The reset gate needs the recurrent part of n apart."""

    def __init__(self, layout: Layout, packing: Packing) -> None:
        self._layout = layout
        self._recurrent: Product = make_product(layout.weight, packing)
        if layout.inputs is not None:
            kind: Packing = "fp16" if layout.embedded is not None and packing == "int8" else packing
            self._inputs: Product = make_product(layout.inputs, kind)

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        (h,) = state
        H = h.shape[1]
        inputs = self._from_inputs(x)  # (B, 3H)
        recurrent = self._recurrent(h, self._layout.bias)  # (B, 3H)
        r, z = recurrent[:, : 2 * H].add_(inputs[:, : 2 * H]).sigmoid_().view(len(h), 2, H).unbind(1)
        n = torch.addcmul(inputs[:, 2 * H :], r, recurrent[:, 2 * H :]).tanh_()
        return (torch.lerp(n, h, z),)

    def _from_inputs(self, x: Tensor) -> Tensor:
        layout = self._layout
        if layout.table is not None:
            return layout.table[x]
        assert layout.input_bias is not None
        return self._inputs(x if layout.embedded is None else layout.embedded[x], layout.input_bias)


class RNNStep:
    """h' = f(W x + U h + b), see `engine.cells.rnn`. f works in place."""

    def __init__(self, activation: Callable[[Tensor], Tensor], layout: Layout, packing: Packing) -> None:
        self._sums = _Sums(layout, packing)
        self._activation = activation

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        return (self._activation(self._sums(x, state[0])),)
