"""The ids of a text that is edited, against those of the text encoded as a whole."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.cleaning.cleaner import clean_text
from corpora.tokenizers import Ids, Tokenizer, Unit, train_tokenizer
from engine import encoded_text
from engine.encoded_text import EncodedText
from tests.texts import prose

UNITS: tuple[Unit, ...] = ("char", "word", "bpe")
STUFF = [
    "The ",
    "river",
    " ",
    "  ",
    "\n",
    "\n\n",
    "don't",
    "e\u0301",
    "👩\u200d👧",
    "行く",
    "。",
    ".",
    "\r\n",
    "x" * 7,
    "3.1",
]
texts = st.lists(st.sampled_from(STUFF), max_size=30).map("".join)


@functools.cache
def tokenizer(unit: Unit) -> Tokenizer:
    return train_tokenizer(unit, [prose(5000) + " don't 行く。 é 3.1" * 5])


@pytest.mark.parametrize("unit", UNITS)
@given(texts, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40), texts), max_size=5))
@settings(deadline=None)
def test_after_any_edits_the_ids_are_those_of_the_whole_text(
    unit: Unit, text: str, edits: list[tuple[int, int, str]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded_text, "SEGMENT", 12)
        encoded = EncodedText(tokenizer(unit), text)
        for start, length, new in edits:
            start = min(start, len(text))
            end = min(start + length, len(text))
            old = encoded.ids(0, len(encoded))
            change = encoded.edit(start, end, new)
            text = text[:start] + new + text[end:]
            ids = encoded.ids(0, len(encoded))
            assert np.array_equal(ids[: change.first], old[: change.first])
            assert np.array_equal(ids[change.first + change.new :], old[change.first + change.old :])
    assert encoded.characters == len(text)
    assert np.array_equal(encoded.ids(0, len(encoded)), tokenizer(unit).encode(clean_text(text)))


@pytest.mark.parametrize("unit", UNITS)
@given(texts, st.integers(0, 200))
@settings(deadline=None)
def test_the_ids_before_a_place_are_those_of_the_text_before_it(unit: Unit, text: str, offset: int) -> None:
    offset = min(offset, len(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded_text, "SEGMENT", 12)
        encoded = EncodedText(tokenizer(unit), text)
    same, rest = encoded.before(offset)
    joined = np.concatenate((encoded.ids(0, same), rest))
    assert np.array_equal(joined, tokenizer(unit).encode(clean_text(text[:offset])))


def test_an_edit_encodes_only_what_stands_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = EncodedText(tokenizer("bpe"), prose(50_000))
    sizes: list[int] = []
    encode = encoded._encode

    def counted(text: str) -> Ids:
        sizes.append(len(text))
        return encode(text)

    monkeypatch.setattr(encoded, "_encode", counted)
    encoded.edit(25_000, 25_000, "x")
    assert sum(sizes) < 3000


def test_a_place_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="not within"):
        EncodedText(tokenizer("char"), "abc").edit(2, 4, "")
