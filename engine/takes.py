"""Several continuations of one text, grown in one batch, each to the end of a word, a sentence, a line or a paragraph.

Take k draws from a random generator of its own, seeded with the request's RNG seed plus k, one number a token: it is
the text that a stream with that seed would write. It doesn't depend on how many takes grow beside it, and can be made
again alone, on the same device: a row of a batch gets the same bits whatever the other rows are, in all kinds of
weights, as long as there are two rows at least. So one alone is stepped twice, but where kernels choose several tokens
at once (`engine.strides`). (Against a stream, which steps a single row, float32 may differ in the last bit of a logit.)
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from corpora.beginnings import beginning
from corpora.boundaries import CONTEXT, EndFinder, Unit
from corpora.errors import InputError
from corpora.tokenizers import Detokenizer, Tokenizer
from corpora.writable import writable
from engine.backward import BackwardDetokenizer
from engine.choosing import Chooser
from engine.context import Context
from engine.decoder import Decoder
from engine.jobs import Job
from engine.protocol import TakeReason
from engine.settings import Dials
from engine.stack import State
from engine.states import fork, select
from engine.strides import Strides

MOST = 32  # takes at once
LONGEST = 5000  # characters of a take
_NUMBERS = 64  # random numbers fetched at a time
_WINDOW = 16  # steps whose states are kept, to have the one at a take's end when that turns out to be there


@dataclass(frozen=True)
class Grown:
    """One finished take."""

    number: int
    seed: int
    text: str
    tokens: int  # up to its end
    nats: float  # that they cost under the undistorted model
    reason: TakeReason
    ids: tuple[int, ...] = ()  # of those tokens
    state: State | None = None  # of its stream after the first `read` of them, where that was kept
    read: int = 0


class TakeGrower:
    """Grows takes; `grow` returns them all, in the order of their seeds."""

    def __init__(
        self,
        decoder: Decoder,
        tokenizer: Tokenizer,
        context: Context,
        *,
        takes: int,
        until: Unit | None,
        length: int,
        dials: Dials,
        seed: int,
    ) -> None:
        """`length` counts characters, the most that a take gets. Raises `InputError` for what can't work."""
        dials.check()
        check(takes, length)
        self._decoder = decoder
        self._context = context
        self._dials = dials
        self._spelling = tokenizer.spelling
        self._rows = [
            _Row(number, seed + number, decoder, tokenizer, context, until, length) for number in range(takes)
        ]

    @torch.inference_mode()
    def grow(self, job: Job, progress: Callable[[Sequence[str]], None] | None = None) -> list[Grown]:
        """Steps until every take has ended; `progress` gets all texts now and then. Raises `JobCancelled`."""
        growing = list(self._rows)
        streams = len(growing)
        chooser = Chooser([self._context.recent] * streams, self._spelling)
        logits, state = self._context.logits.expand(streams, -1), fork(self._context.state, streams)
        strides = Strides(self._decoder, logits, state, chooser, self._dials)
        window: deque[tuple[Callable[[], State], list[_Row]]] = deque(maxlen=_WINDOW)
        while True:
            job.check()
            stride = strides.choose(np.array([row.numbers_drawn(strides.length) for row in growing]).T)
            for step, (tokens, nats) in enumerate(zip(stride.tokens.tolist(), stride.nats.tolist(), strict=True)):
                window.append((partial(stride.state, step), growing))
                for row, token, cost in zip(growing, tokens, nats, strict=True):
                    if not row.ended:
                        row.push(token, cost)
                        if row.ended:
                            row.keep_state(window)
            if progress is not None:
                progress([row.text for row in self._rows])
            kept = [place for place, row in enumerate(growing) if not row.ended]
            if not kept:
                return [row.grown() for row in self._rows]
            growing = [growing[place] for place in kept]
            strides.keep(kept)


