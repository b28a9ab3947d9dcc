"""Words, numbers, punctuation and spaces; what is rare is spelled, so that nothing is ever unknown."""

from collections import Counter
from collections.abc import Iterable, Iterator

from corpora.tokenizers.base import Ids, Unit
from corpora.tokenizers.pieces import PieceVocabulary, most_frequent, prune
from corpora.tokenizers.splitting import last_piece_cut, split_pieces
from corpora.tokenizers.streaming import rechunk
from corpora.vocabulary import default_words

FEWEST = 2  # times that a piece must occur
MOST_SINGLE = 500  # single characters that are kept for spelling
_MOST_COUNTED = 500_000  # distinct pieces counted at a time


class WordTokenizer(PieceVocabulary):
    """One token for each piece of the vocabulary; others by their characters, and those outside by digits."""

    unit: Unit = "word"

    def encode(self, text: str) -> Ids:
        """The ids of a text, (N,)."""
        return self.encode_pieces(split_pieces(text))

    def encode_chunks(self, chunks: Iterable[str]) -> Iterator[Ids]:
        """The same ids of a text in chunks, which may be cut anywhere, also within a word."""
        for text in rechunk(chunks, last_piece_cut):
            yield self.encode(text)


def train_word(chunks: Iterable[str], cap: int = 0) -> WordTokenizer:
    """Keeps the most frequent pieces of a text, `cap` of them (by the text's length where 0), and single characters."""
    pieces: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    length = 0
    for text in rechunk(chunks, last_piece_cut):
        pieces.update(split_pieces(text))
        characters.update(text)
        length += len(text)
        prune(pieces, _MOST_COUNTED)
    cap = cap or default_words(length)
    single = most_frequent(characters, min(MOST_SINGLE, cap))
    taken = set(single)
    common = (piece for piece in most_frequent(pieces, len(pieces)) if piece not in taken and pieces[piece] >= FEWEST)
    kept = single + [piece for piece, _ in zip(common, range(cap - len(single)), strict=False)]
    # Most frequent first, whatever a piece is: an output layer that adapts to frequency needs that order.
    kept.sort(key=lambda piece: (-pieces[piece], piece))
    return WordTokenizer(kept, _spelling(kept, pieces))


def _spelling(kept: list[str], counts: Counter[str]) -> list[int]:
    """The ids of single characters that stand in spelled words more often than for themselves."""
    known = set(kept)
    spelled: Counter[str] = Counter()
    for piece, count in counts.items():
        if piece not in known:
            for character in piece:
                spelled[character] += count
    return [token for token, piece in enumerate(kept) if len(piece) == 1 and spelled[piece] > counts[piece]]
