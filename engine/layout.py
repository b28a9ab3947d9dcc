"""One recurrent layer's weights, laid out once for stepping: `engine.steps` and `engine.rows` read the same ones."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from engine.cells.layer import RecurrentLayer
from engine.cells.peephole import PeepholeLSTMLayer
from engine.settings import ModelConfig

TABLE = 1 << 25  # numbers in the first layer's table, at most: 128 MB


@dataclass(frozen=True)
class Layout:
    """All float32. What a layer reads are ids where there is a table or `embedded`, otherwise vectors (I,).

    A GRU, whose reset gate needs the recurrent part of n apart, has its input weights in `inputs`; the other cells have
    them beside the recurrent ones in `weight`.
    """

    hidden: int
    weight: Tensor  # (G·H, H) with a table and in a GRU, else (G·H, I + H)
    bias: Tensor  # (G·H,) of inputs and states together; of a GRU, of the states alone
    table: Tensor | None = None  # (V, G·H): the products with all tokens, biases included (of a GRU, the inputs')
    embedded: Tensor | None = None  # (V, I): every token as the layer reads it, where a table would be too large
    inputs: Tensor | None = None  # (G·H, I) of a GRU without a table …
    input_bias: Tensor | None = None  # … and its (G·H,)
    peepholes: Tensor | None = None  # of i, f and o: (3, H), or (3, H, H)


@torch.no_grad()
def lay_out(config: ModelConfig, layer: RecurrentLayer, embedded: Tensor | None) -> Layout:
    """`embedded` (V, I) is every token as the first layer reads it; None above that.

    The first layer's products with all tokens go into a table, a row a token; unless the vocabulary is so large that
    the table would be larger than `TABLE`.
    """
    w_ih, w_hh, b_ih, b_hh = (weight.detach().float() for weight in layer.weights())
    hidden = w_hh.shape[1]
    gru = config.cell == "gru"
    bias, row_bias = (b_hh, b_ih) if gru else (b_ih + b_hh, b_ih + b_hh)
    looks = cast(PeepholeLSTMLayer, layer).looks().detach() if config.cell == "lstm-peephole" else None
    if embedded is not None and len(embedded) * len(w_ih) <= TABLE:
        return Layout(hidden, w_hh, bias, table=torch.addmm(row_bias, embedded, w_ih.t()), peepholes=looks)
    if gru:
        return Layout(hidden, w_hh, bias, embedded=embedded, inputs=w_ih, input_bias=b_ih)
    return Layout(hidden, torch.cat((w_ih, w_hh), dim=1), bias, embedded=embedded, peepholes=looks)
