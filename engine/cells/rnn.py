"""The plain recurrent network (Elman 1990), with a tanh or a rectifier.

h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)        f = tanh or max(0, .)
"""

from typing import Literal

import torch
from torch import Tensor, nn

from engine.cells.layer import CoreLayer, LayerState, has_kernel
from engine.cells.rnn_kernel import rnn


class RNNLayer(CoreLayer):
    """State: h. Our own time steps on a CPU (`rnn_kernel`), cuDNN's on CUDA."""

    parts = 1
    gates = 1

    def __init__(
        self, inputs: int, hidden: int, nonlinearity: Literal["tanh", "relu"], *, identity: bool = False
    ) -> None:
        super().__init__(nn.RNN(inputs, hidden, nonlinearity=nonlinearity))
        self.nonlinearity = nonlinearity
        self.identity = identity

    def run(self, inputs: Tensor, state: LayerState, ids: Tensor | None) -> tuple[Tensor, LayerState]:
        """(T, B, I) and (B, H) → (T, B, H) and (B, H)."""
        if has_kernel(inputs):
            w_ih, w_hh, b_ih, b_hh = self.used_weights()
            rectified = self.nonlinearity == "relu"
            outputs, last = rnn(inputs, state[0], w_ih, w_hh, b_ih + b_hh, rectified=rectified)
            return outputs, (last,)
        h = state[0].unsqueeze(0)  # (1, B, H)
        if self.drops_weights():
            run = torch.rnn_tanh if self.nonlinearity == "tanh" else torch.rnn_relu
            outputs, h = run(inputs, h, self.used_weights(), True, 1, 0.0, True, False, False)
        else:
            outputs, h = self.core(inputs, h)  # (T, B, H), (1, B, H)
        return outputs, (h.squeeze(0),)

    @torch.no_grad()
    def initialise(self) -> None:
        """As every layer; with `identity`, a rectifier that begins by copying its state (Le et al. 2015)."""
        super().initialise()
        if self.identity:
            nn.init.eye_(self.weights()[1])
