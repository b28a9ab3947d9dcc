"""Cleaning a text in chunks is cleaning the text."""

import unicodedata

import pytest
from hypothesis import given

from corpora.cleaning import normalization
from corpora.cleaning.cleaner import Cleaner, clean_text
from corpora.cleaning.normalization import Normalization
from tests.corpora.texts import EVERYTHING, HINDI, KOREAN, any_text, chunk_sizes, chunked


@given(text=any_text, sizes=chunk_sizes)
def test_a_text_cleaned_in_chunks_is_the_text_cleaned_whole(text: str, sizes: list[int]) -> None:
    assert "".join(Cleaner().clean(chunked(text, sizes))) == clean_text(text)


@given(text=any_text, sizes=chunk_sizes)
def test_normalizing_a_stream_is_normalizing_the_text(text: str, sizes: list[int]) -> None:
    step = Normalization()
    assert "".join([step.push(chunk) for chunk in chunked(text, sizes)]) + step.finish() == unicodedata.normalize(
        "NFC", text
    )


@given(text=any_text)
def test_a_cleaned_text_needs_no_more_cleaning(text: str) -> None:
    cleaned = clean_text(text).lstrip("\ufeff")  # the first one that is left would go the next time
    assert clean_text(cleaned) == cleaned


@pytest.mark.parametrize("text", [EVERYTHING, KOREAN, HINDI])
def test_decomposed_text_is_composed_for_any_chunk_size(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    for size in range(1, 12):
        assert "".join(Cleaner().clean(chunked(decomposed, [size]))) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("a\r\r\nb\r", "a\n\nb\n"),
        ("a\r\0\nb", "a\nb"),
        ("\ufeffa\ufeffb", "a\ufeffb"),
        ("a\0b\x07c\x1b[1m\x7fd\te", "abc[1md\te"),
        ("page one\fpage two\vmore", "page one\npage two\nmore"),
        ("line\u2028separator\u2029and\x85next", "line\u2028separator\u2029and\x85next"),
        ("cafe\u0301", "café"),
        ("", ""),
    ],
)
def test_line_ends_controls_and_marks_are_made_uniform(raw: str, cleaned: str) -> None:
    assert clean_text(raw) == cleaned


@pytest.mark.parametrize(
    ("raw", "steps"),
    [
        ("plain text\n", ()),
        ("a\r\nb", ("line ends",)),
        ("\ufeffa\0", ("byte order mark", "control characters")),
        ("e\u0301", ("NFC",)),
    ],
)
def test_only_steps_that_altered_something_are_named(raw: str, steps: tuple[str, ...]) -> None:
    cleaner = Cleaner()
    list(cleaner.clean([raw]))
    assert cleaner.changed == steps


def test_one_endless_line_is_passed_on_as_it_comes() -> None:
    step = Normalization()
    held = 0
    for _ in range(50):
        held += 10_000 - len(step.push("夜雨過橋聲漸遠孤燈照" * 1000))
        assert held < 100


def test_endless_combining_marks_are_not_held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalization, "MOST_HELD", 100)
    step = Normalization()
    passed = sum(len(step.push("\u0323" * 30)) for _ in range(10))
    assert passed >= 200
