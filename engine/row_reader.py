"""Reading a text of one stream with weights of bytes: every layer in one call, the layers side by side."""

from collections.abc import Callable
from concurrent.futures import wait
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from engine.gates import Array
from engine.layout import Layout
from engine.rows import Kept
from engine.settings import ModelConfig
from engine.sums import BytesSums, as_array, helpers

PART = 64  # tokens that a layer reads before the one above follows
Read = Callable[[Array, Kept], tuple[Array, Kept]]  # what a layer reads (T, ·) and its state → outputs (T, H), state


class RowReader:
    """Of LSTM and GRU. Each layer is one part of the text behind the one below, so that two of them read at once; what
    comes out are the bits of stepping.
    """

    def __init__(self, config: ModelConfig, layouts: list[Layout]) -> None:
        """Needs `engine.rows.takes_bytes`."""
        assert layouts[0].table is not None
        self._table = as_array(layouts[0].table)
        self._layers = [(_reads_gru if config.cell == "gru" else _reads_lstm)(layout) for layout in layouts]

    def __call__(self, ids: npt.NDArray[np.int64], state: list[Kept]) -> list[Kept]:
        """The state after ids (T,)."""
        parts = [self._table[ids[start : start + PART]] for start in range(0, len(ids), PART)]
        after = list(state)
        outputs: list[Array] = [np.empty((0, 0), dtype=np.float32)] * len(self._layers)
        for tick in range(len(parts) + len(self._layers) - 1):
            busy = [layer for layer in range(len(self._layers)) if 0 <= tick - layer < len(parts)]
            work: list[Callable[[], tuple[Array, Kept]]] = [
                partial(self._layers[layer], outputs[layer - 1] if layer else parts[tick], after[layer])
                for layer in busy
            ]
            for layer, (read, kept) in zip(busy, _all(work), strict=True):
                outputs[layer], after[layer] = read, kept
        return after


def _all(work: list[Callable[[], tuple[Array, Kept]]]) -> list[tuple[Array, Kept]]:
    """What each gives, on as many threads as torch may have now."""
    if torch.get_num_threads() == 1 or len(work) == 1:
        return [each() for each in work]
    others = [helpers().submit(each) for each in work[:-1]]
    last = work[-1]()
    wait(others)
    return [*(each.result() for each in others), last]


def _reads_lstm(layout: Layout) -> Read:
    from engine.compiled.reading import read_lstm

    sums = BytesSums(layout.weight, None)
    none = np.empty((1, 0), dtype=np.float32)
    bias = none if layout.table is not None else as_array(layout.bias)[None]

    def read(rows: Array, state: Kept) -> tuple[Array, Kept]:
        outputs, *kept = read_lstm(*sums.matrix, rows, bias, *state)
        return outputs, tuple(kept)

    return read


def _reads_gru(layout: Layout) -> Read:
    from engine.compiled.reading import read_gru

    sums, bias = BytesSums(layout.weight, None), as_array(layout.bias)[None]
    inputs: Callable[[Array], Array] = lambda rows: rows  # noqa: E731
    if layout.table is None:
        assert layout.inputs is not None and layout.input_bias is not None
        inputs = partial(BytesSums(layout.inputs, None), as_array(layout.input_bias)[None])

    def read(rows: Array, state: Kept) -> tuple[Array, Kept]:
        outputs, h = read_gru(*sums.matrix, inputs(rows), bias, state[0])
        return outputs, (h,)

    return read
