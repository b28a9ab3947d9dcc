"""Byte-pair encoding (Sennrich et al. 2016) over bytes, learned from the corpus with Hugging Face's tokenizers."""

import codecs
import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
from tokenizers import Tokenizer as HuggingFaceTokenizer
from tokenizers import models, pre_tokenizers, trainers

from corpora.errors import InputError
from corpora.tokenizers.base import Ids, Unit
from corpora.tokenizers.fallback import ERRORS
from corpora.tokenizers.sampling import EvenSample
from corpora.tokenizers.streaming import rechunk
from corpora.vocabulary import default_bpe

MOST_TOKENS = 1_000_000
_SURROGATES = re.compile("([\ud800-\udfff])")


class BpeFile(msgspec.Struct, frozen=True, kw_only=True):
    """``tokenizer.json``: `bpe` is the JSON that Hugging Face's tokenizers reads and writes."""

    format: int = 1
    unit: Unit
    bpe: msgspec.Raw


class _Model(msgspec.Struct, frozen=True):
    vocab: dict[str, int]
    merges: list[tuple[str, str]]


class _HuggingFaceFile(msgspec.Struct, frozen=True):
    model: _Model


class BpeTokenizer:
    """One token for each byte and for each learned merge; a text is first cut at spaces and between kinds of letters.

    Lone surrogates, which the library's strings can't hold, are encoded as their three bytes.
    """

    unit: Unit = "bpe"

    def __init__(self, vocab: dict[str, int], merges: list[tuple[str, str]]) -> None:
        self._library = HuggingFaceTokenizer(models.BPE(vocab=vocab, merges=merges))
        self._library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        symbols = sorted(vocab, key=vocab.__getitem__)
        values = _byte_of_symbol()
        self._bytes = [bytes(values[symbol] for symbol in token) for token in symbols]
        self._id_of_byte = [vocab[symbol] for symbol, _ in sorted(values.items(), key=lambda item: item[1])]

    @property
    def vocabulary(self) -> int:
        """V, the 256 bytes among them."""
        return len(self._bytes)

    @property
    def spelling(self) -> frozenset[int]:
        """None: whatever is spelled is so by pieces that also stand for themselves."""
        return frozenset()

    def encode(self, text: str) -> Ids:
        """The ids of a text, (N,)."""
        return self._encode([text])

    def encode_chunks(self, chunks: Iterable[str]) -> Iterator[Ids]:
        """The same ids of a text in chunks, which may be cut anywhere."""
        texts = rechunk(_sliced(chunks), last_bpe_cut)
        while batch := list(itertools.islice(texts, _BATCH)):
            yield self._encode(batch)

    def _encode(self, texts: Sequence[str]) -> Ids:
        parts = [part for text in texts for part in _SURROGATES.split(text) if part]
        encoded = self._library.encode_batch_fast(
            [part for part in parts if not _SURROGATES.match(part)], add_special_tokens=False
        )
        following = iter(encoded)
        ids: list[int] = []
        for part in parts:
            if _SURROGATES.match(part):
                ids += [self._id_of_byte[byte] for byte in part.encode("utf-8", "surrogatepass")]
            else:
                ids += next(following).ids
        return np.array(ids, dtype=np.int32)

    def decode(self, ids: Sequence[int] | Ids) -> str:
        """The text of any ids of the vocabulary. Raises `IndexError` for others."""
        array = np.asarray(ids, dtype=np.int64)
        if array.size and array.min() < 0:
            raise IndexError(f"ids must be between 0 and {self.vocabulary - 1:,}")
        return b"".join([self._bytes[token] for token in array.tolist()]).decode("utf-8", ERRORS)

    def detokenizer(self) -> "BpeDetokenizer":
        """One that decodes a text id by id; several may be under way at once."""
        return BpeDetokenizer(self._bytes)

    def piece(self, token: int) -> str:
        """One id as text to show; what is no whole character by its bytes in angle brackets."""
        data = self._bytes[token]
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return f"<{data.hex(' ').upper()}>"

    def to_json(self) -> bytes:
        """A `BpeFile`, which `bpe_from_json` reads."""
        library = msgspec.Raw(self._library.to_str().encode("utf-8"))
        return msgspec.json.format(msgspec.json.encode(BpeFile(unit="bpe", bpe=library)), indent=1)


