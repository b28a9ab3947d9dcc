"""The page's rows against a naive wrap: same breaks, same places, whatever is changed, and nothing cuts a cluster."""

from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.manuscript.lines import Lines, Location, advance
from tui.widgets import editor_moves as moves
from tui.widgets import editor_wrap
from tui.widgets.editor_cells import (
    cells_in,
    clusters,
    column_after,
    column_before,
    expanded,
    plain,
    plain_widths,
    simple,
    snap,
)
from tui.widgets.editor_layout import Layout
from tui.widgets.editor_rows import Rows
from tui.widgets.editor_wrap import wrap

PIECES = [
    "a",
    "bc",
    "word",
    " ",
    "  ",
    "-",
    "\t",
    "字",
    "。",
    "「",
    "é",
    "e\u0301",
    "👨‍👩‍👧",
    "🇩🇪",
    "👍🏽",
    "ש",
    "ا",
    "한",
    "—",
    "\x1b",
    "\u0301",
]
LINES = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
TEXTS = st.lists(LINES, min_size=1, max_size=12).map("\n".join)
WIDTHS = st.integers(4, 30)


def rows_of(line: str, width: int) -> list[str]:
    breaks = [0, *wrap(line, width), len(line)]
    return [line[start:end] for start, end in pairwise(breaks)]


@given(line=LINES, width=WIDTHS)
def test_rows_make_up_the_line_and_none_is_too_wide(line: str, width: int) -> None:
    rows = rows_of(line, width)
    assert "".join(rows) == line
    for row in rows:
        hanging = row.removesuffix(" ")
        assert cells_in(hanging, 0, len(hanging)) <= width or len(regex.findall(r"\X", hanging)) == 1


@given(line=LINES, width=WIDTHS)
def test_a_break_never_cuts_a_cluster(line: str, width: int) -> None:
    edges = {0, len(line), *(match.start() for match in regex.finditer(r"\X", line))}
    assert set(wrap(line, width)) <= edges


@given(
    line=st.text(alphabet=st.sampled_from("ab -—“”。，「」清露한ア\U00020000□!"), max_size=60), width=st.integers(2, 16)
)
def test_a_line_of_chinese_is_wrapped_by_rows_as_it_is_by_clusters(line: str, width: int) -> None:
    assert plain(line)
    assert editor_wrap._wrap_plain(line, width) == editor_wrap._wrap_clusters(line, width)


def test_every_plain_character_is_a_cluster_as_wide_as_it_is_drawn() -> None:
    every = "".join(filter(plain, map(chr, range(0x20, 0x30000))))
    assert len(every) > 60_000
    for text in (every, every[::-1]):
        assert len(regex.findall(r"\X", text)) == len(text)
    assert plain_widths(every) == list(map(cell_len, every))


@given(words=st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=30), width=st.integers(6, 30))
def test_words_that_fit_are_wrapped_as_one_would_by_hand(words: list[str], width: int) -> None:
    rows: list[str] = []
    for word in words:
        if rows and len(rows[-1]) + 1 + len(word) <= width:
            rows[-1] += " " + word
        else:
            rows.append(word)
    assert [row.rstrip(" ") for row in rows_of(" ".join(words), width)] == rows


@given(line=st.text("ab -", max_size=60), width=WIDTHS)
def test_simple_lines_are_wrapped_as_all_others_are(line: str, width: int) -> None:
    if len(line) > width // 2:
        assert editor_wrap._wrap_simple(line, width) == editor_wrap._wrap_clusters(line, width)


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("字字字字字", ["字字字", "字字"]),
        ("字字字。字", ["字字", "字。字"]),  # no full stop begins a row
        ("字字「字字", ["字字", "「字字"]),  # and no bracket ends one
        ("well-known", ["well-", "known"]),
        ("한국어 문장", ["한국어 ", "문장"]),
        ("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", ["👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", "👨‍👩‍👧"]),
    ],
)
def test_scripts_are_broken_where_their_readers_expect_it(line: str, rows: list[str]) -> None:
    assert rows_of(line, 6) == rows


EDITS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 30), st.sampled_from(["", "x", "\n", "字", "one two\nthree\n", " "])),
    max_size=8,
)


