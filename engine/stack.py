"""A stack of recurrent layers that reads in one direction."""

from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from engine.cells.layer import LayerState, RecurrentLayer
from engine.cells.making import make_layer
from engine.dropout import locked_dropout
from engine.settings import ModelConfig

State = list[LayerState]  # one entry a layer


class Stack(nn.Module):
    """Layers, lowest first: inputs (T, B, E) and the state before them to the top outputs (T, B, H) and the state.

    With ids (T, B), which it may be given where it `takes_ids`, inputs are (V, E), and their rows are read.

    With `layer_norm` each layer reads a normalised input, and the top outputs are normalised too. With `residual` a
    layer whose input is as wide as its output adds to it: x + layer(norm(x)).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        E, H = config.embedding, config.hidden
        self.dropout = config.drop("layer")
        self.layers = nn.ModuleList(make_layer(config, E if n == 0 else H) for n in range(config.layers))
        widths = [E, *[H] * config.layers]
        self.adds = [config.residual and width == H for width in widths[:-1]]  # whether a layer adds to its input
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in widths) if config.layer_norm else None

    def forward(self, x: Tensor, state: State, ids: Tensor | None = None) -> tuple[Tensor, State]:
        after: State = []
        for number, (layer, before) in enumerate(zip(self.each(), state, strict=True)):
            outputs, layer_state = layer(self.norm(number, x), before, ids)  # (T, B, H)
            if number + 1 < len(self.layers):
                outputs = locked_dropout(outputs, self.dropout, self.training)
            if self.adds[number]:
                outputs = outputs + (x if ids is None else F.embedding(ids, x))
            x, ids = outputs, None
            after.append(layer_state)
        return self.norm(len(self.layers), x), after

    def each(self) -> list[RecurrentLayer]:
        """The layers, lowest first."""
        return cast(list[RecurrentLayer], list(self.layers))

    def takes_ids(self, ids: Tensor, vocabulary: int, state: State) -> bool:
        """Whether ids (T, B) and all that they may stand for are quicker than inputs (T, B, E)."""
        return self.each()[0].takes_ids(ids, vocabulary, state[0])

    def norm(self, number: int, x: Tensor) -> Tensor:
        """x as layer `number` reads it; as the output layer reads it for the number after the last."""
        return x if self.norms is None else cast(Tensor, self.norms[number](x))

    def zero_state(self, batch: int) -> State:
        """The state before any text, for `batch` streams."""
        return [layer.zero_state(batch) for layer in self.each()]
