"""Reading a text of one stream with weights of bytes: every layer in one call, the layers side by side."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from engine.gates import Array
from engine.layout import Layout
from engine.rows import Kept, LayerSums, RowSteps
from engine.settings import ModelConfig
from engine.side_by_side import side_by_side
from engine.sums import as_array, in_bytes

PART = 64  # tokens that a layer reads before the one above follows
Read = Callable[[Array, Kept], tuple[Array, Kept]]  # what a layer reads (T, ·) and its state → outputs (T, H), state


class RowReader:
    """Of LSTM and GRU. Each layer is one part of the text behind the one below, so that two of them read at once; what
    comes out are the bits of stepping.
    """

    def __init__(self, config: ModelConfig, layouts: list[Layout], steps: RowSteps) -> None:
        """`steps` have weights of bytes, which this shares."""
        make = _reads_gru if config.cell == "gru" else _reads_lstm
        self._entries = steps.entries
        self._layers = [make(*each) for each in zip(layouts, steps.sums, strict=True)]

    def __call__(self, ids: npt.NDArray[np.int64], state: list[Kept]) -> list[Kept]:
        """The state after ids (T,)."""
        after = list(state)
        for _ in self._parts(ids, after):
            pass
        return after

    def outputs(self, ids: npt.NDArray[np.int64], state: list[Kept]) -> tuple[Array, list[Kept]]:
        """Top outputs (T, H) after each of ids (T,), T at least 1, and the state after the last."""
        after = list(state)
        return np.concatenate(list(self._parts(ids, after))), after

    def _parts(self, ids: npt.NDArray[np.int64], state: list[Kept]) -> Iterator[Array]:
        """The top outputs of each part; `state` becomes the one after the last."""
        parts = [self._entries[ids[start : start + PART]] for start in range(0, len(ids), PART)]
        outputs: list[Array] = [np.empty((0, 0), dtype=np.float32)] * len(self._layers)
        for tick in range(len(parts) + len(self._layers) - 1):
            busy = [layer for layer in range(len(self._layers)) if 0 <= tick - layer < len(parts)]
            work: list[Callable[[], tuple[Array, Kept]]] = [
                partial(self._layers[layer], outputs[layer - 1] if layer else parts[tick], state[layer])
                for layer in busy
            ]
            for layer, (read, kept) in zip(busy, side_by_side(work), strict=True):
                outputs[layer], state[layer] = read, kept
            if busy[-1] == len(self._layers) - 1:
                yield outputs[-1]


def _reads_lstm(_: Layout, sums: LayerSums) -> Read:
    from engine.compiled.reading import read_lstm

    of_gates = in_bytes(sums.gates)

    def read(rows: Array, state: Kept) -> tuple[Array, Kept]:
        of_inputs = (rows[:, :0], rows) if of_gates.bias is None else (rows, of_gates.bias)
        outputs, *kept = read_lstm(*of_gates.matrix, *of_inputs, *state)
        return outputs, tuple(kept)

    return read


def _reads_gru(layout: Layout, sums: LayerSums) -> Read:
    from engine.compiled.reading import read_gru

    of_states, bias = in_bytes(sums.gates), as_array(layout.bias)[None]

    def read(rows: Array, state: Kept) -> tuple[Array, Kept]:
        outputs, h = read_gru(*of_states.matrix, sums.inputs(rows), bias, state[0])
        return outputs, (h,)

    return read
