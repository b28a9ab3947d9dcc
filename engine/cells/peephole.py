"""The LSTM whose gates look at the cell (Gers & Schmidhuber 2000).

    i_t = sigma(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi + P_i c_{t-1})
    f_t = sigma(W_if x_t + b_if + W_hf h_{t-1} + b_hf + P_f c_{t-1})
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)
    c_t = f_t * c_{t-1} + i_t * g_t
    o_t = sigma(W_io x_t + b_io + W_ho h_{t-1} + b_ho + P_o c_t)
    h_t = o_t * tanh(c_t)

The input and forget gates look at the cell as it was, the output gate at the cell as it is now. P_i, P_f and P_o are
vectors that multiply by element (``diagonal``, the paper's) or matrices (``full``). Rows of W: i, f, g, o. P: i, f, o.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.cells.beginning import table_pays
from engine.cells.layer import LayerState, RecurrentLayer, has_kernel
from engine.cells.peephole_kernel import peephole_lstm
from engine.settings import Peephole


class PeepholeLSTMLayer(RecurrentLayer):
    """State: h and c. Our own time steps on a CPU (`peephole_kernel`), elsewhere step by step as written here."""

    parts = 2
    gates = 4

    def __init__(self, inputs: int, hidden: int, peephole: Peephole) -> None:
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden, inputs))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden, hidden))
        self.bias_ih = nn.Parameter(torch.empty(4 * hidden))
        self.bias_hh = nn.Parameter(torch.empty(4 * hidden))
        # The vectors lie in one: weight decay is for matrices, and must not take them for one.
        shape = (3 * hidden,) if peephole == "diagonal" else (3, hidden, hidden)
        self.peepholes = nn.Parameter(torch.empty(shape))

    def forward(self, inputs: Tensor, state: LayerState, ids: Tensor | None = None) -> tuple[Tensor, LayerState]:
        """(T, B, I) and twice (B, H) → (T, B, H) and twice (B, H)."""
        h, c = state
        if has_kernel(inputs):
            w_ih, w_hh, b_ih, b_hh = self.used_weights()
            outputs, h, c = peephole_lstm(inputs, h, c, w_ih, w_hh, b_ih + b_hh, self.looks(), ids)
            return outputs, (h, c)
        return self.unrolled(inputs, state)

    def takes_ids(self, ids: Tensor, vocabulary: int, state: LayerState) -> bool:
        """As every layer."""
        return table_pays(ids, vocabulary, state[0])

    def unrolled(self, inputs: Tensor, state: LayerState) -> tuple[Tensor, LayerState]:
        """`forward` by torch's own operations."""
        h, c = state
        # One product for the inputs of all steps.
        from_inputs = F.linear(inputs, self.weight_ih, self.bias_ih + self.bias_hh)  # (T, B, 4H)
        # Of what isn't a parameter itself autocast would make a copy in 16 bits at each step.
        recurrent = self.used_weights()[1].to(from_inputs.dtype).t()
        peepholes = self.looks()
        if peepholes.dim() == 3:
            peepholes = peepholes.to(from_inputs.dtype)
        steps = []
        for row in from_inputs.unbind(0):  # (B, 4H)
            h, c = peephole_step(torch.addmm(row, h, recurrent), c, peepholes)
            steps.append(h)
        return torch.stack(steps), (h, c)

    def weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Those of the plain LSTM in it; `looks` are the rest."""
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def looks(self) -> Tensor:
        """P_i, P_f and P_o: (3, H), or (3, H, H)."""
        return self.peepholes.view(3, -1) if self.peepholes.dim() == 1 else self.peepholes

    @torch.no_grad()
    def initialise(self) -> None:
        """As the LSTM, its forget gate's bias at 1; peepholes begin closed, where the cell is a plain LSTM."""
        super().initialise()
        hidden = self.weight_hh.shape[1]
        self.bias_ih[hidden : 2 * hidden] = 1.0
        self.peepholes.zero_()


def peephole_step(gates: Tensor, c: Tensor, peepholes: Tensor) -> LayerState:
    """One step's (h, c), each (B, H), from its gates (B, 4H) without the peepholes, the old cell, and P."""
    i, f, g, o = gates.chunk(4, dim=1)
    c_new = torch.sigmoid(f + look(c, peepholes[1])) * c + torch.sigmoid(i + look(c, peepholes[0])) * torch.tanh(g)
    return torch.sigmoid(o + look(c_new, peepholes[2])) * torch.tanh(c_new), c_new


def look(c: Tensor, peephole: Tensor) -> Tensor:
    """What one gate sees of the cell c (B, H) through a vector (H,) or a matrix (H, H)."""
    return c * peephole if peephole.dim() == 1 else F.linear(c, peephole)
