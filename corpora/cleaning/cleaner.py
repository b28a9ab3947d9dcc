"""The steps between a decoded file and a corpus, in their order, over a stream."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from corpora.cleaning.controls import ByteOrderMark, ControlCharacters
from corpora.cleaning.newlines import Newlines
from corpora.cleaning.normalization import Normalization


class Step(Protocol):
    """One change to a text that comes in chunks; chunked and whole texts come out the same."""

    name: str
    changed: bool  # whether it has altered anything so far

    def push(self, text: str) -> str:
        """Takes the next chunk; returns what is certain so far."""
        ...

    def finish(self) -> str:
        """Returns what was held back."""
        ...


class Cleaner:
    r"""Byte order mark, control characters, line ends, NFC.

    Control characters go before line ends are looked at: ``\r NUL \n`` is one line end, not two.
    """

    def __init__(self) -> None:
        self._steps: tuple[Step, ...] = (ByteOrderMark(), ControlCharacters(), Newlines(), Normalization())

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of the steps that altered something, in the order in which they ran."""
        return tuple(step.name for step in self._steps if step.changed)

    def clean(self, chunks: Iterable[str]) -> Iterator[str]:
        """Cleans one text. Yields chunks that are never empty."""
        for chunk in chunks:
            if text := self._through(0, chunk):
                yield text
        for index, step in enumerate(self._steps):
            if (rest := step.finish()) and (text := self._through(index + 1, rest)):
                yield text

    def _through(self, first: int, text: str) -> str:
        for step in self._steps[first:]:
            text = step.push(text)
        return text


def clean_text(text: str) -> str:
    """Cleans a text that is in memory."""
    return "".join(Cleaner().clean([text]))
