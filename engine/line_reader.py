"""Typed lines of JSON from a file that grows. Free of torch."""

import contextlib
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from corpora.files import Tail

DAMAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # of a line
L = TypeVar("L", bound=msgspec.Struct)


class LineReader(Generic[L]):
    """Typed lines of a growing file. A damaged line is skipped: the next one is whole again."""

    def __init__(self, path: Path, kind: type[L], *, start: int = 0) -> None:
        self._tail = Tail(path, start=start)
        self._decoder = msgspec.json.Decoder(kind)

    def read(self) -> list[L]:
        """New lines since the last call, one bounded chunk of them; ``[]`` when caught up."""
        while True:
            before = self._tail.offset
            if (lines := self._decoded(self._tail.read_block())) or self._tail.offset == before:
                return lines

    def _decoded(self, block: bytes) -> list[L]:
        """Those lines of a block that are whole."""
        try:
            with _uncollected():
                return self._decoder.decode_lines(block)  # all at once, where none is damaged
        except DAMAGE:
            pass
        lines = list[L]()
        for raw in block.split(b"\n"):
            with contextlib.suppress(*DAMAGE):
                lines.append(self._decoder.decode(raw))
        return lines

    def read_all(self) -> list[L]:
        """Every line up to the end of the file."""
        lines: list[L] = []
        while chunk := self.read():
            lines += chunk
        return lines


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Thousands of lines at once, none of them garbage, would have the whole heap searched through for it."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