@settings(deadline=None)
@given(text=TEXTS, edits=EDITS, width=WIDTHS, looks=st.lists(st.integers(0, 60), max_size=4))
def test_the_index_of_rows_is_what_a_fresh_one_would_be(
    text: str, edits: list[tuple[int, int, str]], width: int, looks: list[int]
) -> None:
    body = Lines(text)
    layout = Layout(body, width)
    body.watchers.append(layout.changed)
    for at, length, new in edits:
        whole = body.text
        start = min(at, len(whole))
        end = min(start + length, len(whole))
        body.replace(advance((0, 0), whole[:start]), advance((0, 0), whole[:end]), new)
        for look in looks:
            layout.page(look, 5)
    while layout.refine(0, 50)[1]:
        pass
    assert list(layout.rows) == [len(wrap(line, width)) + 1 for line in body.lines]
    naive = [row for line in body.lines for row in rows_of(line, width)]
    shown = [row.shown[row.start : row.end] for row in layout.page(0, len(naive) + 5)]
    assert shown == naive
    assert layout.height == len(naive)


def test_blocks_are_split_and_joined_without_losing_a_line() -> None:
    lines = ["x" * (number % 50) for number in range(3000)]
    rows = Rows(lines, 10)
    rows.replace(10, 10, ["y"] * 2000)
    lines[10:11] = ["y"] * 2000
    rows.replace(500, 4000, ["z"])
    lines[500:4001] = ["z"]
    assert len(list(rows)) == len(lines)
    assert rows.total == sum(rows)
    assert rows.at(rows.top(700)) == (700, 0)


@given(text=TEXTS, width=WIDTHS, at=st.integers(0, 300))
def test_a_place_is_found_again_where_it_stands(text: str, width: int, at: int) -> None:
    body = Lines(text)
    layout = Layout(body, width)
    line, column = advance((0, 0), text[: min(at, len(text))])
    place = (line, snap(body.lines[line], column))
    x, row = layout.offset(place)
    found = layout.place(x, row)
    assert found == place or layout.offset(found)[1] == row  # clusters without width share their cell


@given(text=TEXTS, width=WIDTHS, at=st.integers(0, 300), ghost=TEXTS)
def test_a_ghost_pushes_what_follows_it_and_leaves_no_trace(text: str, width: int, at: int, ghost: str) -> None:
    body = Lines(text)
    layout = Layout(body, width)
    line, column = advance((0, 0), text[: min(at, len(text))])
    place = (line, snap(body.lines[line], column))
    before = layout.page(0, 500)
    layout.show_ghost(place, ghost)
    shown = "\n".join(
        "".join(row.shown[row.start : row.end] for row in layout.page(0, 2000) if row.line == each)
        for each in range(len(body.lines))
    )
    assert shown == text[: len(text_before(body, place))] + ghost + text[len(text_before(body, place)) :]
    joins = place[1] > 0 and ghost.startswith("\u0301")  # what the ghost begins with hangs on the letter before it
    assert layout.place(*layout.offset(place)) == place or not ghost or joins
    layout.show_ghost(place, "")
    assert layout.page(0, 500) == before


def text_before(body: Lines, place: Location) -> str:
    return body.between((0, 0), place)


@given(text=TEXTS)
def test_going_right_and_left_stops_at_each_cluster_once(text: str) -> None:
    body = Lines(text)
    stops = [(0, 0)]
    while moves.right(body, stops[-1]) != stops[-1]:
        stops.append(moves.right(body, stops[-1]))
    assert len(stops) == sum(len(regex.findall(r"\X", line)) for line in body.lines) + len(body.lines)
    back = [body.end]
    while moves.left(body, back[-1]) != back[-1]:
        back.append(moves.left(body, back[-1]))
    assert back == stops[::-1]


@given(line=LINES)
def test_lines_without_a_table_of_clusters_would_have_a_plain_one(line: str) -> None:
    if simple(line):
        table = clusters(line)
        assert table.widths == [1] * len(line)
        assert [column_after(line, at) for at in range(len(line))] == table.starts[1:]
        assert [column_before(line, at + 1) for at in range(len(line))] == table.starts[:-1]


def test_tabs_go_to_the_next_stop() -> None:
    assert expanded("a\tb", 0) == "a   b"
    assert expanded("\tb", 2) == "  b"
    assert cell_len(expanded("字\tb", 0)) == cells_in("字\tb", 0, 3) == 5


def test_words_are_found_with_their_apostrophes() -> None:
    body = Lines("It's  no-one's, 字字。")
    assert moves.word_right(body, (0, 0)) == (0, 4)
    assert moves.word_at(body, (0, 8)) == ((0, 6), (0, 14))
    assert moves.word_left(body, (0, 16)) == (0, 6)


def test_a_short_line_of_tabs_is_as_wide_as_its_tabs() -> None:
    assert wrap("\ta", 4) == (1,)
    assert wrap("\t\t\t", 8) == (2,)
    assert cells_in("\u0301a", 0, 2) == 1
