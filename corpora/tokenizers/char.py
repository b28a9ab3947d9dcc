"""Characters as people see them: grapheme clusters."""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from corpora.tokenizers.base import Ids, Unit
from corpora.tokenizers.clusters import (
    Flags,
    code_points,
    islands,
    last_cluster_cut,
    simple_code_points,
    split_clusters,
)
from corpora.tokenizers.pieces import PieceVocabulary, most_frequent, prune
from corpora.tokenizers.streaming import rechunk
from corpora.vocabulary import CHARACTERS

LONGEST_CLUSTER = 32  # code points; a longer cluster is decoration and is always spelled
_MOST_COUNTED = 500_000  # distinct clusters of several code points counted at a time


class CharTokenizer(PieceVocabulary):
    """One token for each grapheme cluster of the vocabulary; others by code points, and those by digits."""

    unit: Unit = "char"

    def __init__(self, pieces: Iterable[str]) -> None:
        super().__init__(list(pieces))
        self._table = np.full(0x110000, -1, dtype=np.int32)  # id of each code point that is a piece
        for token, piece in enumerate(self.pieces):
            if len(piece) == 1:
                self._table[ord(piece)] = token
        # Simple code points outside the vocabulary take more than one id, and are searched for like the others.
        self._direct: Flags | None = None

    @property
    def spelling(self) -> frozenset[int]:
        """The digits: a model that picks them one by one often spells no character at all."""
        return frozenset(range(len(self.pieces), self.vocabulary))

    def encode(self, text: str) -> Ids:
        """The ids of a text, (N,)."""
        parts = list(self.encode_chunks([text]))
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)

    def encode_chunks(self, chunks: Iterable[str]) -> Iterator[Ids]:
        """The same ids of a text in chunks, which may be cut anywhere, also within a cluster."""
        for text in rechunk(chunks, last_cluster_cut):
            yield self._encode(text)

    def _encode(self, text: str) -> Ids:
        if text.isascii() and "\r" not in text:
            ids = self._table[np.frombuffer(text.encode("ascii"), dtype=np.uint8)]
            return ids if ids.size == 0 or ids.min() >= 0 else self.encode_pieces(list(text))
        points = code_points(text)
        ids = self._table[points]
        if self._direct is None:
            self._direct = simple_code_points() & (self._table >= 0)
        parts: list[Ids] = []
        done = 0
        for start, end in islands(points, self._direct):
            parts += (ids[done:start], self.encode_pieces(split_clusters(text[start:end])))
            done = end
        parts.append(ids[done:])
        return np.concatenate(parts)


def train_char(chunks: Iterable[str], cap: int = 0) -> CharTokenizer:
    """Counts the clusters of a text and keeps the `cap` most frequent (`CHARACTERS` where 0)."""
    points_seen = np.zeros(0x110000, dtype=np.int64)
    clusters: Counter[str] = Counter()
    for text in rechunk(chunks, last_cluster_cut):
        if text.isascii() and "\r" not in text:
            points_seen[:128] += np.bincount(np.frombuffer(text.encode("ascii"), dtype=np.uint8), minlength=128)
            continue
        points = code_points(text)
        outside = np.ones(points.size, dtype=np.bool_)
        for start, end in islands(points, simple_code_points()):
            clusters.update(cluster for cluster in split_clusters(text[start:end]) if len(cluster) <= LONGEST_CLUSTER)
            outside[start:end] = False
        points_seen += np.bincount(points[outside], minlength=0x110000)
        prune(clusters, _MOST_COUNTED)
    for point in np.flatnonzero(points_seen).tolist():
        clusters[chr(point)] += int(points_seen[point])
    return CharTokenizer(most_frequent(clusters, cap or CHARACTERS))
