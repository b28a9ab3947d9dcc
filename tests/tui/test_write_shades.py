"""Colours that the engine knows of: surprising words by the document's own spread, and passages that were copied."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.write_help import Writing, writing
from tui.manuscript.lines import Lines, Location
from tui.manuscript.spans import Spans
from tui.manuscript.surprise import Spread, word_within

PLAIN = "rain on the mill no road home and so on it is "
ODD = "peculiarities"


async def coloured(desk: Writing, name: str) -> None:
    while desk.screen.settings.colours != name:
        await desk.press("alt+o")


def marks(desk: Writing, line: int = 0) -> dict[str, str]:
    """The words of a line that are coloured, and how."""
    text = desk.screen.editor.manuscript.body.lines[line]
    return {text[start:end]: name for start, end, name in desk.screen.editor.line_marks(line)}


async def test_surprising_words_are_shaded_without_the_spaces_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.editor.type_text(PLAIN + ODD)
        await coloured(desk, "surprisal")
        await desk.until(lambda: ODD in marks(desk), "the odd word is shaded")
        assert marks(desk)[ODD] == "editor--surprising-3"
        assert "the" not in marks(desk)


async def test_shades_move_with_the_text_before_they_are_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.editor.type_text(PLAIN + ODD)
        await coloured(desk, "surprisal")
        await desk.until(lambda: ODD in marks(desk))
        desk.screen.editor.replace("\n\nab ", (0, 0), (0, 0))
        assert marks(desk, 2)[ODD] == "editor--surprising-3"
        assert marks(desk, 0) == {}


async def test_the_same_page_is_asked_about_once_and_a_changed_one_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.editor.type_text(PLAIN)
        await coloured(desk, "surprisal")
        await desk.until(lambda: desk.screen._asked, "the answer")
        await desk.press("left", "left")
        assert desk.screen._page_task is not None and desk.screen._page_task.done()  # nothing more is on its way
        await desk.type("s")
        await desk.until(lambda: len(desk.requests("surprisal")) == 2, "the second question")


async def test_the_status_line_says_where_a_copied_passage_stands_in_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.editor.type_text("mine <theirs\nand theirs> mine")
        await coloured(desk, "copied")
        await desk.until(lambda: marks(desk, 1), "the copied passage is coloured")
        assert marks(desk, 0) == {"<theirs": "editor--copied"}
        assert marks(desk, 1) == {"and theirs>": "editor--copied"}
        assert desk.screen.doing() == ""
        await desk.press("home")
        assert desk.screen.doing() == "in poems from character 1,234 on"


async def test_without_colours_each_step_has_a_style_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with writing(tmp_path, monkeypatch) as desk:
        names = ("surprising-1", "surprising-2", "surprising-3")
        styles = [desk.screen.editor.get_component_rich_style(f"editor--{name}", partial=True) for name in names]
        looks = [(bool(style.underline), bool(style.bold)) for style in styles]
        assert looks == [(True, False), (False, True), (True, True)]


def test_steps_are_counted_from_the_upper_quartile_in_distances_between_the_quartiles() -> None:
    spread = Spread([float(bits) for bits in range(1, 10)])  # quartiles 3 and 7
    assert [spread.step(bits) for bits in (7, 7.1, 9, 9.1, 13, 13.1)] == [0, 1, 1, 2, 2, 3]


def test_among_a_few_words_none_is_surprising() -> None:
    assert Spread([1.0, 1.0, 90.0]).step(90.0) == 0


@pytest.mark.parametrize(("span", "word"), [(".\n\n  “He", "He"), (" it’s", "it’s"), (" … ", "…"), (" so,\n", "so,")])
def test_a_word_is_shaded_without_what_stands_before_it(span: str, word: str) -> None:
    start, end = word_within(span)
    assert span[start:end] == word


@given(
    text=st.text("ab\n", min_size=4, max_size=20),
    span=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    cut=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    new=st.text("xy\n", max_size=4),
)
def test_a_span_keeps_to_its_characters_whatever_is_changed_around_it(
    text: str, span: tuple[int, int], cut: tuple[int, int], new: str
) -> None:
    def place(offset: int) -> tuple[int, int]:
        before = text[:offset].split("\n")
        return len(before) - 1, len(before[-1])

    start, end = sorted(min(each, len(text)) for each in span)
    begin, finish = sorted(min(each, len(text)) for each in cut)
    if "\n" in text[start:end] or start == end:
        return
    body, spans = Lines(text), Spans[str](10)
    spans.put(body, (0, 0), body.end, [(place(start), place(end), text[start:end])])
    spans.changed(body.replace(place(begin), place(finish), new))
    left = [
        (body.lines[line][first:last], value)
        for line in range(len(body.lines))
        for first, last, value in spans.on(line)
    ]
    untouched = end <= begin or start >= finish
    assert left == ([(text[start:end], text[start:end])] if untouched else [])


async def test_the_status_line_says_what_the_colours_mean_in_those_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, size=(120, 30)) as desk:
        await desk.ready()
        found = []
        for _ in range(4):
            await desk.press("alt+o")
            found.append([text for text, _ in desk.screen.status.state.legend])
            if "most" in found[-1]:
                look = dict(desk.screen.status.state.legend)["most"]
                drawn = desk.screen.editor.get_component_rich_style("editor--surprising-3", partial=True)
                assert look.background is not None and look.background.rich_color == drawn.bgcolor
        assert found == [["a model's", "changed by you"], ["surprising", "more", "most"], ["in the model's corpus"], []]
        assert "in the model's corpus" not in desk.screen.status.render().plain


def test_colouring_a_long_paragraph_looks_at_each_word_once() -> None:
    words = 4000
    body, spans, looked = Lines("word " * words), Spans[int](10 * words), 0

    class Column(int):
        """Counts how often it is compared."""

        def __lt__(self, other: int) -> bool:
            nonlocal looked
            looked += 1
            return int(self) < int(other)

    found: list[tuple[Location, Location, int]] = [
        ((0, Column(5 * at)), (0, Column(5 * at + 4)), at) for at in range(words)
    ]
    spans.put(body, (0, 0), (0, 5 * words), found)
    assert [value for _, _, value in spans.on(0)] == list(range(words))
    assert looked < 5 * words
