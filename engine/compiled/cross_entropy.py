"""The cross-entropy of logits, and its gradient in their place: each row is read from memory once and written once.

Logits are float32, or bfloat16 as the whole numbers (uint16) that their bits are.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.compiled.functions import exp, held_as, widened
from engine.compiled.halves import Array, Halves, Pairs, copy, lay_down, multiply, pack_rows
from engine.compiled.jit import among_threads, for_training
from engine.compiled.matrix_tiles import STREAMS as AT_ONCE
from engine.compiled.matrix_tiles import release


@among_threads
def _highest(row: Array) -> np.float32:
    highest: np.float32 = row[0]
    for x in row:
        highest = max(highest, x)
    return highest


@among_threads
def cross_entropy_in_halves(
    z: Halves,
    weight: Array,
    bias: Array,
    targets: npt.NDArray[np.int64],
    gradient: Halves,
    losses: Array,
    to_bias: Array,
    packed: Pairs,
    logits: Array,
    first: int,
    last: int,
) -> None:
    """For rows first to last of z (N, D): the nats of targets (N,) after them, into losses (N,); the gradient of the
    mean loss by the logits (N, ·), 0 beyond V; and its sum over these rows, added to `to_bias` (V,).

    Of an output layer's weight (V, D) and bias (V,). `packed` is room for the weight, `logits` (`AT_ONCE`, ·) for those
    that are worked on, as wide as `gradient`.
    """
    count, vocabulary = len(z), len(bias)
    share = np.float32(1.0) / np.float32(count)
    pack_rows(weight, packed, 0, len(packed))
    for start in range(first, last, AT_ONCE):
        some = min(AT_ONCE, last - start)
        for row in range(some):
            copy(bias, logits[row, :vocabulary])
        multiply(packed, 0, len(packed), z[start : start + some], logits[:some])
        for row in range(some):
            here, target = logits[row, :vocabulary], targets[start + row]
            highest, of_target = _highest(here), here[target]
            total = _exponentials(here, highest)
            losses[start + row] = np.log(total) + highest - of_target
            here[target] -= total
            lay_down(here, share / total, gradient[start + row, :vocabulary], to_bias)
            for v in range(vocabulary, gradient.shape[1]):
                gradient[start + row, v] = np.uint16(0)
    release()


@among_threads
def _exponentials(row: Array, highest: np.float32) -> np.float32:
    """In place of what they are of; their sum."""
    total = np.float32(0.0)
    for v in range(len(row)):
        row[v] = exp(row[v] - highest)
        total += row[v]
    return total


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
        highest, of_target = _highest(row), row[target]
        total = np.float32(0.0)
        for v in range(vocabulary):
            row[v] = exp(row[v] - highest)
            total += row[v]
        losses[n] = np.log(total) + highest - of_target
        if learns:
            scale = share / total
            row[target] -= total
            for v in range(vocabulary):
                gradient = row[v] * scale
                to_bias[v] += gradient
                held[v] = held_as(gradient, held[v])
