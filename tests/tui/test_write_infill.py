"""Gaps filled in place: candidates from both sides as ghost text, for a selection or at the caret."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.write_help import Writing, writing
from tui.manuscript.lines import Lines


async def offered(desk: Writing) -> None:
    await desk.press("alt+i")
    await desk.until(lambda: desk.screen.editor.ghost and len(desk.screen.editor.ghost.takes) == 5, "the candidates")


def ghost(desk: Writing) -> str:
    return desk.screen.editor.ghost.text if desk.screen.editor.ghost else ""


async def select_long(desk: Writing) -> None:
    """Selects "long" in "so long ago", from its end to its beginning."""
    await desk.type("so long ago")
    await desk.press("left", "left", "left", "left", *["shift+left"] * 4)
    assert desk.screen.editor.selected_text == "long"


async def test_a_selection_is_struck_out_and_replaced_by_a_candidate_as_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await select_long(desk)
        await offered(desk)
        assert (desk.text, ghost(desk)) == ("so long ago", "gap0 3+4")
        assert desk.requests("infill")[0]["max_length"] == 2 * len("long") + 12
        assert desk.screen.editor.line_marks(0) == [(3, 7, "editor--replaced")]
        await desk.press("down", "tab")
        assert desk.text == "so gap1 3+4 ago"
        assert desk.screen.editor.provenance(0) == [(3, 11, "editor--model")]
        await desk.press("ctrl+z")
        assert (desk.text, desk.screen.editor.selected_text) == ("so long ago", "long")


async def test_escape_leaves_the_selection_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await select_long(desk)
        await offered(desk)
        await desk.press("escape")
        assert (desk.text, desk.screen.editor.selected_text, ghost(desk)) == ("so long ago", "long", "")
        assert desk.screen.editor.line_marks(0) == []


async def test_a_candidate_that_was_looked_at_stays_as_a_branch_that_replaces_the_selection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await select_long(desk)
        await offered(desk)
        await desk.press("escape")
        seen = desk.screen.editor.manuscript.history.here.children[-1]
        desk.screen.editor.go(seen)
        assert desk.text == "so gap0 3+4 ago"


async def test_enter_accepts_a_candidate_at_the_caret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("ab")
        await desk.press("left")
        await offered(desk)
        assert "for this gap: 1 of 5" in desk.screen.doing()
        await desk.press("enter")
        assert desk.text == "agap0 1+1b"


async def test_enter_in_the_list_of_models_chooses_a_model_while_candidates_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, models=("bard", "clerk")) as desk:
        await desk.ready()
        await select_long(desk)
        await offered(desk)
        await desk.press("alt+m", "down", "enter")
        await desk.until(lambda: desk.screen.session.slug == "clerk", "the other model is chosen")
        assert desk.text == "so long ago"
        await desk.press("enter")
        assert desk.text == "so gap0 3+4 ago"


async def test_moving_away_before_the_answer_gives_the_question_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("ab")
        desk.screen.action_infill()
        desk.screen.editor.move_cursor((0, 0))
        task = desk.screen._gap_task
        await desk.until(lambda: task and task.done())
        assert (desk.text, desk.screen.editor.ghost) == ("ab", None)


async def test_a_place_for_which_the_model_has_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("NOTHING")
        await desk.press("alt+i")
        await desk.until(lambda: desk.notice == "The model has nothing for this place.")
        assert (desk.text, desk.screen.editor.ghost) == ("NOTHING", None)


async def test_typing_over_a_selection_lets_the_candidates_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await select_long(desk)
        await offered(desk)
        await desk.type("g")
        assert (desk.text, ghost(desk)) == ("so g ago", "")


@given(text=st.text("ab\n", max_size=12), offset=st.integers(0, 12), limit=st.integers(1, 15))
def test_text_after_a_place_is_the_head_of_what_stands_there(text: str, offset: int, limit: int) -> None:
    offset = min(offset, len(text))
    before = text[:offset].split("\n")
    assert Lines(text).after((len(before) - 1, len(before[-1])), limit) == text[offset:][:limit]
