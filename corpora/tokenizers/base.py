"""What every tokenizer is. Law: ``decode(encode(s)) == s`` for every string, lone surrogates included."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Unit = Literal["char", "word", "bpe"]
Ids = npt.NDArray[np.int32]


class Detokenizer(Protocol):
    """Turns ids into text one at a time; what push and flush return, joined, is what `decode` gives."""

    def push(self, token: int) -> str:
        """Takes one id; returns the text that is certain by now, which may be empty."""
        ...

    def flush(self) -> str:
        """Returns what was held back, as if the text ended here, and begins anew."""
        ...


class Tokenizer(Protocol):
    """Text to ids and back. Ids are ``0 … vocabulary - 1``."""

    @property
    def unit(self) -> Unit:
        """What a token is."""
        ...

    @property
    def vocabulary(self) -> int:
        """V, how many different ids there are."""
        ...

    @property
    def spelling(self) -> frozenset[int]:
        """Ids that mostly spell what has no token of its own: a word model writes better without them."""
        ...

    def encode(self, text: str) -> Ids:
        """The ids of a text, shape ``(N,)``."""
        ...

    def encode_chunks(self, chunks: Iterable[str]) -> Iterator[Ids]:
        """The ids of a text that comes in chunks; joined they are what `encode` gives for the joined chunks."""
        ...

    def decode(self, ids: Sequence[int] | Ids) -> str:
        """The text of any ids, never an exception for ids of the vocabulary: what is no UTF-8 becomes U+FFFD."""
        ...

    def detokenizer(self) -> Detokenizer:
        """A fresh one, for one text."""
        ...

    def piece(self, token: int) -> str:
        """One id as text to show: its text, or for a part of a character its bytes in angle brackets."""
        ...

    def to_json(self) -> bytes:
        """``tokenizer.json``."""
        ...
