"""The cross-entropy of logits, and its gradient in their place: each row is read from memory once and written once.

Logits are float32, or bfloat16 as the whole numbers (uint16) that their bits are.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.compiled.functions import exp, held_as, widened
from engine.compiled.jit import exactly, for_training

Array = npt.NDArray[np.float32]
LANES = 32
_NOTHING = np.float32(-np.inf)


@exactly
def highest(row: Array) -> np.float32:
    """Of (V,), of which none is NaN."""
    found: np.float32 = highest_by_lanes(row, np.empty(LANES, np.float32))
    return found


@exactly
def highest_by_lanes(row: Array, tops: Array) -> np.float32:
    """The same, with room (LANES,): of a maximum of all at once LLVM makes no vectors, whatever it may."""
    for lane in range(LANES):
        tops[lane] = row[0]
    whole = len(row) // LANES * LANES
    for start in range(0, whole, LANES):
        some = row[start : start + LANES]
        for lane in range(LANES):
            tops[lane] = some[lane] if some[lane] > tops[lane] else tops[lane]
    for lane in range(16):
        tops[lane] = tops[lane + 16] if tops[lane + 16] > tops[lane] else tops[lane]
    for lane in range(8):
        tops[lane] = tops[lane + 8] if tops[lane + 8] > tops[lane] else tops[lane]
    found: np.float32 = tops[0]
    for lane in range(1, 8):
        found = max(found, tops[lane])
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
    row = np.empty((vocabulary + LANES - 1) // LANES * LANES, dtype=np.float32)
    tops = np.empty(LANES, dtype=np.float32)
    for n in range(first, last):
        held, target = logits[n], targets[n]
        for v in range(vocabulary):
            row[v] = widened(held[v]) + bias[v]
        for v in range(vocabulary, len(row)):
            row[v] = _NOTHING
        top, of_target = highest_by_lanes(row, tops), row[target]
        total = np.float32(0.0)
        for v in range(len(row)):
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
