"""Where words, sentences, lines and paragraphs end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.beginnings import beginning
from corpora.boundaries import UNITS, EndFinder, Unit, ends

STUFF = [
    "Mr",
    "e.g",
    "so",
    "I",
    "Then",
    "J",
    "3",
    "。",
    "」",
    "と",
    "行",
    "é",
    ".",
    ".",
    "?",
    "!",
    "…",
    " ",
    " ",
    "\n",
    '"',
]
texts = st.lists(st.sampled_from([*STUFF, ")", "'", "-", "’", "—", "a"]), max_size=25).map("".join)


def sentences(text: str) -> list[str]:
    places = ends(text, "sentence")
    return [text[start:end].strip() for start, end in pairwise([0, *places])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He left. She came. It", ["He left.", "She came."]),
        ("Mr. Smith met Dr. Jones. They spoke.", ["Mr. Smith met Dr. Jones.", "They spoke."]),
        ("Many, e.g. Tom, i.e. all of us, left. So", ["Many, e.g. Tom, i.e. all of us, left."]),
        ("J. R. R. Tolkien of the U.S. Army wrote. Then", ["J. R. R. Tolkien of the U.S. Army wrote."]),
        ("It was I. Then", ["It was I."]),
        ("It cost 3.14 pounds. Then", ["It cost 3.14 pounds."]),
        ("See No. 5 and p. 7. She said no. He", ["See No. 5 and p. 7.", "She said no."]),
        ("Well... perhaps. Well... I don't know. So", ["Well... perhaps.", "Well... I don't know."]),
        ("He waited… and left. He waited… Then", ["He waited… and left.", "He waited…"]),
        ('"Really?" he asked. "Yes!" She', ['"Really?" he asked.', '"Yes!"']),
        ("“Go.” (He went.) It", ["“Go.”", "(He went.)"]),
        ("The dogs' bones. The", ["The dogs' bones."]),
        ("1. First of all. 2", ["1. First of all."]),
        ("He was born in 1999. The", ["He was born in 1999."]),
        ("The end\n\nChapter 2", ["The end"]),
        ("Dear Mr.\nSmith, hello.\nBest", ["Dear Mr.\nSmith, hello."]),
        ("他来了。她走了！好吗？不", ["他来了。", "她走了！", "好吗？"]),
        ("「行く。」と言った。彼は", ["「行く。」と言った。"]),
        ("他说：“走吧。”她走了。", ["他说：“走吧。”", "她走了。"]),
        ("see example.com for more. It", ["see example.com for more."]),
        (f"{'i write without capitals and that is that ' * 2}. then more. and", None),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str] | None) -> None:
    found = sentences(text)
    if expected is None:
        assert len(found) >= 2
    else:
        assert found[: len(expected)] == expected


@pytest.mark.parametrize(
    ("before", "text", "end"),
    [
        ("Mr", ". Smith left. He", ". Smith left."),
        ("He left", ". She", "."),
        ("He left.", " She came. It", " She came."),
        ('"He left.', '" She came. It', '" She came.'),
        ("It cost 3", ".14 pounds. Yes", ".14 pounds."),
    ],
)
def test_what_stands_before_the_caret_counts(before: str, text: str, end: str) -> None:
    assert EndFinder("sentence", before).push(text) == len(end)


@pytest.mark.parametrize(
    ("before", "text", "end"),
    [
        ("The riv", "er runs", "er"),
        ("The ", "river runs", "river"),
        ("The", " river runs", " river"),
        ("don", "'t know", "'t"),
        ("", "well-known fact", "well-known"),
        ("", "dogs' bones", "dogs"),
        ("", "e\u0301te\u0301 ", "e\u0301te\u0301"),
        ("", "行く人", "行"),
        ("yes", ", he", ", he"),
    ],
)
def test_a_word_ends_after_its_last_letter(before: str, text: str, end: str) -> None:
    finder = EndFinder("word", before)
    found = finder.push(text)
    assert (finder.finish() if found is None else found) == len(end)


def test_lines_and_paragraphs_end_before_their_line_ends() -> None:
    assert ends("one\ntwo\n\nthree\n", "line") == [3, 7, 14]
    assert ends("one\ntwo \n \nthree\n", "paragraph") == [7]
    assert EndFinder("line", "a line").push("\n\nnext\n") == 6


def test_nothing_is_an_end_before_it_is_certain() -> None:
    finder = EndFinder("sentence")
    assert [finder.push(character) for character in "Mr. S. Then"] == [None] * 11
    finder = EndFinder("sentence")
    assert finder.push("He left.") is None
    assert finder.finish() == 8


@pytest.mark.parametrize("unit", UNITS)
@given(texts, texts, st.data())
def test_a_text_has_the_same_end_in_whatever_pieces_it_comes(
    unit: Unit, before: str, text: str, data: st.DataObject
) -> None:
    whole = EndFinder(unit, before)
    expected = whole.push(text)
    finder = EndFinder(unit, before)
    found, at, settled = None, 0, [0]
    while at < len(text) and found is None:
        size = data.draw(st.integers(1, 4))
        found = finder.push(text[at : at + size])
        at += size
        if found is None:
            settled.append(finder.settled)
    assert found == expected
    if expected is None:
        found = finder.finish()
        assert found == whole.finish()
    assert settled == sorted(settled), "what stands before any end goes on doing so"
    assert settled[-1] <= (len(text) if found is None else found)


@pytest.mark.parametrize("unit", UNITS)
@given(texts)
def test_ends_come_in_order_and_leave_no_unit_empty(unit: Unit, text: str) -> None:
    places = [0, *ends(text, unit)]
    assert all(text[start:end].strip() for start, end in pairwise(places))


@pytest.mark.parametrize(
    ("unit", "text", "found"),
    [
        ("word", "e river", "river"),
        ("word", "well-known", None),
        ("word", " well-known", "well-known"),
        ("word", "行", "行"),
        ("sentence", "He left. She came. ", "She came."),
        ("sentence", "She came. ", None),
        ("line", "one\ntwo", "two"),
        ("paragraph", "one\n\ntwo", "two"),
        ("paragraph", "one\ntwo", None),
    ],
)
def test_a_unit_begins_where_the_one_before_it_ends(unit: Unit, text: str, found: str | None) -> None:
    place = None
    for start in range(len(text) - 1, -1, -1):
        place = beginning(text[start:], unit, "and then.")
        if place is not None:
            assert text[start + place :].strip() == found
            return
    assert found is None


def test_a_sentence_that_grows_backwards_begins_after_the_stop_of_the_one_before_and_not_after_an_abbreviation() -> (
    None
):
    text = "It rained. Then Mr. Smith "
    places = [beginning(text[start:], "sentence", "left.") for start in range(len(text) - 1, -1, -1)]
    first = next(place for place in places if place is not None)
    start = len(text) - 1 - places.index(first)
    assert text[start:][first:] == "Then Mr. Smith "
