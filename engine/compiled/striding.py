"""Several tokens of some streams in one call: choose, step, choose …, nothing of Python between them.

What a step and a choice are is said by `reading` and `choosing`: their bits are these.
"""

import numpy as np
import numpy.typing as npt

from engine.compiled.choosing import choose
from engine.compiled.copying import put, put_rows
from engine.compiled.dots import HAS_VNNI, ROWS
from engine.compiled.gates import gru
from engine.compiled.jit import compiled, inlined
from engine.compiled.products import add_products, exact_products
from engine.compiled.reading import step_lstm

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.int8]
Whole = npt.NDArray[np.int32]
Tokens = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Bends = tuple[float, int, float, float, float, float]  # of `choose`, from the temperature on
Stride = tuple[Tokens, Array, Array, Array, Array]

if HAS_VNNI:

    @inlined
    def _of_layer(weights: Bytes, starts: Tokens, layer: int, rows: int) -> Bytes:
        """One layer's weights as `products.pack` made them, out of those of all, one behind the other."""
        some, panels = weights[starts[layer] : starts[layer + 1]], -(-rows // ROWS)
        return some.reshape((panels, len(some) // (panels * ROWS * 4), ROWS, 4))
else:

    @inlined
    def _of_layer(weights: Bytes, starts: Tokens, layer: int, rows: int) -> Bytes:
        """One layer's weights as `products.pack` made them, out of those of all, one behind the other."""
        some = weights[starts[layer] : starts[layer + 1]]
        return some.reshape((rows, len(some) // rows))


@compiled
def stride_lstm(
    weights: Bytes,
    starts: Tokens,
    scales: Array,
    totals: Whole,
    biases: Array,
    entries: Array,
    panels: Array,
    output_bias: Array,
    logits: Array,
    h: Array,
    c: Array,
    recent: Tokens,
    places: Tokens,
    banned: Tokens,
    numbers: Numbers,
    bends: Bends,
) -> Stride:
    """Of LSTM layers. Their weights lie one behind the other, from `starts` (L + 1,) on; scales and totals are (L, 4H),
    biases (L, 1, 4H): that of the first is not looked at, as `entries` (V, 4H) have it.

    logits (B, V), h and c (L, B, H), numbers (S, B) → tokens and nats (S, B), states h and c (S + 1, L, B, H) before
    each choice and after the last, and the logits there. `recent` (B, R) and `places` (B,), where the next of them
    goes, move on.
    """
    steps, rows = numbers.shape
    tokens, nats = np.empty((steps, rows), np.int64), np.empty((steps, rows), np.float32)
    all_h, all_c = np.empty((steps + 1, *h.shape), np.float32), np.empty((steps + 1, *c.shape), np.float32)
    for layer in range(len(h)):
        put_rows(h[layer], all_h[0, layer])
        put_rows(c[layer], all_c[0, layer])
    nothing = np.empty((rows, 0), np.float32)
    for step in range(steps):
        _choose(logits, recent, places, banned, numbers[step], bends, tokens[step], nats[step])
        below = nothing
        for layer in range(len(scales)):
            plus = entries[tokens[step]] if layer == 0 else biases[layer]
            of_layer = _of_layer(weights, starts, layer, scales.shape[1])
            below, after = step_lstm(
                of_layer, scales[layer], totals[layer], below, all_h[step, layer], plus, all_c[step, layer]
            )
            put_rows(below, all_h[step + 1, layer])
            put_rows(after, all_c[step + 1, layer])
        logits = exact_products(panels, output_bias, below)
    return tokens, nats, all_h, all_c, logits


@compiled
def stride_gru(
    weights: Bytes,
    starts: Tokens,
    scales: Array,
    totals: Whole,
    biases: Array,
    input_weights: Bytes,
    input_starts: Tokens,
    input_scales: Array,
    input_totals: Whole,
    input_biases: Array,
    entries: Array,
    panels: Array,
    output_bias: Array,
    logits: Array,
    h: Array,
    recent: Tokens,
    places: Tokens,
    banned: Tokens,
    numbers: Numbers,
    bends: Bends,
) -> tuple[Tokens, Array, Array, Array]:
    """The same of GRU layers, 3H in the place of 4H. `biases` are the states', of all layers; what a layer reads has
    weights of its own, of all but the first, whose part `entries` have."""
    steps, rows = numbers.shape
    tokens, nats = np.empty((steps, rows), np.int64), np.empty((steps, rows), np.float32)
    all_h = np.empty((steps + 1, *h.shape), np.float32)
    for layer in range(len(h)):
        put_rows(h[layer], all_h[0, layer])
    nothing = np.empty((rows, 0), np.float32)
    for step in range(steps):
        _choose(logits, recent, places, banned, numbers[step], bends, tokens[step], nats[step])
        below = nothing
        for layer in range(len(scales)):
            if layer == 0:
                inputs = entries[tokens[step]]
            else:
                above = layer - 1
                of_inputs = _of_layer(input_weights, input_starts, above, scales.shape[1])
                scale, total, bias = input_scales[above], input_totals[above], input_biases[above]
                inputs = add_products(of_inputs, scale, total, nothing, below, bias)
            before = all_h[step, layer]
            of_layer = _of_layer(weights, starts, layer, scales.shape[1])
            sums = add_products(of_layer, scales[layer], totals[layer], nothing, before, biases[layer])
            below = gru(inputs, sums, before)
            put_rows(below, all_h[step + 1, layer])
        logits = exact_products(panels, output_bias, below)
    return tokens, nats, all_h, logits


@compiled
def _choose(
    logits: Array,
    recent: Tokens,
    places: Tokens,
    banned: Tokens,
    numbers: Numbers,
    bends: Bends,
    tokens: Tokens,
    nats: Array,
) -> None:
    """One choice into `tokens` and `nats` (B,), which is remembered."""
    temperature, top_k, typical, top_p, min_p, penalty = bends
    chosen, costs = choose(logits, recent, banned, numbers, temperature, top_k, typical, top_p, min_p, penalty)
    put(chosen, tokens)
    put(costs, nats)
    for row in range(len(tokens)):
        recent[row, places[row]] = tokens[row]
        places[row] = (places[row] + 1) % recent.shape[1]
