"""Passages of a text that stand letter for letter in a corpus, and where.

An index beside the corpus holds the hash of every 13th run of 13 bytes. Any 25 bytes in a row contain one of those runs
whole, so a copy of 25 characters or more is always met when every run of a text is looked up; what is met is compared
with the corpus itself, and extended in both directions as far as it goes. Nothing but the sorted hashes of about a
hundred megabytes of text is in memory at once, and when it is searched the index is mapped, not read.
"""

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from corpora.corpus import Corpus
from corpora.errors import InputError
from corpora.files import replacing

LEAST = 25  # characters of the shortest copy that can be found
RUN = 13  # bytes: LEAST + 1 = 2 * RUN
SHARD = 1 << 23  # hashes sorted at once: those of 109 MB
BLOCK = 1 << 16  # bytes of the corpus for each number in the table of characters
LONGEST = 2_000_000  # characters of a text searched at once
MOST = 64  # places in the corpus that are compared for one run of the text
_CHUNK = RUN << 20  # bytes read at once: whole runs and whole blocks
_STEP = 64  # bytes compared at once
_REMEMBERED = 100_000  # matches whose ends are remembered
_FACTORS = np.array([pow(0x9E3779B97F4A7C15, power, 1 << 64) for power in range(1, RUN + 1)], dtype=np.uint64)
Keys = npt.NDArray[np.uint64]  # the upper half is a run's hash, the lower one its number in the corpus
Check = Callable[[], None]


@dataclass(frozen=True)
class CopiedSpan:
    """Characters of a text, and where they stand in the corpus."""

    start: int
    end: int
    corpus: int  # in characters


def copied_spans(corpus: Corpus, text: str, *, least: int = LEAST, check: Check = lambda: None) -> list[CopiedSpan]:
    """All passages of `least` or more characters of `text` that stand in the corpus, in order, each as long as it goes.

    Of a passage that stands there several times the first place is told, as far as it was compared. Passages that
    others cover are left out, and such as have no letter or number in them. Of runs that the corpus has more than
    `MOST` times only so many are compared. The first call builds the index; `check` is called now and then, and may
    raise. Raises `InputError` for a text too long, for `least` below `LEAST`, and where the corpus can't be read.
    """
    if least < LEAST:
        raise InputError(f"Copies of {least} characters are asked for; the shortest that are found have {LEAST}.")
    if len(text) > LONGEST:
        raise InputError(f"The text has {len(text):,} characters; ask for at most {LONGEST:,} at once.")
    data = text.encode("utf-8", "replace")
    if corpus.record.bytes < LEAST or len(data) < LEAST:
        return []
    try:
        keys, counts = _opened(corpus, check)
        with corpus.text_path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            return _search(data, whole, keys, counts, least, check)
    except (OSError, ValueError) as error:
        raise InputError(f"{corpus.text_path} can't be searched ({error}).") from error


