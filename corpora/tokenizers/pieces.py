"""What the char and the word tokenizer share: a list of pieces, then sixteen digits, and their JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from corpora.errors import InputError
from corpora.tokenizers.base import Ids, Unit
from corpora.tokenizers.fallback import PieceDetokenizer, piece_of_digit, spell
from corpora.vocabulary import DIGITS

MOST_PIECES = 1_000_000
LONGEST_PIECE = 256  # code points; both tokenizers keep well below
_CACHED = 200_000  # pieces whose ids are remembered


class PieceFile(msgspec.Struct, frozen=True, kw_only=True):
    """``tokenizer.json`` of the units char and word."""

    format: int = 1
    unit: Unit
    pieces: tuple[str | tuple[int, ...], ...]  # a piece with lone surrogates, which JSON can't hold, is its code points
    spelling: tuple[int, ...] = ()  # ids that mostly spell pieces without a token of their own


class PieceVocabulary:
    """Pieces by id, then the digits. A piece outside is spelled by its code points, and those outside by digits."""

    unit: Unit

    def __init__(self, pieces: Sequence[str], spelling: Iterable[int] = ()) -> None:
        self.pieces = list(pieces)
        self._digits = len(self.pieces)
        self._spelling = tuple(sorted(spelling))
        self.ids: dict[str, int] = {piece: token for token, piece in enumerate(self.pieces)}
        self._cache: dict[str, tuple[int, ...]] = {}

    @property
    def vocabulary(self) -> int:
        """V: the pieces and the digits."""
        return self._digits + DIGITS

    @property
    def spelling(self) -> frozenset[int]:
        """Ids that mostly spell what has no token of its own; empty where the tokenizer doesn't know."""
        if not self._spelling:
            return frozenset()
        return frozenset(self._spelling) | frozenset(range(self._digits, self.vocabulary))

    def spelled(self, piece: str) -> tuple[int, ...]:
        """The ids of one piece."""
        known = self._cache.get(piece)
        if known is not None:
            return known
        token = self.ids.get(piece)
        if token is not None:
            ids: tuple[int, ...] = (token,)
        else:
            spelling: list[int] = []
            for character in piece:
                token = self.ids.get(character)
                if token is not None:
                    spelling.append(token)
                else:
                    spelling += [self._digits + digit for digit in spell(character)]
            ids = tuple(spelling)
        if len(piece) <= LONGEST_PIECE:
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[piece] = ids
        return ids

    def encode_pieces(self, pieces: Sequence[str]) -> Ids:
        """The ids of pieces in a row."""
        lookup = self.ids.get
        found = [lookup(piece, -1) for piece in pieces]
        ids = np.array(found, dtype=np.int32)
        if ids.size == 0 or ids.min() >= 0:
            return ids
        spelled = self.spelled
        flat: list[int] = []
        for token, piece in zip(found, pieces, strict=True):
            if token >= 0:
                flat.append(token)
            else:
                flat += spelled(piece)
        return np.array(flat, dtype=np.int32)

    def decode(self, ids: Sequence[int] | Ids) -> str:
        """The text of any ids of the vocabulary. Raises `IndexError` for others."""
        array = np.asarray(ids, dtype=np.int64)
        if array.size and (array.min() < 0 or array.max() >= self.vocabulary):
            raise IndexError(f"ids must be between 0 and {self.vocabulary - 1:,}")
        pieces = self.pieces
        tokens: list[int] = array.tolist()
        if array.size == 0 or array.max() < self._digits:
            return "".join([pieces[token] for token in tokens])
        detokenizer = self.detokenizer()
        return "".join([detokenizer.push(token) for token in tokens]) + detokenizer.flush()

    def detokenizer(self) -> PieceDetokenizer:
        """One that decodes a text id by id; several may be under way at once."""
        return PieceDetokenizer(self.pieces)

    def piece(self, token: int) -> str:
        """One id as text to show; a digit in angle brackets. Raises `IndexError` for an id outside the vocabulary."""
        if not 0 <= token < self.vocabulary:
            raise IndexError(f"ids must be between 0 and {self.vocabulary - 1:,}")
        return self.pieces[token] if token < self._digits else piece_of_digit(token - self._digits)

    def to_json(self) -> bytes:
        """A `PieceFile`, which `pieces_from_json` reads."""
        pieces = tuple(tuple(map(ord, piece)) if _has_surrogate(piece) else piece for piece in self.pieces)
        file = PieceFile(unit=self.unit, pieces=pieces, spelling=self._spelling)
        return msgspec.json.format(msgspec.json.encode(file), indent=1)


def pieces_from_json(data: bytes, unit: Unit) -> tuple[list[str], tuple[int, ...]]:
    """The pieces of a tokenizer file, and the ids that spell. Raises `InputError` where it is damaged."""
    try:
        file = msgspec.json.decode(data, type=PieceFile)
        pieces = [piece if isinstance(piece, str) else "".join(map(chr, piece)) for piece in file.pieces]
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError, RecursionError) as error:
        raise InputError(f"The tokenizer is damaged: {error}. Restore it, or train again.") from error
    if file.unit != unit:
        raise InputError(f"The tokenizer is damaged: its unit is {file.unit} and not {unit}.")
    if len(pieces) > MOST_PIECES:
        raise InputError(f"The tokenizer is damaged: it has {len(pieces):,} pieces.")
    if len(set(pieces)) != len(pieces):
        raise InputError("The tokenizer is damaged: a piece is in it twice. Restore it, or train again.")
    if any(not 1 <= len(piece) <= LONGEST_PIECE for piece in pieces):
        raise InputError("The tokenizer is damaged: a piece is empty or too long. Restore it, or train again.")
    if any(not 0 <= token < len(pieces) for token in file.spelling):
        raise InputError("The tokenizer is damaged: a spelling piece is not in it. Restore it, or train again.")
    return pieces, file.spelling


def most_frequent(counts: Counter[str], cap: int) -> list[str]:
    """The `cap` most frequent pieces, most frequent first; equally frequent ones by code point."""
    return sorted(counts, key=lambda piece: (-counts[piece], piece))[:cap]


def prune(counts: Counter[str], most: int) -> None:
    """Bounds the memory of a count over an endless stream by forgetting its rarest half."""
    if len(counts) > most:
        for piece in most_frequent(counts, len(counts))[most // 2 :]:
            del counts[piece]


def _has_surrogate(piece: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in piece)
