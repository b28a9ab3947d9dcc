"""A model's weights, laid out for the kernels that choose several tokens in one call: see `engine.strides`."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.aligned import empty
from engine.gates import Array
from engine.layout import Layout
from engine.rows import LayerSums, RowSteps
from engine.settings import ModelConfig
from engine.sums import BytesSums, as_array, in_bytes

Bytes = npt.NDArray[np.int8]
Whole = npt.NDArray[np.int32]
Tokens = npt.NDArray[np.int64]
Remembered = tuple[Tokens, Tokens, Tokens]  # see `Chooser.remembered`
Bends = tuple[float, int, float, float, float, float]  # see `engine.choosing.bends`


class Written(NamedTuple):
    """What a call gives."""

    tokens: Tokens  # (S, B)
    nats: Array  # (S, B)
    states: tuple[Array, ...]  # h, or h and c: before each choice and after the last (S + 1, L, B, H)
    logits: Array  # after the last (B, V)


# logits (B, V), the parts of the state (L, B, H), what a chooser remembers, uniform numbers (S, B), and the dials
RowStride = Callable[[Array, Sequence[Array], Remembered, npt.NDArray[np.float64], Bends], Written]


def make_stride(config: ModelConfig, layouts: list[Layout], steps: RowSteps, panels: Array, bias: Array) -> RowStride:
    """Of LSTM or GRU layers with weights of bytes; `panels` and `bias` (V,) are the output layer's."""
    make = _of_gru if config.cell == "gru" else _of_lstm
    return make(layouts, steps, (steps.entries, panels, bias))


def _of_lstm(layouts: list[Layout], steps: RowSteps, others: tuple[Array, Array, Array]) -> RowStride:
    from engine.compiled.striding import stride_lstm

    layers = [in_bytes(layer.gates) for layer in steps.sums]
    width = steps.entries.shape[1]
    biases = np.stack([np.zeros((1, width), np.float32) if layer.bias is None else layer.bias for layer in layers])
    of_gates = _laid_out(layers, biases.shape[2])

    def stride(
        logits: Array, state: Sequence[Array], remembered: Remembered, numbers: npt.NDArray[np.float64], bends: Bends
    ) -> Written:
        h, c = state
        tokens, nats, all_h, all_c, after = stride_lstm(
            *of_gates, biases, *others, logits, h, c, *remembered, numbers, bends
        )
        return Written(tokens, nats, (all_h, all_c), after)

    return stride


def _of_gru(layouts: list[Layout], steps: RowSteps, others: tuple[Array, Array, Array]) -> RowStride:
    from engine.compiled.striding import stride_gru

    layers = [in_bytes(layer.gates) for layer in steps.sums]
    biases = np.stack([as_array(layout.bias)[None] for layout in layouts])
    of_gates = _laid_out(layers, biases.shape[2])
    above = [_of_inputs(layer) for layer in steps.sums[1:]]  # those of the first layer stand in its table
    of_inputs = _laid_out([sums for sums, _ in above], biases.shape[2])
    input_biases = np.stack([bias for _, bias in above]) if above else biases[:0]

    def stride(
        logits: Array, state: Sequence[Array], remembered: Remembered, numbers: npt.NDArray[np.float64], bends: Bends
    ) -> Written:
        (h,) = state
        tokens, nats, all_h, after = stride_gru(
            *of_gates, biases, *of_inputs, input_biases, *others, logits, h, *remembered, numbers, bends
        )
        return Written(tokens, nats, (all_h,), after)

    return stride


def _laid_out(layers: Sequence[BytesSums], width: int) -> tuple[Bytes, Tokens, Array, Whole]:
    """The layers' weights one behind the other, which they share from now on, and where each begins and the last ends
    (L + 1,); their scales and totals (L, N), N being `width`.

    A kernel takes arrays of as many dimensions for any depth, or it would be compiled for each.
    """
    weights = [layer.matrix[0] for layer in layers]
    starts = np.cumsum([0, *(each.size for each in weights)])
    flat = empty((int(starts[-1]),), np.int8)
    np.concatenate([flat[:0], *(each.ravel() for each in weights)], out=flat)
    scales, totals = np.empty((len(layers), width), np.float32), np.empty((len(layers), width), np.int32)
    for number, (layer, start, end) in enumerate(zip(layers, starts, starts[1:], strict=False)):
        shape, scales[number], totals[number] = layer.matrix[0].shape, *layer.matrix[1:]
        layer.matrix = flat[start:end].reshape(shape), scales[number], totals[number]
    return flat, starts, scales, totals


def _of_inputs(layer: LayerSums) -> tuple[BytesSums, Array]:
    assert isinstance(layer.inputs, partial)
    bias: Array = layer.inputs.args[0]
    return in_bytes(layer.inputs.func), bias
