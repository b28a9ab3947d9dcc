"""Steps in numpy on a CPU, from sums and gates: of one stream in float32, of any number with weights of bytes.

A small step is a few products and a few operations on short rows; numpy begins these within a tenth of the time that
torch takes, and compiled ones in less. Results are new arrays: steps may be taken from several threads.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine import compiled
from engine import gates as exact_gates
from engine.gates import Array, gates
from engine.layout import Layout
from engine.settings import ModelConfig
from engine.sums import BytesSums, ExactSums, as_array

Kept = tuple[Array, ...]  # one layer's state: h, or h and c, each (B, H)
RowStep = Callable[[Array, Kept], Kept]  # what a layer reads (B, ·), see `engine.sums`, and its state → its state after
Sums = ExactSums | BytesSums


class LayerSums(NamedTuple):
    """What makes the sums of one layer's gates."""

    gates: Sums  # of inputs and states; of a GRU, whose reset gate needs the states' part of n apart, of the states …
    inputs: Callable[[Array], Array]  # … and this of what it reads (B, ·): (B, 3H)


class RowSteps:
    """All layers' steps: token ids or one id, and the state, to the state after."""

    def __init__(self, config: ModelConfig, layouts: list[Layout], *, in_bytes: bool) -> None:
        self.batched = in_bytes  # whether it takes more than one stream
        self.sums = [_make_sums(config, layout, BytesSums if in_bytes else ExactSums) for layout in layouts]
        self._steps = [_make_step(config, *each) for each in zip(layouts, self.sums, strict=True)]
        first = layouts[0]
        entries = first.table if first.table is not None else first.embedded
        assert entries is not None
        self.entries = as_array(entries)  # what the first layer reads of each token

    def __call__(self, ids: int | npt.NDArray[np.int64], state: list[Kept]) -> list[Kept]:
        x = self.entries[ids : ids + 1] if isinstance(ids, int) else self.entries[ids]
        after = []
        for step, before in zip(self._steps, state, strict=True):
            kept = step(x, before)
            after.append(kept)
            x = kept[0]
        return after


def takes_bytes(config: ModelConfig, layouts: list[Layout]) -> bool:
    """Whether a model's steps can have weights of bytes here: all that its layers read lies between -1 and 1."""
    bounded = config.cell != "rnn-relu" and not (config.cell == "lstm-peephole" and config.peephole == "full")
    return bounded and layouts[0].table is not None and compiled.usable()


def _make_sums(config: ModelConfig, layout: Layout, sums: type[ExactSums] | type[BytesSums]) -> LayerSums:
    if config.cell == "gru":
        return LayerSums(sums(layout.weight, None, 0), _gru_inputs(layout, sums))
    bias = None if layout.table is not None else layout.bias
    return LayerSums(sums(layout.weight, bias, layout.weight.shape[1] - layout.hidden), _as_they_are)


def _gru_inputs(layout: Layout, sums: type[ExactSums] | type[BytesSums]) -> Callable[[Array], Array]:
    """The inputs' part stands in the table where there is one."""
    if layout.table is not None:
        return _as_they_are
    assert layout.inputs is not None and layout.input_bias is not None
    return partial(sums(layout.inputs, None, 0), as_array(layout.input_bias)[None])


def _as_they_are(x: Array) -> Array:
    return x


def _make_step(config: ModelConfig, layout: Layout, sums: LayerSums) -> RowStep:
    of_gates = sums.gates
    match config.cell:
        case "gru":
            return partial(_gru, sums, as_array(layout.bias)[None])
        case "lstm":
            return partial(_lstm_in_bytes, of_gates) if isinstance(of_gates, BytesSums) else partial(_lstm, of_gates)
        case "lstm-peephole":
            assert layout.peepholes is not None
            return partial(_peephole, of_gates, as_array(layout.peepholes))
        case "rnn-tanh":
            return lambda x, state: (gates().tanh(of_gates(x, state[0])),)
        case "rnn-relu":
            return lambda x, state: (exact_gates.rectified(of_gates(x, state[0])),)


def _lstm(sums: Sums, x: Array, state: Kept) -> Kept:
    h, c = state
    return gates().lstm(sums(x, h), c)


def _lstm_in_bytes(sums: BytesSums, x: Array, state: Kept) -> Kept:
    return sums.lstm(x, *state)


def _peephole(sums: Sums, looks: Array, x: Array, state: Kept) -> Kept:
    h, c = state
    look = gates().peephole if looks.ndim == 2 else exact_gates.peephole
    return look(sums(x, h), c, looks)


def _gru(sums: LayerSums, bias: Array, x: Array, state: Kept) -> Kept:
    (h,) = state
    return (gates().gru(sums.inputs(x), sums.gates(bias, h), h),)
