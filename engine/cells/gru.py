"""Gated recurrent unit (Cho et al. 2014), in the variant of cuDNN and torch: the reset gate acts after the product.

    r_t = sigma(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)
    z_t = sigma(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)
    n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_{t-1} + b_hn))
    h_t = (1 - z_t) * n_t + z_t * h_{t-1}

Rows of the matrices: r, z, n.
"""

import torch
from torch import Tensor, nn

from engine.cells.beginning import table_pays
from engine.cells.gru_kernel import gru
from engine.cells.layer import CoreLayer, LayerState, has_kernel


class GRULayer(CoreLayer):
    """State: h. Our own time steps on a CPU (`gru_kernel`), cuDNN's on CUDA."""

    parts = 1
    gates = 3

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__(nn.GRU(inputs, hidden))

    def run(self, inputs: Tensor, state: LayerState, ids: Tensor | None) -> tuple[Tensor, LayerState]:
        """(T, B, I) and (B, H) → (T, B, H) and (B, H)."""
        if has_kernel(inputs):
            w_ih, w_hh, b_ih, b_hh = self.used_weights()
            outputs, last = gru(inputs, state[0], w_ih, w_hh, b_ih, b_hh, ids)
            return outputs, (last,)
        h = state[0].unsqueeze(0)  # (1, B, H)
        if self.drops_weights():
            outputs, h = torch.gru(inputs, h, self.used_weights(), True, 1, 0.0, True, False, False)
        else:
            outputs, h = self.core(inputs, h)  # (T, B, H), (1, B, H)
        return outputs, (h.squeeze(0),)

    def takes_ids(self, ids: Tensor, vocabulary: int, state: LayerState) -> bool:
        """As every layer."""
        return table_pays(ids, vocabulary, state[0])
