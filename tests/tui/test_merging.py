"""Merging two texts that began as one."""

from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.manuscript import merging
from tui.manuscript.merging import Piece, blocks, merge
from tui.screens.merging import LINE, _short

WORDS = st.sampled_from(["a", "b", "river ", "sea ", "\n", "\n\n", ".", "字", " ", "\u2028", "\r"])
TEXTS = st.lists(WORDS, max_size=25).map("".join)


def all_of(pieces: list[Piece], form: str) -> str:
    return "".join(getattr(piece, form) for piece in pieces)


def merged(base: str, mine: str, theirs: str) -> str | None:
    """The merged text; None where something is to be chosen."""
    pieces = merge(base, mine, theirs)
    sides = [piece.merged for piece in pieces]
    return "".join(p.text(side) for p, side in zip(pieces, sides, strict=True) if side) if all(sides) else None


@given(TEXTS, TEXTS, TEXTS)
def test_each_sides_pieces_make_up_its_text(base: str, mine: str, theirs: str) -> None:
    pieces = merge(base, mine, theirs)
    assert (all_of(pieces, "base"), all_of(pieces, "mine"), all_of(pieces, "theirs")) == (base, mine, theirs)


@given(TEXTS, TEXTS)
def test_what_only_one_side_changed_is_taken_whole(base: str, other: str) -> None:
    assert merged(base, other, base) == other
    assert merged(base, base, other) == other


@given(TEXTS, TEXTS)
def test_the_same_change_on_both_sides_is_no_difference(base: str, other: str) -> None:
    assert not any(piece.differs for piece in merge(base, other, other))


@given(TEXTS, TEXTS, TEXTS)
def test_the_sides_can_be_exchanged(base: str, mine: str, theirs: str) -> None:
    exchanged = [Piece(piece.base, piece.theirs, piece.mine) for piece in merge(base, theirs, mine)]
    assert merge(base, mine, theirs) == exchanged


@given(TEXTS, TEXTS)
def test_without_a_common_beginning_every_difference_is_to_be_chosen(mine: str, theirs: str) -> None:
    pieces = merge(None, mine, theirs)
    assert (all_of(pieces, "mine"), all_of(pieces, "theirs")) == (mine, theirs)
    assert all(piece.merged is None for piece in pieces if piece.differs)


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
def test_common_stretches_are_equal_and_in_order(one: list[str], other: list[str]) -> None:
    at, there = 0, 0
    for start, place, length in blocks(one, other):
        assert start >= at and place >= there
        assert one[start : start + length] == other[place : place + length]
        at, there = start + length, place + length


@given(st.lists(st.text("xyz", min_size=1, max_size=3), min_size=3, max_size=12), st.data())
def test_edits_of_different_paragraphs_come_together(paragraphs: list[str], data: st.DataObject) -> None:
    base = [f"{number} {text}\n" for number, text in enumerate(paragraphs)]
    first = data.draw(st.integers(0, len(base) - 3))
    second = data.draw(st.integers(first + 2, len(base) - 1))
    mine, theirs, both = list(base), list(base), list(base)
    mine[first] = both[first] = "mine\n"
    theirs[second] = both[second] = "theirs\n"
    assert merged("".join(base), "".join(mine), "".join(theirs)) == "".join(both)


def test_edits_of_different_words_of_one_line_come_together() -> None:
    base = "The river goes down to the sea and nobody asks it why."
    mine = base.replace("river", "Danube")
    theirs = base.replace("asks", "tells")
    assert merged(base, mine, theirs) == "The Danube goes down to the sea and nobody tells it why."


def test_edits_of_different_characters_of_one_chinese_line_come_together() -> None:
    base = "床前明月光疑是地上霜"
    assert merged(base, base.replace("床", "窗"), base.replace("霜", "雪")) == "窗前明月光疑是地上雪"


def test_a_word_is_not_parted_from_its_marks() -> None:
    pieces = merge("a cafe b", "a cafe\u0301 b", "a cafe\u0301s b")
    assert [(piece.mine, piece.theirs) for piece in pieces if piece.differs] == [("cafe\u0301", "cafe\u0301s")]


def test_chinese_that_both_stays_has_no_space_in_it() -> None:
    pieces = merge("床前", "窗前", "门前")
    (differing,) = [piece for piece in pieces if piece.merged is None]
    assert differing.text("both") == "窗门"


@pytest.mark.parametrize("start", ["a very long beginning of a line that both have ", "独坐书斋日正中平生三昧试茶功"])
def test_the_list_shows_where_two_long_forms_differ_and_has_room_for_both(start: str) -> None:
    mine, theirs = _short(start + "mine", start + "theirs")
    assert mine.endswith("mine") and theirs.endswith("theirs") and mine.startswith("…")
    assert max(map(cell_len, _short(start * 9, "字" * 99))) <= LINE


def test_two_edits_of_one_word_are_to_be_chosen_and_can_both_stay() -> None:
    pieces = merge("a red rose", "a blue rose", "a white rose")
    (differing,) = [piece for piece in pieces if piece.merged is None]
    assert differing == Piece("red", "blue", "white")
    assert differing.text("both") == "blue white"


def test_a_novel_of_repeated_lines_is_merged_without_comparing_each_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    class Counting(SequenceMatcher[str]):
        def __init__(self, _: None, one: list[str], other: list[str], autojunk: bool) -> None:
            compared.append(len(one) * len(other))
            super().__init__(None, one, other, autojunk)

    monkeypatch.setattr(merging, "SequenceMatcher", Counting)
    base = [line for number in range(10_000) for line in (f"paragraph {number}\n", "\n")]
    mine = [line.replace("7", "seven") for line in base]
    theirs = ["\n", *base[5000:], *base[:5000]]
    pieces = merge("".join(base), "".join(mine), "".join(theirs))
    assert all_of(pieces, "mine") == "".join(mine)
    assert max(compared, default=0) <= merging.FULL
