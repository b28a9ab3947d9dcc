"""Trains, saves and opens tokenizers of any unit."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from corpora.errors import InputError
from corpora.files import MAX_JSON_BYTES, write_bytes
from corpora.tokenizers.base import Tokenizer, Unit
from corpora.tokenizers.char import CharTokenizer, train_char
from corpora.tokenizers.pieces import pieces_from_json
from corpora.tokenizers.word import WordTokenizer, train_word

FORMAT = 1


class _Header(msgspec.Struct, frozen=True):
    format: int
    unit: str


def train_tokenizer(unit: Unit | str, chunks: Iterable[str], *, cap: int = 0) -> Tokenizer:
    """Makes a tokenizer for a text that comes in chunks. `cap` bounds its pieces; 0 is what suits unit and text.

    Raises `InputError` for an unknown unit or a negative cap, and what the chunks raise.
    """
    if cap < 0:
        raise InputError(f"The vocabulary cap is {cap}; it must be at least 0 (0: what suits the text).")
    if unit == "char":
        return train_char(chunks, cap)
    if unit == "word":
        return train_word(chunks, cap)
    if unit == "bpe":
        from corpora.tokenizers.bpe import train_bpe  # its library takes a while to load

        return train_bpe(chunks, cap)
    raise InputError(f"There is no unit named {unit!r}. Units: char, word, bpe.")


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    """Replaces `path` by the tokenizer as JSON. Raises `OSError`."""
    write_bytes(path, tokenizer.to_json())


def load_tokenizer(path: Path) -> Tokenizer:
    """Opens a saved tokenizer. Raises `InputError` where it is missing, damaged or of a newer format."""
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise InputError(f"{path} is too large to be a tokenizer. Restore it, or train again.")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror or error}). Restore it from a backup, or train again."
        ) from error
    try:
        return tokenizer_from_json(data)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def tokenizer_from_json(data: bytes) -> Tokenizer:
    """A tokenizer from the bytes of its file. Raises `InputError` where they are damaged or of a newer format."""
    try:
        header = msgspec.json.decode(data, type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"The tokenizer is damaged: {error}. Restore it, or train again.") from error
    if header.format < 1:
        raise InputError(f"The tokenizer is damaged: its format is {header.format}. Restore it, or train again.")
    if header.format > FORMAT:
        raise InputError(
            f"The tokenizer was written by a newer Pantoum (format {header.format}; this one reads up to {FORMAT}). "
            "Update Pantoum."
        )
    if header.unit == "char":
        return CharTokenizer(pieces_from_json(data, "char")[0])
    if header.unit == "word":
        return WordTokenizer(*pieces_from_json(data, "word"))
    if header.unit == "bpe":
        from corpora.tokenizers.bpe import bpe_from_json

        return bpe_from_json(data)
    raise InputError(f"The tokenizer is damaged: its unit is {header.unit!r}. Restore it, or train again.")
