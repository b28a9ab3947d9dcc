"""One token after another, near the speed at which the weights can be read.

A training layer pays for preparing whole sequences at each call; at one token a call that is most of the time. So
the weights are laid out once for stepping: the embedding is folded with the first layer's input weights into a table
(a row a token, biases included), and each later layer's input and recurrent weights stand side by side, so that a
layer's step is one matrix product.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor

from engine.cells.layer import LayerState, RecurrentLayer
from engine.cells.peephole import PeepholeLSTMLayer, peephole_step
from engine.model import LanguageModel, Side
from engine.settings import Cell
from engine.stack import State

Step = Callable[[Tensor, LayerState], LayerState]  # a layer's inputs, or token ids, and its state to the new state
Activation = Callable[[Tensor], Tensor]
BLOCK = 512  # tokens that `prefill` reads at once: at training speed, in bounded memory


class Decoder:
    """Steps one direction of a trained `LanguageModel`. Reads the weights at construction; later training does not
    reach it. The back side is given tokens from right to left, and everything below holds for it in its own order.
    """

    @torch.no_grad()
    def __init__(self, model: LanguageModel, side: Side = "ahead") -> None:
        self.model = model.eval()
        self.side: Side = side
        self.device = model.embedding.weight.device
        self._stack = model.stack(side)
        self._embedding = model.embedding.weight.detach().float()
        first = self._stack.norm(0, self._embedding)
        self._steps = [
            _pack(model.config.cell, layer, first if number == 0 else None)
            for number, layer in enumerate(self._stack.each())
        ]
        self._plain = not (model.config.residual or model.config.layer_norm)

    def zero_state(self, batch: int = 1) -> State:
        """The state before any text."""
        return self.model.zero_state(batch)

    @torch.inference_mode()
    def start_hidden(self, batch: int = 1) -> Tensor:
        """What the output layer reads (B, H) before any text: zeros, as every layer's output was."""
        return torch.zeros(batch, self.model.config.hidden, device=self.device)

    @torch.inference_mode()
    def start_logits(self, batch: int = 1) -> Tensor:
        """Logits (B, V) for the very first token of a text, from the zero state."""
        return self.logits(self.start_hidden(batch))

    @torch.inference_mode()
    def logits(self, hidden: Tensor) -> Tensor:
        """The output layer alone: (…, H) → (…, V)."""
        return self.model.logits(hidden) if self.side == "ahead" else self.model.logits(None, hidden)

    @torch.inference_mode()
    def step(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Reads one token in each stream: ids (B,) → logits (B, V) and the state after them."""
        hidden, after = self.advance(ids, state)
        return self.logits(hidden), after

    @torch.inference_mode()
    def advance(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """`step` without the output layer: ids (B,) → top outputs (B, H) and the state after them."""
        after: State = []
        x = ids
        if self._plain:
            for step, before in zip(self._steps, state, strict=True):
                after.append(step(x, before))
                x = after[-1][0]
            return x, after
        stream = self._embedding[ids]  # what the residual connections add to
        for number, (step, before) in enumerate(zip(self._steps, state, strict=True)):
            after.append(step(ids if number == 0 else self._stack.norm(number, stream), before))
            outputs = after[-1][0]
            stream = stream + outputs if self._stack.adds[number] else outputs
        return self._stack.norm(len(self._steps), stream), after

    @torch.inference_mode()
    def read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Top outputs (T, B, H) after each of ids (T, B), and the state after the last: at training speed."""
        return self.model.read(ids, state, self.side)

    @torch.inference_mode()
    def prefill(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Reads a whole prompt: ids (T, B), T at least 1 → logits (B, V) after the last token, and the state there.

        Reads in blocks from the front, so the same prompt gives the same bits whatever was read before it.
        """
        hidden = None
        for block in torch.split(ids, BLOCK):
            hidden, state = self.read(block, state)
        if hidden is None:
            raise ValueError("prefill needs at least one token")
        return self.logits(hidden[-1]), state


class _GRUStep:
    """h' = (1 - z) n + z h, see `engine.cells.gru`. The reset gate needs the recurrent part of n apart."""

    def __init__(self, table: Tensor | None, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> None:
        self.table = table  # (V, 3H): b_ih + W_ih e for every token, or None above the first layer
        self.w_ih, self.b_ih = w_ih.t(), b_ih  # (I, 3H)
        self.w_hh, self.b_hh = w_hh.t(), b_hh  # (H, 3H)

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        (h,) = state
        H = h.shape[1]
        inputs = self.table[x] if self.table is not None else torch.addmm(self.b_ih, x, self.w_ih)  # (B, 3H)
        recurrent = torch.addmm(self.b_hh, h, self.w_hh)  # (B, 3H)
        gates = torch.sigmoid(inputs[:, : 2 * H] + recurrent[:, : 2 * H])
        r, z = gates[:, :H], gates[:, H:]
        n = torch.tanh(inputs[:, 2 * H :] + r * recurrent[:, 2 * H :])
        return (torch.lerp(n, h, z),)


class _LSTMStep:
    """c' = f c + i g, h' = o tanh c', see `engine.cells.lstm`; with peepholes, `engine.cells.peephole`."""

    def __init__(
        self,
        table: Tensor | None,
        w_ih: Tensor,
        w_hh: Tensor,
        b_ih: Tensor,
        b_hh: Tensor,
        peepholes: Tensor | None = None,
    ) -> None:
        self.bias = b_ih + b_hh
        self.table = None if table is None else table + b_hh  # (V, 4H)
        weights = w_hh if table is not None else torch.cat((w_ih, w_hh), dim=1)
        self.weights = weights.contiguous().t()  # (H, 4H), or (I + H, 4H) above the first layer
        self.peepholes = peepholes

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        h, c = state
        if self.table is not None:
            gates = torch.addmm(self.table[x], h, self.weights)  # (B, 4H)
        else:
            gates = torch.addmm(self.bias, torch.cat((x, h), dim=1), self.weights)
        if self.peepholes is not None:
            return peephole_step(gates, c, self.peepholes)
        i, f, g, o = gates.chunk(4, dim=1)
        c = torch.addcmul(torch.sigmoid(f) * c, torch.sigmoid(i), torch.tanh(g))
        return torch.sigmoid(o) * torch.tanh(c), c


class _RNNStep:
    """h' = f(W x + U h + b), see `engine.cells.rnn`."""

    def __init__(
        self, activation: Activation, table: Tensor | None, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
    ) -> None:
        self.activation = activation
        self.bias = b_ih + b_hh
        self.table = None if table is None else table + b_hh  # (V, H)
        weights = w_hh if table is not None else torch.cat((w_ih, w_hh), dim=1)
        self.weights = weights.contiguous().t()  # (H, H), or (I + H, H) above the first layer

    def __call__(self, x: Tensor, state: LayerState) -> LayerState:
        (h,) = state
        if self.table is not None:
            return (self.activation(torch.addmm(self.table[x], h, self.weights)),)
        return (self.activation(torch.addmm(self.bias, torch.cat((x, h), dim=1), self.weights)),)


def _pack(cell: Cell, layer: RecurrentLayer, embedded: Tensor | None) -> Step:
    """One layer's step. `embedded` (V, I) is every token as the first layer reads it; None above that."""
    w_ih, w_hh, b_ih, b_hh = (weight.detach().float() for weight in layer.weights())
    table = None if embedded is None else torch.addmm(b_ih, embedded, w_ih.t())  # (V, G·H)
    match cell:
        case "gru":
            return _GRUStep(table, w_ih, w_hh, b_ih, b_hh)
        case "lstm":
            return _LSTMStep(table, w_ih, w_hh, b_ih, b_hh)
        case "lstm-peephole":
            looks = cast(PeepholeLSTMLayer, layer).looks().detach()
            return _LSTMStep(table, w_ih, w_hh, b_ih, b_hh, looks)
        case "rnn-tanh":
            return _RNNStep(torch.tanh, table, w_ih, w_hh, b_ih, b_hh)
        case "rnn-relu":
            return _RNNStep(torch.relu, table, w_ih, w_hh, b_ih, b_hh)
