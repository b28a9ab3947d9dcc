"""A bounded sample of a stream whose length nobody knows yet."""

from collections.abc import Iterator

BLOCK = 1 << 16  # characters
MOST_WORK = 32_000_000  # characters of a text with spaces
_UNSPACED = 32  # times the work that learning merges takes where hardly any word occurs twice
_FEW_SPACES = 0.05  # share of spaces below which a block is such a text


class EvenSample:
    """Every text up to a limit; of a longer one every 2nd block, every 4th, …, evenly over its whole length.

    Deterministic: the same text gives the same sample, however it was cut into chunks.
    """

    def __init__(self, most_work: int = MOST_WORK) -> None:
        self.characters = 0  # of the whole stream
        self._most_work = most_work
        self._stride = 1
        self._blocks: list[str] = []
        self._work = 0
        self._count = 0  # whole blocks seen
        self._open: list[str] = []  # parts of the block that is not yet whole
        self._open_length = 0

    def add(self, text: str) -> None:
        """Takes the next chunk of the stream."""
        self.characters += len(text)
        start = 0
        while start < len(text):
            part = text[start : start + BLOCK - self._open_length]
            start += len(part)
            self._open.append(part)
            self._open_length += len(part)
            if self._open_length == BLOCK:
                self._close()

    def texts(self) -> Iterator[str]:
        """The sample, in the stream's order."""
        yield from self._blocks
        if self._open and self._count % self._stride == 0:
            yield "".join(self._open)

    def _close(self) -> None:
        block = "".join(self._open)
        self._open, self._open_length = [], 0
        if self._count % self._stride == 0:
            self._blocks.append(block)
            self._work += _work(block)
        self._count += 1
        if self._work > self._most_work:
            self._stride *= 2
            self._blocks = self._blocks[::2]
            self._work = sum(map(_work, self._blocks))


def _work(block: str) -> int:
    spaces = block.count(" ") + block.count("\n")
    return len(block) * (_UNSPACED if spaces < _FEW_SPACES * len(block) else 1)
