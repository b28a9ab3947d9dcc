"""What every recurrent layer looks like from outside, whatever its cell."""

import contextlib
import contextvars
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.precision import rounds_too_much

LayerState = tuple[Tensor, ...]  # one (B, H) tensor for GRU (h), two for LSTM (h, c)
_PLAIN = contextvars.ContextVar("layers by torch's own operations", default=False)


def has_kernel(inputs: Tensor) -> bool:
    """Whether our own time steps are for these inputs: on a CPU, and not within `plain_steps`."""
    return inputs.device.type == "cpu" and not _PLAIN.get()


@contextlib.contextmanager
def plain_steps() -> Iterator[None]:
    """Every layer by torch's own operations, of which a single step copies no weights and is quicker."""
    token = _PLAIN.set(True)
    try:
        yield
    finally:
        _PLAIN.reset(token)


class RecurrentLayer(nn.Module):
    """One layer over a whole sequence: inputs (T, B, I) and the state before them to outputs (T, B, H).

    `weights` gives the cell's matrices in torch's gate order, so that a decoder can lay them out its own way.
    """

    parts: int  # tensors in the layer's state
    gates: int  # blocks of H rows in the weight matrices
    weight_dropout: float = 0.0  # of recurrent weights, in training

    def forward(self, inputs: Tensor, state: LayerState, ids: Tensor | None = None) -> tuple[Tensor, LayerState]:
        """(T, B, I) and ``parts`` tensors of (B, H) → (T, B, H) and as many of (B, H).

        With ids (T, B), which a layer may be given where it `takes_ids`, inputs are (V, I), and their rows are read.
        """
        raise NotImplementedError

    def takes_ids(self, ids: Tensor, vocabulary: int, state: LayerState) -> bool:
        """Whether ids (T, B) and all that they may stand for are quicker for this layer than inputs (T, B, I)."""
        return False

    def weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """W_ih (G·H, I), W_hh (G·H, H), b_ih (G·H,), b_hh (G·H,)."""
        raise NotImplementedError

    def zero_state(self, batch: int) -> LayerState:
        """The state before any input: ``parts`` tensors of (B, H) zeros, on the layer's device."""
        weight = self.weights()[1]
        return tuple(weight.new_zeros(batch, weight.shape[1]) for _ in range(self.parts))

    @torch.no_grad()
    def initialise(self) -> None:
        """Orthogonal recurrent blocks (Saxe et al. 2014), Xavier input blocks (Glorot & Bengio 2010), zero biases."""
        w_ih, w_hh, b_ih, b_hh = self.weights()
        for gate in range(self.gates):
            rows = slice(gate * w_hh.shape[1], (gate + 1) * w_hh.shape[1])
            nn.init.xavier_uniform_(w_ih[rows])
            nn.init.orthogonal_(w_hh[rows])
        b_ih.zero_()
        b_hh.zero_()

    def drops_weights(self) -> bool:
        """Whether this call must drop recurrent weights (DropConnect, as Merity et al. 2018 use it)."""
        return self.training and self.weight_dropout > 0.0

    def used_weights(self) -> list[Tensor]:
        """`weights`, with the recurrent ones dropped for this call: one mask for all its time steps."""
        w_ih, w_hh, b_ih, b_hh = self.weights()
        return [w_ih, F.dropout(w_hh, self.weight_dropout, self.drops_weights()), b_ih, b_hh]


class CoreLayer(RecurrentLayer):
    """A layer that torch computes, in oneDNN on the CPU and cuDNN on CUDA, or that stands in for one on the CPU."""

    def __init__(self, core: nn.RNNBase) -> None:
        super().__init__()
        self.core = core

    def forward(self, inputs: Tensor, state: LayerState, ids: Tensor | None = None) -> tuple[Tensor, LayerState]:
        """As every layer. In bfloat16 on CUDA it computes in float32."""
        if not rounds_too_much(inputs):
            return self.run(inputs, state, ids)
        with torch.autocast("cuda", enabled=False):
            return self.run(inputs.float(), state, ids)

    def run(self, inputs: Tensor, state: LayerState, ids: Tensor | None) -> tuple[Tensor, LayerState]:
        """`forward` in the precision that is given."""
        raise NotImplementedError

    def weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Those of the core, under torch's names."""
        core = self.core
        return (
            core.get_parameter("weight_ih_l0"),
            core.get_parameter("weight_hh_l0"),
            core.get_parameter("bias_ih_l0"),
            core.get_parameter("bias_hh_l0"),
        )