class _Row:
    """One take as it grows."""

    def __init__(
        self,
        number: int,
        seed: int,
        decoder: Decoder,
        tokenizer: Tokenizer,
        context: Context,
        until: Unit | None,
        length: int,
    ) -> None:
        self.number = number
        self.seed = seed
        self.text = ""
        self.ended = False
        self._backward = decoder.side == "back"
        self._detokenizer: Detokenizer = BackwardDetokenizer(tokenizer) if self._backward else tokenizer.detokenizer()
        self._after = context.beside[:CONTEXT] if self._backward else ""
        self._until = until
        self._finder = None if until is None or self._backward else EndFinder(until, context.beside)
        self._length = length
        self._worn = 4 * length + 32  # tokens after which it ends even if no character came of them
        self._generator = np.random.default_rng(seed)
        self._numbers: list[float] = []
        self._costs: list[float] = []
        self._lengths: list[int] = []  # characters after each token
        self._ids: list[int] = []
        self._state: State | None = None
        self._read = 0
        self._reason: TakeReason = "length"

    def numbers_drawn(self, count: int) -> list[float]:
        """The next random numbers; in blocks they are the same numbers, only sooner."""
        if len(self._numbers) < count:
            self._numbers += self._generator.random(_NUMBERS).tolist()
        drawn, self._numbers = self._numbers[:count], self._numbers[count:]
        return drawn

    def push(self, token: int, nats: float) -> None:
        """Takes the next token, and sees whether the take ends with it."""
        self._ids.append(token)
        self._costs.append(nats)
        piece = self._detokenizer.push(token)
        if not piece.isascii():
            piece = writable(piece)
        self._add(piece)
        self._lengths.append(len(self.text))
        if (cut := self._cut(piece)) is not None:
            self._end_at(cut)
        elif len(self.text) >= self._length or len(self._costs) >= self._worn:
            self._end_anyway()

    def grown(self) -> Grown:
        """The take, once it has ended; what was drawn beyond its end to be sure of it is left out."""
        tokens = self._tokens()
        return Grown(
            self.number,
            self.seed,
            self.text,
            tokens,
            sum(self._costs[:tokens]),
            self._reason,
            tuple(self._ids[:tokens]),
            self._state,
            self._read,
        )

    def keep_state(self, window: Sequence[tuple[Callable[[], State], Sequence["_Row"]]]) -> None:
        """Keeps the state before the take's last token. `window` has those of the last steps, and whose they are.

        The newest of them has read all tokens but the one drawn last.
        """
        self._read = self._tokens() - 1
        back = len(self._ids) - 1 - self._read
        if back < len(window):
            state, growing = window[-1 - back]
            self._state = select(state(), [growing.index(self)])

    def _tokens(self) -> int:
        """Up to its end."""
        return next((n + 1 for n, length in enumerate(self._lengths) if length >= len(self.text)), len(self._costs))

    def _add(self, piece: str) -> None:
        self.text = piece + self.text if self._backward else self.text + piece

    def _cut(self, piece: str) -> int | None:
        """How many characters the take has, where it is certain that it has ended."""
        if self._until is None or not piece:
            return None
        if self._finder is not None:
            return self._finder.push(piece)
        place = beginning(self.text, self._until, self._after)
        return None if place is None else len(self.text) - place

    def _end_at(self, characters: int) -> None:
        self.text = self.text[-characters:] if self._backward else self.text[:characters]
        self._reason = "end"
        self.ended = True

    def _end_anyway(self) -> None:
        """At the length: what would end if nothing followed, ends."""
        self._add(writable(self._detokenizer.flush()))
        self.ended = True
        end = self._finder.finish() if self._finder is not None else None
        if end is not None:
            self._end_at(end)


def check(takes: int, length: int) -> None:
    """Raises `InputError` where so many takes, or such long ones, can't be had."""
    if not 1 <= takes <= MOST:
        raise InputError(f"{takes:,} takes are asked for; it must be between 1 and {MOST}.")
    if not 1 <= length <= LONGEST:
        raise InputError(f"A take's length is {length:,} characters; it must be between 1 and {LONGEST:,}.")
