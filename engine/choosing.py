"""The next token of each of some streams, with what it costs: `engine.sampling` for all rows at once.

Compiled kernels do it in one pass where they are usable; the two agree but for the last bits of sums.
"""

import functools
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from engine import compiled
from engine.context import RECENT
from engine.row_strides import Bends, Remembered, Tokens
from engine.sampling import Row, discourage, draw_at, shape
from engine.settings import Dials

Chosen = tuple[Tokens, npt.NDArray[np.float32]]  # tokens (B,) and their nats (B,) under the undistorted model


class Chooser:
    """Remembers what each stream read last, for the penalty on repetition."""

    def __init__(self, recent: Sequence[Iterable[int]], banned: Iterable[int] = ()) -> None:
        """`recent` has the last tokens of each stream; `banned` are those that only spell, see `Dials.spell`."""
        last = [list(tokens)[-RECENT:] for tokens in recent]
        self._recent = np.array([[*tokens, *[-1] * (RECENT - len(tokens))] for tokens in last], dtype=np.int64)
        self._places = np.array([len(tokens) % RECENT for tokens in last], dtype=np.int64)  # where the next one goes
        self._banned = np.array(sorted(banned), dtype=np.int64)
        self._all = np.empty(0, dtype=np.int64)

    def choose(self, logits: Row, dials: Dials, numbers: npt.NDArray[np.float64]) -> Chosen:
        """One token for each row of logits (B, V), each drawn with one of the uniform numbers (B,)."""
        recent, places, banned = self.remembered(dials)
        tokens, nats = _kernel()(np.ascontiguousarray(logits), recent, banned, dials, numbers)
        recent[np.arange(len(tokens)), places] = tokens
        places[:] = (places + 1) % RECENT
        return tokens, nats

    def remembered(self, dials: Dials) -> Remembered:
        """The streams' last tokens (B, R), the places (B,) among these where the next go, and what is banned (n,): for
        kernels that choose several, and write there what they chose."""
        return self._recent, self._places, self._all if dials.spell else self._banned

    def keep(self, rows: Sequence[int]) -> None:
        """Goes on with some of the streams only."""
        self._recent, self._places = self._recent[list(rows)], self._places[list(rows)]


def choose_rows(logits: Row, recent: Tokens, banned: Tokens, dials: Dials, numbers: npt.NDArray[np.float64]) -> Chosen:
    """logits (B, V), recent (B, R) with -1 for none, banned (n,), uniform numbers (B,)."""
    bent = logits
    if dials.repetition != 1.0:
        bent = np.stack(
            [discourage(row, last[last >= 0].tolist(), dials) for row, last in zip(bent, recent, strict=True)]
        )
    if len(banned):
        bent = bent.copy()
        bent[:, banned] = -np.inf
    tokens = draw_at(shape(bent, dials), numbers)
    shifted = logits - logits.max(-1, keepdims=True)
    return tokens, np.log(np.exp(shifted).sum(-1)) - shifted[np.arange(len(tokens)), tokens]


@functools.cache
def _kernel() -> Callable[[Row, Tokens, Tokens, Dials, npt.NDArray[np.float64]], Chosen]:
    """`choose_rows`, compiled where that can be."""
    if not compiled.usable():
        return choose_rows
    from engine.compiled.choosing import choose

    def choose_quickly(
        logits: Row, recent: Tokens, banned: Tokens, dials: Dials, numbers: npt.NDArray[np.float64]
    ) -> Chosen:
        return choose(logits, recent, banned, numbers, *bends(dials))

    return choose_quickly


def bends(dials: Dials) -> Bends:
    """The dials as kernels take them: temperature, top-k, typical, top-p, min-p, and what repeated tokens lose."""
    shapes = float(dials.temperature), int(dials.top_k), float(dials.typical), float(dials.top_p), float(dials.min_p)
    return *shapes, math.log(dials.repetition)