class BpeDetokenizer:
    """Holds back the bytes of a character until it is whole."""

    def __init__(self, tokens: Sequence[bytes]) -> None:
        self._tokens = tokens
        self._utf8 = codecs.getincrementaldecoder("utf-8")(ERRORS)

    def push(self, token: int) -> str:
        """Takes one id; returns the characters that are whole by now."""
        return self._utf8.decode(self._tokens[token])

    def flush(self) -> str:
        """What was held back, as U+FFFD, and begins anew."""
        text = self._utf8.decode(b"", final=True)
        self._utf8.reset()
        return text


def train_bpe(chunks: Iterable[str], cap: int = 0) -> BpeTokenizer:
    """Learns merges up to `cap` tokens (by the text's length where 0; never fewer than the 256 bytes).

    The library wants its text in memory: of a long text it sees an even sample (see `EvenSample`).
    """
    sample = EvenSample()
    for chunk in chunks:
        sample.add(_SURROGATES.sub("", chunk))
    size = cap or default_bpe(sample.characters)
    library = HuggingFaceTokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=max(256, size),
        min_frequency=2,
        show_progress=False,
        initial_alphabet=sorted(_byte_of_symbol()),
    )
    library.train_from_iterator(sample.texts(), trainer)
    return _from_library_json(library.to_str().encode("utf-8"))


def bpe_from_json(data: bytes) -> BpeTokenizer:
    """Opens ``tokenizer.json``. Raises `InputError` where it is damaged.

    Only the vocabulary and the merges are taken from it, each of them checked; the rest of the library's
    configuration is always ours, so that a foreign file can't bring in a normalizer that loses text.
    """
    try:
        file = msgspec.json.decode(data, type=BpeFile)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError(f"The tokenizer is damaged: {error}. Restore it, or train again.") from error
    return _from_library_json(bytes(file.bpe))


def _from_library_json(data: bytes) -> BpeTokenizer:
    try:
        model = msgspec.json.decode(data, type=_HuggingFaceFile).model
        _check(model)
        return BpeTokenizer(model.vocab, model.merges)
    except (InputError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library documents no type, and a panic in it is not even an Exception
        raise InputError(f"The tokenizer is damaged: {error}. Restore it, or train again.") from error


def _check(model: _Model) -> None:
    vocab, merges = model.vocab, model.merges
    symbols = _byte_of_symbol()
    problem = ""
    if len(vocab) > MOST_TOKENS or len(merges) > MOST_TOKENS:
        problem = "it has too many tokens"
    elif sorted(vocab.values()) != list(range(len(vocab))):
        problem = "its ids are not 0, 1, 2, …"
    elif any(symbol not in vocab for symbol in symbols):
        problem = "a byte is missing"
    elif any(not token or any(symbol not in symbols for symbol in token) for token in vocab):
        problem = "a token is not made of bytes"
    elif any(left not in vocab or right not in vocab or left + right not in vocab for left, right in merges):
        problem = "a merge has no token"
    if problem:
        raise InputError(f"The tokenizer is damaged: {problem}. Restore it, or train again.")


@functools.cache
def _byte_of_symbol() -> dict[str, int]:
    """The byte behind each of the 256 printable symbols of byte-level BPE (Radford et al. 2019).

    Printable Latin-1 stands for itself; the other bytes, in order, are the code points from 256 on.
    """
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + index): byte for index, byte in enumerate(others)}


# Places between two pre-tokens whatever stands around them, in every version of Unicode: before a space that follows
# something else, and between a letter and a punctuation mark.
_LETTER = "[A-Za-z\u0430-\u044f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fa5]"
_MARK = "[.,;:!?()、。，；：！？「」『』《》…—]"
_CUT = re.compile(rf"(?<=[^\s\x1c-\x1f\x85])(?=[ \t\n])|(?<={_LETTER})(?={_MARK})")
_TAIL = 1024  # characters at the end in which a place is looked for first
_SLICE = 1 << 16  # characters in one piece of work for the library, which does several at once …
_BATCH = 8  # … and how many it gets: what it returns takes a hundred bytes a token


def last_bpe_cut(text: str) -> int:
    """The last index at which two tokens meet whatever follows; 0 where none is known."""
    for start in (max(1, len(text) - _TAIL), 1):
        places = [match.start() for match in _CUT.finditer(text, start)]
        if places:
            return places[-1]
    return 0


def _sliced(chunks: Iterable[str]) -> Iterator[str]:
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            yield chunk[start : start + _SLICE]
