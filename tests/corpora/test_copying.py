"""Copied passages against a plain search."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora import copying
from corpora.copying import LEAST, CopiedSpan, copied_spans
from corpora.corpus import Corpus
from corpora.errors import InputError
from corpora.library import CorpusLibrary
from tests.texts import prose

WORDS = ["naïve", "行く", "river", "stone", "🙂", "gar", "den", "the", "a", "of", "né\n"]


def corpus_of(root: Path, text: str) -> Corpus:
    root.mkdir(parents=True, exist_ok=True)
    file = root / "text.txt"
    file.write_text(text, encoding="utf-8")
    return CorpusLibrary(root / "home").add([file], name="book").corpus


class Book:
    """A corpus and its text: no dataclass, which hypothesis would print with all of it."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.whole = "".join(corpus.chunks())


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    rng = np.random.default_rng(0)
    text = " ".join(rng.choice(WORDS, 20_000).tolist())
    corpus = corpus_of(tmp_path_factory.mktemp("book"), text)
    return Book(corpus)


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_every_passage_from_the_corpus_is_found_where_it_stands(book: Book, data: st.DataObject) -> None:
    corpus, whole = book.corpus, book.whole
    length = data.draw(st.integers(LEAST, 400))
    place = data.draw(st.integers(0, len(whole) - length))
    before, after = data.draw(st.text(alphabet="QXZ", max_size=40)), data.draw(st.text(alphabet="QXZ", max_size=40))
    spans = copied_spans(corpus, before + whole[place : place + length] + after)
    [span] = spans
    assert (span.start, span.end) == (len(before), len(before) + length)
    assert whole[span.corpus : span.corpus + length] == whole[place : place + length]


@given(st.integers(0, 10_000), st.integers(1, LEAST - 1))
@settings(deadline=None, max_examples=40)
def test_shorter_passages_are_no_copies(book: Book, place: int, length: int) -> None:
    corpus, whole = book.corpus, book.whole
    assert copied_spans(corpus, "Q" + whole[place : place + length] + "Q" * 30) == []


@given(st.lists(st.tuples(st.integers(0, 50_000), st.integers(1, 80)), min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_what_is_found_is_in_the_corpus_and_goes_on_neither_side(book: Book, parts: list[tuple[int, int]]) -> None:
    corpus, whole = book.corpus, book.whole
    text = "".join(whole[place : place + length] for place, length in parts)
    spans = copied_spans(corpus, text)
    for span in spans:
        length = span.end - span.start
        assert length >= LEAST
        assert text[span.start : span.end] == whole[span.corpus : span.corpus + length]
        assert whole.find(text[max(0, span.start - 1) : span.end]) < 0 or span.start == 0
        assert whole.find(text[span.start : span.end + 1]) < 0 or span.end == len(text)
    covered = {place for span in spans for place in range(span.start, span.end)}
    for start in range(len(text) - LEAST + 1):
        if text[start : start + LEAST] in whole:
            assert covered.issuperset(range(start, start + LEAST))


def test_repetitions_are_covered_by_few_passages_and_rows_of_marks_are_none(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, f"begin {' ' * 60}{'-' * 60} {'na ' * 30}end")
    assert copied_spans(corpus, " " * 300 + "-" * 300) == []
    spans = copied_spans(corpus, "na " * 200)
    assert len(spans) <= 11
    assert {place for span in spans for place in range(span.start, span.end)} == set(range(600))


def test_shards_blocks_and_chunks_of_any_size_find_the_same(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, whole = book.corpus, book.whole
    text = "Q".join([whole[1000:1100], whole[30_000:30_200], whole[-60:]])
    expected = copied_spans(corpus, text)
    assert len(expected) == 3
    monkeypatch.setattr(copying, "SHARD", 1000)
    monkeypatch.setattr(copying, "BLOCK", 64)
    monkeypatch.setattr(copying, "_CHUNK", copying.RUN * 64 * 4)
    copying.build(corpus)
    assert copied_spans(corpus, text) == expected
    monkeypatch.undo()
    copying.build(corpus)


def test_a_damaged_index_is_made_again(tmp_path: Path) -> None:
    text = prose(3000)
    corpus = corpus_of(tmp_path, text)
    expected = copied_spans(corpus, text[500:600])
    assert expected == [CopiedSpan(0, 100, expected[0].corpus)]
    for path in corpus.folder.glob("copies-*.npy"):
        path.write_bytes(path.read_bytes()[:50])
    assert copied_spans(corpus, text[500:600]) == expected


def test_a_text_too_long_and_a_length_too_short_are_refused(book: Book) -> None:
    with pytest.raises(InputError, match="at most"):
        copied_spans(book.corpus, "x" * 2_000_001)
    with pytest.raises(InputError, match="the shortest"):
        copied_spans(book.corpus, "x", least=10)
