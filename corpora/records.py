"""What ``corpus.json`` holds, as typed values."""

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]  # more is damage, and no number to reckon with


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a corpus."""

    name: str  # the file's name, or its path below the folder that was added
    path: str  # where it was read from, or a description of where its text comes from
    encoding: str  # Python's name of the codec
    guessed: bool  # whether a detector chose the encoding
    confidence: float  # the detector's, 0 to 1; 1 where nothing was guessed
    bytes: Count  # of the file
    characters: Count  # of its cleaned text
    start: Count  # character offset in text.txt at which its text begins
    sha256: str  # of its cleaned text as UTF-8
    duplicate_of: str = ""  # name of an earlier source with the same text; then it is not in text.txt


class CorpusRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``corpus.json``."""

    format: int = 1
    name: str
    created: str  # ISO 8601, UTC
    sources: tuple[Source, ...]
    characters: Count  # of text.txt
    bytes: Count  # of text.txt
    sha256: str  # of text.txt
    alphabet: Count = 0  # distinct characters of text.txt; 0 where nobody counted them
    cleaning: tuple[str, ...] = ()  # the cleaning steps that altered something, in their order
