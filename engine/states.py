"""A decoder's states: saved, forked, joined and cut, so that many texts can grow from one place
and some of them end sooner.

A state is a list of tuples of (B, H) tensors that nothing ever writes into, so saving one is keeping it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.stack import State


def fork(state: State, batch: int) -> State:
    """The state of one stream for `batch` streams that go on from it."""
    return [tuple(part.expand(batch, -1).contiguous() for part in layer) for layer in state]


def select(state: State, rows: Sequence[int] | Tensor) -> State:
    """The state of some streams, in the order given; a row may come twice."""
    index = torch.as_tensor(rows, dtype=torch.int64, device=state[0][0].device)
    return [tuple(part[index] for part in layer) for layer in state]


def join(states: Sequence[State]) -> State:
    """The state of all their streams together, in their order."""
    return [tuple(torch.cat(parts) for parts in zip(*layers, strict=True)) for layers in zip(*states, strict=True)]


def size(state: State) -> int:
    """Bytes that it takes."""
    return sum(part.nbytes for layer in state for part in layer)