def build(corpus: Corpus, check: Check = lambda: None) -> None:
    """Makes the index, replacing any. Raises `OSError`."""
    keys_path, counts_path = _paths(corpus)
    total = corpus.record.bytes // RUN
    counts: list[int] = [0]
    with corpus.text_path.open("rb") as source, replacing(keys_path) as file:
        header = {"descr": "<u8", "fortran_order": False, "shape": (total,)}
        np.lib.format.write_array_header_1_0(file, header)
        shard = np.empty(min(SHARD, total), dtype=np.uint64)
        filled = number = 0
        for data in _chunks(source):
            check()
            _count_characters(data, counts)
            hashes = _hashes(data[: len(data) // RUN * RUN].reshape(-1, RUN).T)
            while len(hashes):
                some = hashes[: len(shard) - filled]
                numbers = np.arange(number, number + len(some), dtype=np.uint64)
                shard[filled : filled + len(some)] = some << np.uint64(32) | numbers
                filled, number, hashes = filled + len(some), number + len(some), hashes[len(some) :]
                if filled == len(shard) or number == total:
                    part = shard[:filled]
                    part.sort()
                    file.write(part.tobytes())
                    filled = 0
    with replacing(counts_path) as file:
        np.save(file, np.cumsum(np.array(counts, dtype=np.int64)), allow_pickle=False)


def _opened(corpus: Corpus, check: Check) -> tuple[Keys, npt.NDArray[np.int64]]:
    keys_path, counts_path = _paths(corpus)
    for attempt in range(2):
        try:
            keys: Keys = np.load(keys_path, mmap_mode="r", allow_pickle=False)
            counts: npt.NDArray[np.int64] = np.load(counts_path, allow_pickle=False)
            if keys.shape == (corpus.record.bytes // RUN,) and keys.dtype == np.uint64 and counts.dtype == np.int64:
                return keys, counts
        except (OSError, ValueError, EOFError):
            if attempt:
                raise
        build(corpus, check)
    raise ValueError("its index is damaged")


def _paths(corpus: Corpus) -> tuple[Path, Path]:
    """The index belongs to one text: its hash is in the files' names."""
    stem = f"copies-{corpus.record.sha256[:16]}"
    return corpus.folder / f"{stem}.npy", corpus.folder / f"{stem}-characters.npy"


def _chunks(source: IO[bytes]) -> Iterator[npt.NDArray[np.uint8]]:
    while data := source.read(_CHUNK):
        yield np.frombuffer(data, dtype=np.uint8)


def _count_characters(data: npt.NDArray[np.uint8], counts: list[int]) -> None:
    """Adds the characters that begin in each block of the chunk; the chunks are whole blocks, all but the last."""
    begins = (data & 0xC0) != 0x80
    counts += [int(begins[start : start + BLOCK].sum()) for start in range(0, len(data), BLOCK)]


def _hashes(columns: npt.NDArray[np.uint8]) -> Keys:
    """The hashes (N,) of runs (RUN, N), 32 bits each."""
    sums = np.zeros(columns.shape[1], dtype=np.uint64)
    for column, factor in zip(columns, _FACTORS, strict=True):
        sums += column * factor
    return sums >> np.uint64(32)


def _search(
    data: bytes, whole: mmap.mmap, keys: Keys, counts: npt.NDArray[np.int64], least: int, check: Check
) -> list[CopiedSpan]:
    numbers = np.frombuffer(data, dtype=np.uint8)
    begins = (numbers & 0xC0) != 0x80
    characters = np.concatenate(([0], np.cumsum(begins)))  # before each byte
    hashes = _hashes(np.lib.stride_tricks.sliding_window_view(numbers, RUN).T)
    matches: list[tuple[int, int, int]] = []  # bytes of the text, and where the first of them is in the corpus
    reach: dict[int, int] = {}  # how far the text is known to go along with the corpus, by how far apart they stand
    for place, runs in _met(hashes, keys):
        check()
        for run in runs.tolist():
            apart = run * RUN - place
            if place + RUN <= reach.get(apart, 0):
                continue
            start, end = _extended(data, place, whole, run * RUN)
            reach[apart] = end
            start, end = _whole_characters(start, end, begins)
            if start < end and characters[end] - characters[start] >= least and _says_something(data[start:end]):
                matches.append((start, end, start + apart))
        if len(reach) > _REMEMBERED:
            reach = {apart: end for apart, end in reach.items() if end > place}
    return [
        CopiedSpan(int(characters[start]), int(characters[end]), _characters(whole, counts, corpus))
        for start, end, corpus in _outermost(matches)
    ]


def _says_something(data: bytes) -> bool:
    """Whether there are letters or numbers in it: rows of spaces or dashes are nobody's."""
    return any(character.isalnum() for character in data.decode("utf-8", "replace"))


def _whole_characters(start: int, end: int, begins: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """The span without parts of characters at its ends."""
    while start < end and not begins[start]:
        start += 1
    while start < end < len(begins) and not begins[end]:
        end -= 1
    return start, end


def _outermost(matches: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """So few of them that they cover what all do, in order; the first in the corpus of those that are alike."""
    best, done = (0, 0, 0), 0
    for match in sorted(matches, key=lambda match: (match[0], -match[1], match[2])):
        if match[0] > done and best[1] > done:  # nothing that begins in time reaches further than the best so far
            yield best
            done = best[1]
        if match[1] > max(best[1], done):
            best = match
    if best[1] > done:
        yield best


def _met(hashes: Keys, keys: Keys) -> Iterator[tuple[int, Keys]]:
    """Places of the text whose run's hash the corpus has, in order, and the numbers of the corpus's runs."""
    low, high = hashes << np.uint64(32), hashes << np.uint64(32) | np.uint64(0xFFFFFFFF)
    shards = [keys[start : start + SHARD] for start in range(0, len(keys), SHARD)]
    firsts = [shard.searchsorted(low, side="left") for shard in shards]
    lasts = [shard.searchsorted(high, side="right") for shard in shards]
    there = np.zeros(len(hashes), dtype=np.bool_)
    for first, last in zip(firsts, lasts, strict=True):
        there |= last > first
    for place in np.flatnonzero(there).tolist():
        runs = [
            shard[first[place] : min(last[place], first[place] + MOST)] & np.uint64(0xFFFFFFFF)
            for shard, first, last in zip(shards, firsts, lasts, strict=True)
        ]
        yield place, np.concatenate(runs)


def _extended(data: bytes, place: int, whole: mmap.mmap, corpus: int) -> tuple[int, int]:
    """The bytes of the text around `place` that are those of the corpus around `corpus`; none where the run isn't."""
    if data[place : place + RUN] != whole[corpus : corpus + RUN]:
        return place, place
    right = RUN
    while (
        data[place + right : place + right + _STEP] == (part := whole[corpus + right : corpus + right + _STEP]) and part
    ):
        right += len(part)
    while place + right < len(data) and corpus + right < len(whole) and data[place + right] == whole[corpus + right]:
        right += 1
    left = 0
    while left + _STEP <= min(place, corpus) and (
        data[place - left - _STEP : place - left] == whole[corpus - left - _STEP : corpus - left]
    ):
        left += _STEP
    while left < min(place, corpus) and data[place - left - 1] == whole[corpus - left - 1]:
        left += 1
    return place - left, place + right


def _characters(whole: mmap.mmap, counts: npt.NDArray[np.int64], place: int) -> int:
    """How many characters of the corpus stand before a byte."""
    block = place // BLOCK
    part = np.frombuffer(whole[block * BLOCK : place], dtype=np.uint8)
    return int(counts[block]) + int(((part & 0xC0) != 0x80).sum())
