"""Cuts a text that comes in chunks where a tokenizer would have cut it anyway."""

from collections.abc import Callable, Iterable, Iterator

MOST_HELD = 1 << 20  # characters


def rechunk(chunks: Iterable[str], last_cut: Callable[[str], int]) -> Iterator[str]:
    """Yields the same text in chunks that end at boundaries between tokens.

    `last_cut` gives the last index at which a text may be cut whatever follows it, 0 where there is none. A stretch of
    more than `MOST_HELD` characters without such a place, which no writing has, is cut where it is: memory stays
    bounded, and decoding still gives back the same text.
    """
    held = ""
    for chunk in chunks:
        text = held + chunk
        cut = last_cut(text)
        if cut == 0 and len(text) > MOST_HELD:
            cut = len(text)
        if cut:
            yield text[:cut]
        held = text[cut:]
    if held:
        yield held
