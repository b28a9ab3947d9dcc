"""Other words for the one at the caret: listed with probabilities, put there as one step, and grown anew from."""

from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.tui.write_help import Writing, writing
from tui.exporting.page import page
from tui.screens.words import WordsScreen

SIZES = [(80, 24), (160, 45)]


async def listed(desk: Writing) -> WordsScreen:
    await desk.press("alt+w")
    await desk.until(lambda: isinstance(desk.pilot.app.screen, WordsScreen), "the list")
    screen = desk.pilot.app.screen
    assert isinstance(screen, WordsScreen)
    await desk.pilot.pause()
    return screen


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_stands_below_the_word_with_probabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    async with writing(tmp_path, monkeypatch, size=size) as desk:
        await desk.ready()
        await desk.type("so long")
        screen = await listed(desk)
        first = screen.query_one(OptionList).get_option_at_index(0).prompt
        assert "rain" in str(first) and "50.0%" in str(first)
        region = screen.query_one("Vertical").region
        caret = desk.screen.editor.content_region.offset
        assert (region.x, region.y) == (caret.x + 3, caret.y + 1)


async def test_it_is_said_where_the_model_has_read_the_last_page_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so long")
        await desk.until(lambda: desk.screen.next_tokens.border_title == "Next · 2.2 bits")
        assert (await listed(desk)).query_one("Vertical").border_subtitle == ""
        await desk.press("escape")
        desk.screen.editor.type_text(" so long" * 200)
        await desk.until(lambda: desk.screen.next_tokens.border_title == "Next ≈ 2.2 bits")
        assert (await listed(desk)).query_one("Vertical").border_subtitle == "from the last page"


async def test_a_chosen_word_takes_the_others_place_as_one_step_and_suggestions_come_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so long ago")
        await desk.press("left", "left", "left", "left", "left", "left")
        await listed(desk)
        await desk.press("down", "enter")
        await desk.until(lambda: desk.screen.editor.ghost and desk.screen.editor.ghost.text, "a suggestion")
        assert desk.text == "so on ago"
        assert desk.screen.editor.caret == (0, 5)
        await desk.press("escape", "ctrl+z")
        assert desk.text == "so long ago"


async def test_text_that_grows_anew_is_a_branch_beside_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so long ago")
        await desk.press("alt+left", "left")
        await listed(desk)
        await desk.press("down", "g")
        await desk.until(lambda: desk.screen.editor.ghost and desk.screen.editor.ghost.text, "a suggestion")
        assert desk.text == "so on"
        await desk.press("escape", "alt+j")
        assert desk.text == "so long ago"


async def test_a_chosen_word_is_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so long ago")
        await desk.press("alt+left", "left")
        await listed(desk)
        await desk.press("down", "enter", "escape")
        assert desk.text == "so on ago"
        take = desk.screen.editor.manuscript.history.here.take
        assert take is not None and (take.model, take.text, take.chosen) == ("bard", "on", True)
        assert desk.screen.editor.provenance(0) == [(3, 5, "editor--model")]
        assert 'title="chosen from the list of bard, weights 5eed">on<' in page(desk.screen.editor.manuscript, "x")
        await desk.press("ctrl+z")
        assert desk.text == "so long ago"


async def test_what_a_step_of_its_own_wrote_grows_anew_beside_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so long ago")
        await desk.press("alt+left", "alt+left", "alt+c")
        await listed(desk)
        await desk.press("down", "g")
        await desk.until(lambda: desk.screen.editor.ghost and desk.screen.editor.ghost.text, "a suggestion")
        assert desk.text == "so on"
        await desk.press("escape", "alt+j")
        assert desk.text == "so long ago"


async def test_escape_leaves_the_text_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so long")
        await listed(desk)
        await desk.press("escape")
        assert (desk.text, desk.screen.editor.ghost) == ("so long", None)
        assert len(desk.pilot.app.screen_stack) == 1


async def test_an_engine_that_fails_is_told_and_no_list_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch, models=("bad one",)) as desk:
        await desk.type("so long")
        await desk.until(lambda: "damaged" in desk.notice)
        desk.screen.notice.clear()
        await desk.press("alt+w")
        await desk.until(lambda: "your text is untouched" in desk.notice)
        assert len(desk.pilot.app.screen_stack) == 1
