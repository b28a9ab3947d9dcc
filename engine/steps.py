"""One step of one layer, on weights laid out for stepping: the equations are those of `engine.cells`."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from engine.cells.layer import LayerState, RecurrentLayer
from engine.cells.peephole import PeepholeLSTMLayer, peephole_step
from engine.products import Product, make_product
from engine.settings import ModelConfig, Packing

Step = Callable[[Tensor, LayerState], LayerState]  # a layer's inputs, or token ids, and its state to the new state
TABLE = 1 << 25  # numbers in the first layer's table, at most: 128 MB


def make_step(config: ModelConfig, layer: RecurrentLayer, embedded: Tensor | None, packing: Packing) -> Step:
    """One layer's step. `embedded` (V, I) is every token as the first layer reads it; None above that.

    The first layer's products with all tokens go into a table, a row a token, biases included; unless the vocabulary is
    so large that the table would be larger than `TABLE`.
    """
    if config.cell == "rnn-relu" or config.residual or config.layer_norm:
        packing = "fp16" if packing == "int8" else packing  # what a layer reads may be large
    match config.cell:
        case "gru":
            return GRUStep(layer, embedded, packing)
        case "lstm":
            return LSTMStep(layer, embedded, packing)
        case "lstm-peephole":
            return PeepholeStep(layer, embedded, packing)
        case "rnn-tanh":
            return RNNStep(torch.tanh_, layer, embedded, packing)
        case "rnn-relu":
            return RNNStep(torch.relu_, layer, embedded, packing)


class _Sums:
    """W x + U h + b of all gates (B, G·H): one product a step. x are ids (B,) in the first layer, else (B, I)."""

    def __init__(self, layer: RecurrentLayer, embedded: Tensor | None, packing: Packing) -> None:
        w_ih, w_hh, b_ih, b_hh = (weight.detach().float() for weight in layer.weights())
        self._bias = b_ih + b_hh
        self._rows = None
        self._embedded = None
        if embedded is not None and len(embedded) * len(w_ih) <= TABLE:
            self._rows = torch.addmm(self._bias, embedded, w_ih.t())  # (V, G·H)
            self._product = make_product(w_hh, packing)
        else:
            # Tokens' vectors may be large, and a layer's outputs are not.
            kind: Packing = "fp16" if embedded is not None and packing == "int8" else packing
            self._embedded = embedded
            self._product = make_product(torch.cat((w_ih, w_hh), dim=1), kind)

    def __call__(self, x: Tensor, h: Tensor) -> Tensor:
        if self._rows is not None:
            return self._product(h, self._rows[x])
        if self._embedded is not None:
            x = self._embedded[x]
        return self._product(torch.cat((x, h), dim=1), self._bias)


class LSTMStep:
    """c' = f c + i g, h' = o tanh c', see `engine.cells.lstm`."""

    def __init__(self, layer: RecurrentLayer, embedded: Tensor | None, packing: Packing) -> None:
        self._sums = _Sums(layer, embedded, packing)

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        h, c = state
        i, f, g, o = self._sums(x, h).view(len(h), 4, -1).unbind(1)  # (B, H) each
        c = torch.addcmul(f.sigmoid_() * c, i.sigmoid_(), g.tanh_())
        return torch.tanh(c).mul_(o.sigmoid_()), c


class PeepholeStep:
    """The same with gates that look at the cell, see `engine.cells.peephole`."""

    def __init__(self, layer: RecurrentLayer, embedded: Tensor | None, packing: Packing) -> None:
        self._sums = _Sums(layer, embedded, packing)
        self._peepholes = cast(PeepholeLSTMLayer, layer).looks().detach()

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        h, c = state
        return peephole_step(self._sums(x, h), c, self._peepholes)


class GRUStep:
    """h' = (1 - z) n + z h, see `engine.cells.gru`. The reset gate needs the recurrent part of n apart."""

    def __init__(self, layer: RecurrentLayer, embedded: Tensor | None, packing: Packing) -> None:
        w_ih, w_hh, b_ih, self._bias = (weight.detach().float() for weight in layer.weights())
        self._recurrent: Product = make_product(w_hh, packing)
        self._rows = self._inputs = self._embedded = None
        self._input_bias = b_ih
        if embedded is not None and len(embedded) * len(w_ih) <= TABLE:
            self._rows = torch.addmm(b_ih, embedded, w_ih.t())  # (V, 3H)
        else:
            kind: Packing = "fp16" if embedded is not None and packing == "int8" else packing
            self._embedded = embedded
            self._inputs = make_product(w_ih, kind)

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        (h,) = state
        H = h.shape[1]
        inputs = self._from_inputs(x)  # (B, 3H)
        recurrent = self._recurrent(h, self._bias)  # (B, 3H)
        r, z = recurrent[:, : 2 * H].add_(inputs[:, : 2 * H]).sigmoid_().view(len(h), 2, H).unbind(1)
        n = torch.addcmul(inputs[:, 2 * H :], r, recurrent[:, 2 * H :]).tanh_()
        return (torch.lerp(n, h, z),)

    def _from_inputs(self, x: Tensor) -> Tensor:
        if self._rows is not None:
            return self._rows[x]
        assert self._inputs is not None
        return self._inputs(x if self._embedded is None else self._embedded[x], self._input_bias)


class RNNStep:
    """h' = f(W x + U h + b), see `engine.cells.rnn`. f works in place."""

    def __init__(
        self,
        activation: Callable[[Tensor], Tensor],
        layer: RecurrentLayer,
        embedded: Tensor | None,
        packing: Packing,
    ) -> None:
        self._sums = _Sums(layer, embedded, packing)
        self._activation = activation

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        return (self._activation(self._sums(x, state[0])),)
