"""A continuation of a seed text, one token at a time, with dials that may turn between any two tokens.

It grows at the text's end, or with a decoder of the back side at its beginning; then all is mirrored, and each new
text stands before what came so far.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from corpora.tokenizers import Detokenizer, Tokenizer
from corpora.writable import writable
from engine.backward import BackwardDetokenizer
from engine.choosing import Chooser
from engine.context import Context, Prefill, read_context
from engine.decoder import Decoder
from engine.protocol import Reason, Turn
from engine.sampling import Row
from engine.settings import Dials
from engine.stack import State


@dataclass(frozen=True)
class Piece:
    """One token of a continuation."""

    id: int
    text: str  # what it adds to the text that is certain; may be empty
    probability: float  # under the model, before the dials
    dials: Dials  # what it was drawn with


class Continuation:
    """Iterate it for `Piece`s; set `dials` at any time, from any thread: the next token uses them.

    After the last piece `reason` says why it ended (``length`` or ``stop``) and `tail` holds characters that were
    held back in case a stop string followed. The same model, seed text, RNG seed and dials give the same text.
    """

    def __init__(
        self,
        decoder: Decoder,
        tokenizer: Tokenizer,
        prompt: str,
        *,
        dials: Dials,
        seed: int,
        length: int,
        stop: Sequence[str] = (),
        turns: Sequence[Turn] = (),
        prefill: Prefill | None = None,
        context: Callable[[], Context] | None = None,
    ) -> None:
        """`length` counts characters; the last token may go beyond. `prefill` may come from a cache.

        `turns` set the dials at their tokens, as somebody might who turns them meanwhile.

        With `context`, which is asked for before the first token, that stands for the prompt.
        """
        self.dials = dials
        self.reason: Reason = "length"
        self.tail = ""
        self._decoder = decoder
        self._tokenizer = tokenizer
        self._generator = np.random.default_rng(seed)
        self._length = length
        self._turns = {turn.token: turn.dials for turn in turns}
        self._backward = decoder.side == "back"
        self._stop = StopStrings(stop, backward=self._backward)
        self._context = context or (lambda: read_context(decoder, tokenizer, prompt, prefill or self._read))

    def __iter__(self) -> Iterator[Piece]:
        written = drawn = 0
        detokenizer: Detokenizer = (
            BackwardDetokenizer(self._tokenizer) if self._backward else self._tokenizer.detokenizer()
        )
        context = self._context()
        chooser = Chooser([context.recent], self._tokenizer.spelling)
        read = self._decoder.stream(context.state)
        row: Row = context.logits[0].float().cpu().numpy()
        while written < self._length:
            if drawn in self._turns:
                self.dials = self._turns[drawn]
            dials = self.dials  # once: another thread may turn them meanwhile
            tokens, nats = chooser.choose(row[None], dials, self._generator.random(1))
            token = int(tokens[0])
            drawn += 1
            text, stopped = self._stop.push(writable(detokenizer.push(token)))
            written += len(text)
            yield Piece(token, text, math.exp(-nats[0]), dials)
            if stopped:
                self.reason = "stop"
                return
            if written + self._stop.held >= self._length:
                break
            row = read(token)
        rest, stopped = self._stop.push(writable(detokenizer.flush()))
        self.reason = "stop" if stopped else "length"
        held = "" if stopped else self._stop.release()
        self.tail = held + rest if self._backward else rest + held

    def _read(self, ids: Tensor) -> tuple[Tensor, State]:
        return self._decoder.prefill(ids.to(self._decoder.device)[:, None], self._decoder.zero_state())


class StopStrings:
    """Lets text through up to the first stop string, holding back an end that may be the beginning of one.

    Where text grows backwards it is all the other way round: the first is the rightmost, and a beginning is held back.
    """

    def __init__(self, stop: Sequence[str], *, backward: bool = False) -> None:
        self._backward = backward
        self._stop = [self._turned(text) for text in stop if text]
        self._held = ""  # in the order in which it grew

    @property
    def held(self) -> int:
        """Characters held back."""
        return len(self._held)

    def push(self, text: str) -> tuple[str, bool]:
        """The text that may be shown now, and whether a stop string was reached (it and what follows are dropped)."""
        self._held += self._turned(text)
        places = [place for place in (self._held.find(stop) for stop in self._stop) if place >= 0]
        if places:
            shown, self._held = self._held[: min(places)], ""
            return self._turned(shown), True
        keep = max((self._overlap(stop) for stop in self._stop), default=0)
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return self._turned(shown), False

    def release(self) -> str:
        """What was held back, once no more text follows."""
        shown, self._held = self._held, ""
        return self._turned(shown)

    def _overlap(self, stop: str) -> int:
        """The longest end of the held text that begins `stop`."""
        longest = min(len(stop) - 1, len(self._held))
        return next((n for n in range(longest, 0, -1) if self._held.endswith(stop[:n])), 0)

    def _turned(self, text: str) -> str:
        return text[::-1] if self._backward else text
