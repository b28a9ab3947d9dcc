"""A corpus as ids: cut into training and validation text, encoded once, kept on disk and mapped into memory."""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO

import msgspec
import numpy as np
import numpy.typing as npt

from corpora.corpus import Corpus
from corpora.errors import InputError
from corpora.files import read_json, replacing, write_json
from corpora.tokenizers.base import Ids, Tokenizer

FORMAT = 1
FEWEST_TOKENS = 2  # one to read and one to predict
Progress = Callable[[float, str], None]
Tokens = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
TokenType = np.dtype[np.uint16] | np.dtype[np.uint32]


@dataclass(frozen=True)
class TokenSplit:
    """Ids of both parts, shape ``(N,)``, mapped from disk: only what is read takes memory."""

    train: Tokens
    validation: Tokens
    train_characters: int
    validation_characters: int
    validation_bytes: int  # as UTF-8


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """One array: how many ids, and the CRC-32 of their bytes, so that ids beyond the vocabulary never reach a model."""

    tokens: int
    checksum: int


class _CacheRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Beside the two arrays: what they must be, so that a stale or cut file is noticed."""

    format: int = 1
    corpus: str  # sha256 of text.txt
    vocabulary: int
    train: _Part
    validation: _Part
    validation_bytes: int


def split_point(characters: int, validation: float) -> int:
    """The length of the training text: all but the share `validation` at the end, in whole characters.

    Exact for shares written in decimal: 1,115,394 characters at 0.1 are cut at 1,003,854.
    """
    return int((1 - Decimal(repr(float(validation)))) * characters)


def training_chunks(corpus: Corpus, validation: float) -> Iterator[str]:
    """Streams the training text."""
    return corpus.chunks(0, split_point(corpus.record.characters, validation))


def validation_chunks(corpus: Corpus, validation: float) -> Iterator[str]:
    """Streams the validation text."""
    return corpus.chunks(split_point(corpus.record.characters, validation))


def tokenize(
    corpus: Corpus, tokenizer: Tokenizer, *, validation: float, progress: Progress | None = None
) -> TokenSplit:
    """Encodes both parts of `corpus`, or opens what was encoded before.

    Raises `InputError` where a part is too short to learn or to test on, or the corpus folder can't be written.
    """
    characters = corpus.record.characters
    cut = split_point(characters, validation)
    if cut < 1 or characters - cut < FEWEST_TOKENS:
        fewest = int(FEWEST_TOKENS / validation) + 1
        raise InputError(
            f"The text of {corpus.record.name} has only {characters:,} characters; "
            f"it needs at least {fewest:,} for a part of {validation:.0%} to be kept for validation. Add more text."
        )
    stem = corpus.folder / f"tokens-{_key(tokenizer, validation)}"
    split = _open(stem, corpus, tokenizer, cut)
    if split is None:
        try:
            _build(stem, corpus, tokenizer, validation, progress)
        except OSError as error:
            raise InputError(
                f"Pantoum can't write to {corpus.folder} ({error.strerror or error}). "
                "Free some space or make it writable."
            ) from error
        split = _open(stem, corpus, tokenizer, cut)
    if split is None:
        raise InputError(f"The encoded text of {corpus.record.name} changed while it was made. Try again.")
    if split.train.size < FEWEST_TOKENS or split.validation.size < FEWEST_TOKENS:
        raise InputError(
            f"The text of {corpus.record.name} is too short: its validation part has {split.validation.size} "
            f"{tokenizer.unit} tokens and needs at least {FEWEST_TOKENS}. Add more text, or train by characters."
        )
    return split


def _key(tokenizer: Tokenizer, validation: float) -> str:
    return hashlib.sha256(tokenizer.to_json() + repr(validation).encode()).hexdigest()[:16]


def _paths(stem: Path) -> tuple[Path, Path, Path]:
    train, validation, record = (
        stem.with_name(f"{stem.name}{end}") for end in ("-train.npy", "-validation.npy", ".json")
    )
    return train, validation, record


def _open(stem: Path, corpus: Corpus, tokenizer: Tokenizer, cut: int) -> TokenSplit | None:
    """The cached arrays; None where there are none, or where they are damaged or of another text."""
    train_path, validation_path, record_path = _paths(stem)
    try:
        record = read_json(record_path, _CacheRecord, newest=FORMAT)
        if record.corpus != corpus.record.sha256 or record.vocabulary != tokenizer.vocabulary:
            return None
        train = _map(train_path, _kind(tokenizer), record.train)
        validation = _map(validation_path, _kind(tokenizer), record.validation)
    except (InputError, OSError, ValueError, EOFError):
        return None
    return TokenSplit(
        train=train,
        validation=validation,
        train_characters=cut,
        validation_characters=corpus.record.characters - cut,
        validation_bytes=record.validation_bytes,
    )


def _map(path: Path, kind: TokenType, part: _Part) -> Tokens:
    """Opens one array. Raises `OSError` and `ValueError` where it is not what was written."""
    array: Tokens = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.shape != (part.tokens,) or array.dtype != kind or _checksum(path, array.nbytes) != part.checksum:
        raise ValueError(f"{path} was altered")
    return array


def _build(stem: Path, corpus: Corpus, tokenizer: Tokenizer, validation: float, progress: Progress | None) -> None:
    train_path, validation_path, record_path = _paths(stem)
    total = corpus.record.characters
    done = size = 0

    def counted(chunks: Iterable[str]) -> Iterator[str]:
        nonlocal done, size
        for chunk in chunks:
            yield chunk
            done += len(chunk)
            size += len(chunk.encode("utf-8"))
            if progress:
                progress(done / total, "Encoding the text")

    kind = _kind(tokenizer)
    # Two at once write the same bytes, each into its own temporary file.
    train = _write(train_path, kind, tokenizer.encode_chunks(counted(training_chunks(corpus, validation))))
    size = 0
    parts = tokenizer.encode_chunks(counted(validation_chunks(corpus, validation)))
    validation_part = _write(validation_path, kind, parts)
    record = _CacheRecord(
        corpus=corpus.record.sha256,
        vocabulary=tokenizer.vocabulary,
        train=train,
        validation=validation_part,
        validation_bytes=size,
    )
    write_json(record_path, record)


def _kind(tokenizer: Tokenizer) -> TokenType:
    return np.dtype(np.uint16) if tokenizer.vocabulary <= 1 << 16 else np.dtype(np.uint32)


def _write(path: Path, kind: TokenType, parts: Iterable[Ids]) -> _Part:
    """Streams ids into an npy file."""
    with replacing(path) as file:
        length = _write_header(file, kind, 0)
        count = checksum = 0
        for part in parts:
            data = part.astype(kind).tobytes()
            file.write(data)
            checksum = zlib.crc32(data, checksum)
            count += part.size
        file.seek(0, os.SEEK_SET)
        if _write_header(file, kind, count) != length:
            raise InputError(f"{path} is too large.")
    return _Part(tokens=count, checksum=checksum)


def _checksum(path: Path, size: int) -> int:
    """CRC-32 of the last `size` bytes; read and not mapped, so that checking takes no memory."""
    checksum = 0
    with path.open("rb") as file:
        file.seek(-size, os.SEEK_END)
        while data := file.read(1 << 20):
            checksum = zlib.crc32(data, checksum)
    return checksum


def _write_header(file: IO[bytes], kind: TokenType, count: int) -> int:
    """Writes the header of an array of `count` ids; its length is the same for every count (numpy leaves room)."""
    np.lib.format.write_array_header_1_0(file, {"descr": kind.str, "fortran_order": False, "shape": (count,)})
    return file.tell()
