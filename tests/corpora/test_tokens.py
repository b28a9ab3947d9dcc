"""A corpus as arrays of ids: cut exactly, encoded once, never half-made."""

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.corpus import Corpus
from corpora.errors import InputError
from corpora.library import CorpusLibrary
from corpora.tokenizers import Tokenizer, train_tokenizer
from corpora.tokenizers.char import CharTokenizer
from corpora.tokens import TokenSplit, split_point, tokenize, training_chunks, validation_chunks
from tests.corpora.texts import EVERYTHING


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    path = tmp_path / "a.txt"
    path.write_text(EVERYTHING * 5)
    return CorpusLibrary(tmp_path / "home").add([path]).corpus


def tokenizer_of(corpus: Corpus, unit: str) -> Tokenizer:
    return train_tokenizer(unit, training_chunks(corpus, 0.1))


def caches(corpus: Corpus) -> list[Path]:
    return sorted(corpus.folder.glob("tokens-*"))


@pytest.mark.parametrize(
    ("characters", "validation", "point"),
    [(1_115_394, 0.1, 1_003_854), (10, 0.1, 9), (100, 0.29, 71), (1000, 0.3, 700), (3, 0.5, 1)],
)
def test_a_text_is_cut_where_arithmetic_on_paper_cuts_it(characters: int, validation: float, point: int) -> None:
    assert split_point(characters, validation) == point


@given(characters=st.integers(0, 10**10), thousandths=st.integers(10, 500))
def test_no_share_is_lost_to_floating_point(characters: int, thousandths: int) -> None:
    assert split_point(characters, thousandths / 1000) == characters * (1000 - thousandths) // 1000


def test_the_validation_text_is_the_end(corpus: Corpus) -> None:
    text = corpus.text_path.read_text()
    cut = split_point(len(text), 0.1)
    assert "".join(training_chunks(corpus, 0.1)) == text[:cut]
    assert "".join(validation_chunks(corpus, 0.1)) == text[cut:]


@pytest.mark.parametrize("unit", ["char", "word", "bpe"])
def test_each_part_is_encoded_by_itself_and_decodes_to_its_text(unit: str, corpus: Corpus) -> None:
    tokenizer = tokenizer_of(corpus, unit)
    split = tokenize(corpus, tokenizer, validation=0.1)
    train, validation = ("".join(part(corpus, 0.1)) for part in (training_chunks, validation_chunks))
    assert tokenizer.decode(split.train.astype(np.int32)) == train
    assert tokenizer.decode(split.validation.astype(np.int32)) == validation
    assert (split.train_characters, split.validation_characters) == (len(train), len(validation))
    assert split.validation_bytes == len(validation.encode())


def test_the_arrays_are_mapped_and_not_read(corpus: Corpus) -> None:
    split = tokenize(corpus, tokenizer_of(corpus, "char"), validation=0.1)
    assert isinstance(split.train, np.memmap) and isinstance(split.validation, np.memmap)
    assert split.train.dtype == np.uint16


def test_a_vocabulary_beyond_16_bits_is_kept_in_32(corpus: Corpus) -> None:
    tokenizer = CharTokenizer([chr(0x20000 + number) for number in range(1 << 16)])
    split = tokenize(corpus, tokenizer, validation=0.1)
    assert split.train.dtype == np.uint32
    assert tokenizer.decode(split.train.astype(np.int64)) == "".join(training_chunks(corpus, 0.1))


def test_what_was_encoded_is_opened_again(corpus: Corpus) -> None:
    tokenizer = tokenizer_of(corpus, "char")
    seen: list[float] = []
    tokenize(corpus, tokenizer, validation=0.1, progress=lambda share, _: seen.append(share))
    assert seen[-1] == 1
    seen.clear()
    tokenize(corpus, tokenizer, validation=0.1, progress=lambda share, _: seen.append(share))
    assert not seen


def test_another_tokenizer_or_share_is_another_cache(corpus: Corpus) -> None:
    tokenizer = tokenizer_of(corpus, "char")
    tokenize(corpus, tokenizer, validation=0.1)
    tokenize(corpus, tokenizer, validation=0.2)
    tokenize(corpus, tokenizer_of(corpus, "word"), validation=0.1)
    assert len(caches(corpus)) == 9


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY\x01\x00", b'{"format": 1}', b"cut", b"gone", b"longer"])
def test_a_damaged_cache_is_made_again(which: int, damage: bytes, corpus: Corpus) -> None:
    tokenizer = tokenizer_of(corpus, "char")
    expected = tokenize(corpus, tokenizer, validation=0.1).train.tolist()
    path = caches(corpus)[which]
    whole = path.read_bytes()
    if damage == b"gone":
        path.unlink()
    else:
        path.write_bytes({b"cut": whole[:-9], b"longer": whole + b"0" * 2}.get(damage, damage))
    split = tokenize(corpus, tokenizer, validation=0.1)
    assert split.train.tolist() == expected
    assert split.validation.size > 0


def test_a_cache_of_pickled_objects_is_never_opened(corpus: Corpus) -> None:
    tokenizer = tokenizer_of(corpus, "char")
    expected = tokenize(corpus, tokenizer, validation=0.1).train.tolist()
    train = next(path for path in caches(corpus) if path.name.endswith("-train.npy"))
    np.save(train, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert tokenize(corpus, tokenizer, validation=0.1).train.tolist() == expected


@pytest.mark.parametrize("token", [0, 60_000])
def test_ids_that_were_altered_are_never_handed_out(token: int, corpus: Corpus) -> None:
    tokenizer = tokenizer_of(corpus, "char")
    split = tokenize(corpus, tokenizer, validation=0.1)
    expected = split.train.tolist()
    train = next(path for path in caches(corpus) if path.name.endswith("-train.npy"))
    np.save(train, np.full(split.train.size, token, dtype=np.uint16))
    assert tokenize(corpus, tokenizer, validation=0.1).train.tolist() == expected


def test_a_full_disk_leaves_no_part_of_a_cache(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        tokenize(corpus, tokenizer_of(corpus, "char"), validation=0.1)
    assert caches(corpus) == [] and not list(corpus.folder.glob(".tokens-*"))


def test_cancelling_leaves_no_part_of_a_cache(corpus: Corpus) -> None:
    class Cancelled(Exception):
        pass

    def cancel(_share: float, _message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        tokenize(corpus, tokenizer_of(corpus, "char"), validation=0.1, progress=cancel)
    assert caches(corpus) == [] and not list(corpus.folder.glob(".tokens-*"))


def test_several_at_once_encode_the_same(corpus: Corpus) -> None:
    tokenizer = tokenizer_of(corpus, "bpe")
    start = threading.Barrier(6)
    splits: list[TokenSplit] = []

    def build() -> None:
        start.wait()
        splits.append(tokenize(corpus, tokenizer, validation=0.1))

    threads = [threading.Thread(target=build) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(splits) == 6
    assert {split.train.tobytes() for split in splits} == {splits[0].train.tobytes()}
    assert len(caches(corpus)) == 3


def test_a_text_too_short_for_its_unit_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("hm\n" * 83 + "hm")
    corpus = CorpusLibrary(tmp_path / "home").add([path]).corpus
    with pytest.raises(InputError, match=r"too short: its validation part has 1 word tokens"):
        tokenize(corpus, tokenizer_of(corpus, "word"), validation=0.005)
    with pytest.raises(InputError, match=r"has only 251 characters; it needs at least 2,001"):
        tokenize(corpus, tokenizer_of(corpus, "char"), validation=0.001)
