"""Which class computes which cell."""

from engine.cells.gru import GRULayer
from engine.cells.layer import RecurrentLayer
from engine.cells.lstm import LSTMLayer
from engine.cells.peephole import PeepholeLSTMLayer
from engine.cells.rnn import RNNLayer
from engine.settings import ModelConfig


def make_layer(config: ModelConfig, inputs: int) -> RecurrentLayer:
    """A fresh, initialised layer of the model's cell, for inputs of this width."""
    hidden = config.hidden
    layer: RecurrentLayer
    match config.cell:
        case "gru":
            layer = GRULayer(inputs, hidden)
        case "lstm":
            layer = LSTMLayer(inputs, hidden)
        case "lstm-peephole":
            layer = PeepholeLSTMLayer(inputs, hidden, config.peephole)
        case "rnn-tanh":
            layer = RNNLayer(inputs, hidden, "tanh")
        case "rnn-relu":
            layer = RNNLayer(inputs, hidden, "relu", identity=config.identity)
    layer.weight_dropout = config.weight_dropout
    layer.initialise()
    return layer
