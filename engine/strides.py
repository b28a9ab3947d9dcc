"""Some streams of one model that choose their own tokens: one after another, or several in one call where kernels can.

The tokens, their costs and the states are the same bits either way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from engine.choosing import Chooser, bends
from engine.decoder import Decoder, as_rows, as_state
from engine.gates import Array
from engine.row_strides import Tokens
from engine.settings import Dials
from engine.stack import State
from engine.states import select

# Tokens in one call, and bytes that they may read: what a stream that ends writes beyond its end is thrown away, and
# meanwhile nobody is heard, so they are fewer of a large model.
LENGTH, READ = 8, 32_000_000


@dataclass(frozen=True)
class Stride:
    """Tokens that were chosen, (S, B), and what they cost in nats."""

    tokens: Tokens
    nats: npt.NDArray[np.float32]
    state: Callable[[int], State]  # before choice number n


class Strides:
    """Call `choose`, then `keep` with the streams that go on."""

    def __init__(self, decoder: Decoder, logits: torch.Tensor, state: State, chooser: Chooser, dials: Dials) -> None:
        """logits (B, V), and the state of as many streams. (Outside kernels one alone is stepped twice, for the bits of
        a row among others.)"""
        self._decoder, self._chooser, self._dials = decoder, chooser, dials
        self._logits, self._state = logits, state
        self._stride = decoder.stride
        self._most = max(1, min(LENGTH, READ // max(1, decoder.stride_bytes)))
        self._unread: Tokens | None = None  # chosen last, where the state doesn't know of it yet

    @property
    def length(self) -> int:
        """How many tokens the next call chooses."""
        return self._most if self._stride is not None and len(self._logits) <= self._decoder.stride_streams else 1

    def choose(self, numbers: npt.NDArray[np.float64]) -> Stride:
        """With uniform numbers (`length`, B)."""
        if self._stride is None or self.length == 1:
            tokens, nats = self._chooser.choose(self._logits.float().cpu().numpy(), self._dials, numbers[0])
            self._unread = tokens
            return Stride(tokens[None], nats[None], partial(_same, self._state))
        streams, parts = len(self._logits), zip(*as_rows(self._state), strict=True)
        kept = [np.stack([layer[:streams] for layer in part]) for part in parts]
        logits = np.ascontiguousarray(self._logits.numpy())
        remembered, in_order = self._chooser.remembered(self._dials), np.ascontiguousarray(numbers)
        made = self._stride(logits, kept, remembered, in_order, bends(self._dials))
        state = partial(_state_at, made.states)
        self._unread, self._logits, self._state = None, torch.from_numpy(made.logits), state(len(numbers))
        return Stride(made.tokens, made.nats, state)

    def keep(self, rows: Sequence[int]) -> None:
        """Goes on with these streams."""
        if len(rows) < len(self._logits):
            self._chooser.keep(rows)
            self._logits, self._state = self._logits[list(rows)], select(self._state, rows)
        if self._unread is None:
            return
        ids = self._unread[list(rows)]
        if len(ids) == 1:
            ids = ids.repeat(2)
            if len(self._state[0][0]) == 1:
                self._state = select(self._state, [0, 0])
        logits, self._state = self._decoder.step(torch.from_numpy(ids).to(self._decoder.device), self._state)
        self._logits = logits[: len(rows)]


def _same(state: State, _: int) -> State:
    return state


def _state_at(states: Sequence[Array], number: int) -> State:
    """Of arrays (S + 1, L, B, H)."""
    return as_state([tuple(kept[number, layer] for kept in states) for layer in range(states[0].shape[1])])
