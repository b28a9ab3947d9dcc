"""Long short-term memory (Hochreiter & Schmidhuber 1997) with forget gates (Gers et al. 2000).

    i_t = sigma(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)
    f_t = sigma(W_if x_t + b_if + W_hf h_{t-1} + b_hf)
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)
    o_t = sigma(W_io x_t + b_io + W_ho h_{t-1} + b_ho)
    c_t = f_t * c_{t-1} + i_t * g_t
    h_t = o_t * tanh(c_t)

Rows of the matrices: i, f, g, o.
"""

import torch
from torch import Tensor, nn

from engine.cells import quick
from engine.cells.beginning import beginning, table_pays
from engine.cells.halves import has_halves
from engine.cells.layer import CoreLayer, LayerState
from engine.precision import in_bf16


class LSTMLayer(CoreLayer):
    """State: h and c. torch's time steps, oneDNN's on a CPU; our own for tokens by a table, and in bfloat16 on a matrix
    unit. Of vectors in float32 ours are no quicker."""

    parts = 2
    gates = 4

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__(nn.LSTM(inputs, hidden))

    def run(self, inputs: Tensor, state: LayerState, ids: Tensor | None) -> tuple[Tensor, LayerState]:
        """(T, B, I) and twice (B, H) → (T, B, H) and twice (B, H)."""
        if ids is not None or has_halves(state[0]):
            w_ih, w_hh, b_ih, b_hh = self.used_weights()
            outputs, *after = quick.lstm(beginning(inputs, ids, w_ih, b_ih + b_hh), state[0], state[1], w_hh)
            return outputs, tuple(after)
        h, c = (part.unsqueeze(0) for part in state)  # (1, B, H)
        if in_bf16(inputs):
            # The cell stays float32, inside and from window to window.
            before, weights = (h.bfloat16(), c), [weight.bfloat16() for weight in self.used_weights()]
            outputs, h, c = torch.lstm(inputs.bfloat16(), before, weights, True, 1, 0.0, True, False, False)
            outputs, h = outputs.float(), h.float()
        elif self.drops_weights():
            outputs, h, c = torch.lstm(inputs, (h, c), self.used_weights(), True, 1, 0.0, True, False, False)
        else:
            outputs, (h, c) = self.core(inputs, (h, c))  # (T, B, H), 2 x (1, B, H)
        return outputs, (h.squeeze(0), c.squeeze(0))

    def takes_ids(self, ids: Tensor, vocabulary: int, state: LayerState) -> bool:
        """As every layer."""
        ours = has_halves(state[0]) or not in_bf16(state[0])
        return ours and table_pays(ids, vocabulary, state[0])

    @torch.no_grad()
    def initialise(self) -> None:
        """As every layer, but the forget gate's bias is 1: it begins by remembering (Jozefowicz et al. 2015)."""
        super().initialise()
        hidden = self.weights()[1].shape[1]
        self.weights()[2][hidden : 2 * hidden] = 1.0
