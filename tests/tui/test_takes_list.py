"""The suggestions beside the text."""

from pathlib import Path

import pytest
from textual.geometry import Offset

from tests.tui.test_write_ghost import give, suggested
from tests.tui.write_help import Writing, writing
from tui.widgets.takes_list import Suggestions, TakesList


def rows(texts: list[str], shown: int, width: int, height: int) -> list[str]:
    return TakesList(Suggestions(tuple(texts), shown), width, height).content.plain.split("\n")


def beside(desk: Writing) -> str:
    return desk.screen.next_tokens.render().plain


def test_each_suggestion_has_its_number_and_what_does_not_fit_ends_with_an_ellipsis() -> None:
    assert rows(["rain", "the road\nwas long and it was dark"], 1, 16, 4) == [
        " 1 rain",
        " 2 the road⏎ was",
        "   long and it…",
    ]


def test_wide_characters_are_cut_by_the_cells_that_they_take() -> None:
    assert rows(["清蟾半露惊乌三匝城上"], 1, 11, 1) == [" 1 清蟾半…"]


@pytest.mark.parametrize("shown", [1, 16, 32])
def test_of_many_suggestions_those_around_the_one_that_is_shown_are_seen(shown: int) -> None:
    found = rows([f"take {number}" for number in range(1, 33)], shown, 20, 6)
    assert len(found) == 6
    assert any(row.endswith(f"take {shown}") for row in found)
    assert TakesList(Suggestions(("a", "b"), 1), 20, 6).number_at(7) == 0


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_all_takes_of_a_place_stand_beside_the_text_until_they_are_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    async with writing(tmp_path, monkeypatch, size=size) as desk:
        await desk.ready()
        await desk.press("tab")
        await suggested(desk)
        ghost = desk.screen.editor.ghost
        assert ghost is not None
        assert all(take.text.split()[0] in beside(desk) for take in ghost.takes)
        assert len(ghost.takes) == 5
        await desk.press("escape")
        assert " 1 " not in beside(desk)


async def test_a_click_on_a_suggestion_shows_it_and_typing_goes_on_in_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        give(desk, "rain", "road", "snow")
        await desk.pilot.pause()
        list_ = desk.screen.next_tokens
        row = beside(desk).split("\n").index(" 2 road")
        await desk.pilot.click(list_, offset=Offset(4, row) + (list_.content_region.offset - list_.region.offset))
        await desk.until(lambda: desk.screen.editor.ghost and desk.screen.editor.ghost.number == 2, "the second")
        await desk.press("r")
        assert beside(desk).split("\n") == [" 1 ain", " 2 oad"]
        assert desk.text == "r"
