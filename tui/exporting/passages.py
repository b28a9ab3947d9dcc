"""A manuscript as passages, each of one author."""

from collections.abc import Iterator
from dataclasses import dataclass

from tui.manuscript.manuscript import Manuscript
from tui.manuscript.provenance import Origin
from tui.manuscript.takes import Take


@dataclass(frozen=True)
class Passage:
    """A stretch of text by the writer (0), by take n of a model (n), or by the writer within that take (-n)."""

    origin: Origin
    text: str


def passages(manuscript: Manuscript) -> Iterator[Passage]:
    """The passages in order; together they are the text. A line end belongs to what stands before it."""
    origin, parts = 0, list[str]()
    last = len(manuscript.body.lines) - 1
    for number, (line, runs) in enumerate(zip(manuscript.body.lines, manuscript.body.origins, strict=True)):
        at = 0
        for length, who in runs or (((len(line), 0),) if line else ()):
            if who != origin and parts:
                yield Passage(origin, "".join(parts))
                parts = []
            origin = who
            parts.append(line[at : at + length])
            at += length
        if number < last:
            parts.append("\n")
    if parts:
        yield Passage(origin, "".join(parts))


def takes(manuscript: Manuscript) -> dict[int, Take]:
    """Each take of the history, by the number of its node."""
    return {node.number: node.take for node in manuscript.history if node.take is not None}
