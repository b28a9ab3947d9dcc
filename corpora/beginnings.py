"""Where a unit begins in a text that grows at its beginning: `corpora.boundaries` seen from the other side."""

import re

from corpora.boundaries import CONTEXT, JOINERS, EndFinder, Unit, is_letter, stands_alone

_BREAK = {"line": re.compile(r"\n(?=[^\n]*\S)"), "paragraph": re.compile(r"\n[^\S\n]*\n\s*(?=\S)")}


def beginning(text: str, unit: Unit, after: str = "") -> int | None:
    """Where the last unit of `text` begins, once that is certain; `after` is what follows the text.

    The text is one that grows to the left until this is no longer None, so there is one such place at most.
    """
    match unit:
        case "word":
            return _word(text)
        case "sentence":
            return _sentence(text, after)
        case "line" | "paragraph":
            found = _BREAK[unit].search(text)
            return found.end() if found else None


def _word(text: str) -> int | None:
    for place in range(len(text)):
        if not is_letter(text[place]):
            continue
        if stands_alone(text[place]):
            return place
        before = text[:place].rstrip(JOINERS) if place and text[place - 1] in JOINERS else text[:place]
        if before and not is_letter(before[-1]):
            return place
    return None


def _sentence(text: str, after: str) -> int | None:
    start = 0
    while start < len(text):
        finder = EndFinder("sentence", text[:start])
        end = finder.push(text[start:] + after[:CONTEXT])
        if end is None:
            return None
        start += end
        beginning = start + len(text[start:]) - len(text[start:].lstrip())
        # The word before the stop must be whole: it may be an abbreviation.
        words = text[:start].split()
        if len(words) > 1 or text[:1].isspace() or _is_eastern(text[:start]):
            return beginning if text[beginning:].strip() else None
    return None


def _is_eastern(text: str) -> bool:
    return any(stands_alone(character) for character in text) or text[-1:] in "。！？"
