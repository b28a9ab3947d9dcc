"""What the sums of a layer's time steps begin with, before the products with its states: what inputs give them.

A token gives the same wherever it stands. Where the steps have many more tokens than the vocabulary, what each of the
vocabulary gives is made first, a row of a table, and a step takes its token's. The products with inputs, a fifth of the
arithmetic of a layer of 256 units over vectors of 64, are then those of 90 tokens, not of 2,048; and so are the
gradients that come back through them.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.cells.compiled_steps import usable_for
from engine.cells.halves import has_halves
from engine.cells.layer import has_kernel

# Tokens for each of the vocabulary, from which on a table pays: on a matrix unit, where products cost little, more.
TIMES, TIMES_IN_HALVES = 4, 16


class Beginning(NamedTuple):
    """Row ids[t, b] of `table` (V, N), and on top the product of inputs[t, b], of (T, B, I), with `weight` (N, I).

    Of tokens there are no inputs, I = 0, and a weight without rows. Of others the table has one row, the bias.
    """

    ids: Tensor
    table: Tensor
    inputs: Tensor
    weight: Tensor


def beginning(inputs: Tensor, ids: Tensor | None, weight: Tensor, bias: Tensor) -> Beginning:
    """Of inputs (T, B, I), or of tokens, ids (T, B) of rows of inputs (V, I); through weight (N, I) and bias (N,).

    Raises `IndexError` for an id that has no row.
    """
    if ids is None:
        return Beginning(torch.zeros(inputs.shape[:2], dtype=torch.int64), bias[None], inputs, weight)
    if not 0 <= int(ids.min()) <= int(ids.max()) < len(inputs):
        raise IndexError(f"ids must be from 0 to {len(inputs) - 1}")
    nothing = inputs.new_empty(*ids.shape, 0), inputs.new_empty(0, 0)
    return Beginning(ids.contiguous(), F.linear(inputs, weight, bias), *nothing)


def table_pays(ids: Tensor, vocabulary: int, state: Tensor) -> bool:
    """Whether a layer with this state (B, H) should read tokens, ids (T, B), by way of a table of the vocabulary."""
    times = TIMES_IN_HALVES if has_halves(state) else TIMES
    return has_kernel(ids) and ids.numel() >= times * vocabulary and usable_for(state)
