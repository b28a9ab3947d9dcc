"""Who wrote which characters: the writer, a model, or the writer in the middle of what a model wrote.

A line's *runs* are ``((length, origin), …)`` from its beginning to its end. Empty runs mean that all of it is the
writer's, which is what most lines are. A *fragment* has the runs of each line of a piece of text, or is None where all
of it is the writer's.
"""

from collections.abc import Iterable

Origin = int  # 0: the writer; n: take number n of the tree; -n: the writer, within what take n wrote
Runs = tuple[tuple[int, Origin], ...]
Fragment = tuple[Runs, ...] | None

WRITER: Origin = 0


def runs_of(length: int, origin: Origin) -> Runs:
    """The runs of a line that is all of one origin."""
    return ((length, origin),) if length and origin != WRITER else ()


def fragment_of(text: str, origin: Origin) -> Fragment:
    """The fragment of a text that is all of one origin."""
    if origin == WRITER:
        return None
    return tuple(runs_of(len(line), origin) for line in text.split("\n"))


def cut(runs: Runs, start: int, end: int) -> Runs:
    """The runs of the columns from `start` to `end`."""
    found = []
    at = 0
    for length, origin in runs:
        inside = min(at + length, end) - max(at, start)
        if inside > 0:
            found.append((inside, origin))
        at += length
    return tidy(found)


def join(*parts: tuple[Runs, int]) -> Runs:
    """The runs of pieces that follow one another; each comes with its length."""
    found: list[tuple[int, Origin]] = []
    for runs, length in parts:
        found.extend(runs or ([(length, WRITER)] if length else []))
    return tidy(found)


def joined(pieces: Iterable[tuple[str, Fragment]]) -> Fragment:
    """The fragment of texts that follow one another; each comes with its own."""
    rows: list[list[tuple[Runs, int]]] = [[]]
    for text, fragment in pieces:
        lines = text.split("\n")
        for number, (line, runs) in enumerate(zip(lines, fragment or [()] * len(lines), strict=True)):
            if number:
                rows.append([])
            rows[-1].append((runs, len(line)))
    found = tuple(join(*parts) for parts in rows)
    return found if any(found) else None


def tidy(pieces: Iterable[tuple[int, Origin]]) -> Runs:
    """The same runs with neighbours of one origin as one; empty where all is the writer's."""
    found: list[tuple[int, Origin]] = []
    for length, origin in pieces:
        if found and found[-1][1] == origin:
            found[-1] = (found[-1][0] + length, origin)
        elif length:
            found.append((length, origin))
    return () if all(origin == WRITER for _, origin in found) else tuple(found)


def origin_at(runs: Runs, column: int) -> Origin:
    """The origin of the character at a column; the writer's beyond the line's end."""
    for length, origin in runs:
        if column < length:
            return origin
        column -= length
    return WRITER


def model_characters(runs: Runs) -> int:
    """How many characters of a line a model wrote."""
    return sum(length for length, origin in runs if origin > 0)
