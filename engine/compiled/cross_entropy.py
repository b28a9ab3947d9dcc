"""The cross-entropy of logits, and its gradient in their place: each row is read from memory once and written once.

Logits are float32, or bfloat16 as the whole numbers (uint16) that their bits are.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.compiled.functions import exp, held_as, widened
from engine.compiled.jit import exactly, for_training

Array = npt.NDArray[np.float32]
LANES = 64


@exactly
def highest(row: Array) -> np.float32:
    """Of (V,), of which none is NaN. By lanes: of a maximum of all at once LLVM makes no vectors, whatever it may."""
    tops = np.full(LANES, row[0], np.float32)
    whole = len(row) // LANES * LANES
    for start in range(0, whole, LANES):
        some = row[start : start + LANES]
        for lane in range(LANES):
            tops[lane] = some[lane] if some[lane] > tops[lane] else tops[lane]
    found: np.float32 = tops[0]
    for x in tops:
        found = max(found, x)
    for x in row[whole:]:
        found = max(found, x)
    return found


@for_training
def cross_entropy(
    logits: npt.NDArray[Any],
    bias: Array,
    targets: npt.NDArray[np.int64],
    learns: bool,
    losses: Array,
    to_bias: Array,
    first: int,
    last: int,
) -> None:
    """For rows first to last of logits (N, V) without their bias (V,): the nats of targets (N,), into losses (N,).

    If it `learns`, logits become the gradient of the mean loss, and its sum over these rows is added to `to_bias` (V,).
    """
    count, vocabulary = logits.shape
    share = np.float32(1.0) / np.float32(count)
    row = np.empty(vocabulary, dtype=np.float32)
    for n in range(first, last):
        held, target = logits[n], targets[n]
        for v in range(vocabulary):
            row[v] = widened(held[v]) + bias[v]
        top, of_target = highest(row), row[target]
        total = np.float32(0.0)
        for v in range(vocabulary):
            row[v] = exp(row[v] - top)
            total += row[v]
        losses[n] = np.log(total) + top - of_target
        if learns:
            scale = share / total
            row[target] -= total
            for v in range(vocabulary):
                gradient = row[v] * scale
                to_bias[v] += gradient
                held[v] = held_as(gradient, held[v])
