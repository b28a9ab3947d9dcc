"""What a corpus holds, counted in one pass over its text."""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from corpora.corpus import Corpus
from corpora.errors import InputError
from corpora.files import read_json, write_json

if TYPE_CHECKING:
    import regex

FORMAT = 1
FREQUENT = 50  # words that are kept with their counts
MOST_WORDS = 300_000  # distinct words counted at a time; beyond it the rarest are forgotten

# A word is a run of letters with inner apostrophes and hyphens, or one character of a script without spaces.
_LETTER = r"[\p{L}\p{M}--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]"
_WORD = rf"(?V1){_LETTER}+(?:['’-]{_LETTER}+)*+|\p{{L}}"
_LAST_WORD = rf"(?V1){_LETTER}+(?:['’-]{_LETTER}+)*+['’-]?\Z"
_ASCII_WORD = re.compile("[a-z]++(?:['-][a-z]++)*+")  # the same for ASCII, three times as fast
_LONGEST = 200  # characters of a word that is looked for across the end of a chunk


@cache
def _compiled(pattern: str) -> "regex.Pattern[str]":
    import regex  # takes 10 ms: not while the app starts

    return regex.compile(pattern)


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """``statistics.json``; `sha256` is that of the text it was counted from."""

    format: int = 1
    sha256: str
    characters: int
    bytes: int
    words: int
    lines: int
    distinct_characters: int
    files: int
    duplicates: tuple[str, ...]  # names of the files that were left out
    frequent: tuple[tuple[str, int], ...]  # the most frequent words, lower case, with their counts


def statistics(corpus: Corpus, progress: Callable[[float, str], None] | None = None) -> Statistics:
    """Counts the text of `corpus`, or reads what was counted before. Raises `InputError` where the text is damaged."""
    path = corpus.folder / "statistics.json"
    try:
        cached = read_json(path, Statistics, newest=FORMAT)
        if cached.sha256 == corpus.record.sha256:
            return cached
    except InputError:
        pass  # missing or damaged: counted again
    counted = _count(corpus, progress)
    try:
        write_json(path, counted)
    except OSError:
        pass  # a full or read-only disk costs the next reader the time, and nothing else
    return counted


def _count(corpus: Corpus, progress: Callable[[float, str], None] | None) -> Statistics:
    record = corpus.record
    frequent: Counter[str] = Counter()
    distinct: set[str] = set()
    words = lines = done = 0
    held = ""
    ending = ""
    for chunk in corpus.chunks():
        distinct.update(chunk)
        lines += chunk.count("\n")
        done += len(chunk)
        ending = chunk[-1]
        text = held + chunk
        found: list[str] = (_ASCII_WORD if text.isascii() else _compiled(_WORD)).findall(text.lower())
        # The last word may go on in the next chunk; without it this chunk's words are all whole.
        held = _last_word(text)
        if held and found:
            found.pop()
        words += len(found)
        frequent.update(found)
        if len(frequent) > MOST_WORDS:
            frequent = Counter(dict(frequent.most_common(MOST_WORDS // 2)))
        if progress:
            progress(done / max(1, record.characters), "Counting words")
    last = _compiled(_WORD).findall(held.lower())
    words += len(last)
    frequent.update(last)
    return Statistics(
        sha256=record.sha256,
        characters=record.characters,
        bytes=record.bytes,
        words=words,
        lines=lines + (ending not in ("", "\n")),
        distinct_characters=len(distinct),
        files=len(record.sources),
        duplicates=tuple(source.name for source in record.sources if source.duplicate_of),
        frequent=tuple(sorted(frequent.items(), key=lambda item: (-item[1], item[0]))[:FREQUENT]),
    )


def _last_word(text: str) -> str:
    match = _compiled(_LAST_WORD).search(text, max(0, len(text) - _LONGEST))
    return str(match[0]) if match else ""
