"""The quickest time steps that this processor has for a layer: on its matrix unit in bfloat16, or in float32.

For states that `usable_for` says yes to. numba is imported only here.
"""

from torch import Tensor

from engine.cells.beginning import Beginning
from engine.cells.halves import has_halves


def lstm(
    begins: Beginning, h: Tensor, c: Tensor, w_hh: Tensor, looks: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """An LSTM's outputs (T, B, H) and the last h and c (B, H), of the h and c before.

    The sums of inputs begin with the biases; `looks` are peepholes (3, H) or (3, H, H), of i, f and o.
    """
    if looks is None:
        looks = w_hh.new_zeros(3, w_hh.shape[1])
    if has_halves(h) and looks.dim() == 2:
        from engine.cells.lstm_in_halves import lstm_in_halves

        return lstm_in_halves(begins, h, c, w_hh, looks)
    from engine.cells.compiled_lstm import compiled_lstm

    return compiled_lstm(begins, h, c, w_hh, looks)


def gru(begins: Beginning, h: Tensor, w_hh: Tensor, bias_n: Tensor) -> tuple[Tensor, Tensor]:
    """A GRU's outputs (T, B, H) and the last state (B, H), of the state before.

    The sums of inputs begin with both biases of r and z and that of the inputs of n; `bias_n` (H,) is the other of n.
    """
    if has_halves(h):
        from engine.cells.gru_in_halves import gru_in_halves

        return gru_in_halves(begins, h, w_hh, bias_n)
    from engine.cells.compiled_gru import compiled_gru

    return compiled_gru(begins, h, w_hh, bias_n)
