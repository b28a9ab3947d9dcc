"""Bits a character of the text and of the selection: on demand, in the background, and of what has changed only."""

from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.write_help import writing
from tui.screens.write_score import FORGETS, PART, Part, changed_parts

WORDS = "four word text here "  # 4 + 4 + 4 + 4 bits for 20 characters, says the fake service


async def test_the_text_is_scored_when_asked_and_again_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.editor.type_text(WORDS)
        assert desk.screen.score() == ""
        await desk.press("alt+e")
        await desk.until(lambda: desk.screen.score() == "0.80 bits/char", "the score")
        assert desk.screen.status.state.score == "0.80 bits/char"
        await desk.type("longest")
        assert desk.screen.score() == "0.80 bits/char…"
        await desk.until(lambda: desk.screen.score() == "0.85 bits/char", "the new score")
        await desk.press("alt+e")
        assert desk.screen.status.state.score == ""


async def test_a_selection_has_a_score_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.editor.type_text(WORDS + "longest")
        await desk.press("alt+e", *["shift+left"] * 7)
        await desk.until(lambda: desk.screen.score() == "selected 1.00 bits/char", "the selection's score")
        await desk.press("right")
        await desk.until(lambda: desk.screen.score() == "0.85 bits/char", "the text's score")


async def test_an_edit_of_a_long_text_has_only_the_parts_around_it_scored_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        desk.screen.editor.type_text((WORDS + "\n") * 1000)
        await desk.press("alt+e")
        await desk.until(lambda: desk.screen._before, "the score")
        asked = len(desk.requests("surprisal"))
        assert asked == 1 + 21 * 1000 // PART
        await desk.press("ctrl+home")
        await desk.type("a")
        await desk.until(lambda: desk.screen.score() == desk.screen._before, "the new score")
        assert len(desk.requests("surprisal")) == asked + 2


@given(
    lengths=st.lists(st.integers(1, PART), min_size=1, max_size=8),
    start=st.integers(0, 20_000),
    removed=st.integers(0, 9000),
    inserted=st.integers(0, 9000),
)
def test_parts_cover_the_text_after_an_edit_and_those_that_it_can_concern_are_forgotten(
    lengths: list[int], start: int, removed: int, inserted: int
) -> None:
    whole = sum(lengths)
    start = min(start, whole)
    removed = min(removed, whole - start)
    parts = changed_parts([Part(length, 1.0) for length in lengths], start, removed, inserted)
    assert sum(part.length for part in parts) == whole - removed + inserted
    assert all(0 < part.length <= PART for part in parts)
    for part, end in zip(parts, accumulate(part.length for part in parts), strict=True):
        if part.bits is not None:
            assert end <= start or end - part.length >= start + inserted + FORGETS


@pytest.mark.parametrize(("size", "room"), [((80, 24), False), ((160, 45), True)])
async def test_the_seed_of_what_stands_there_is_in_the_status_line_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], room: bool
) -> None:
    path = tmp_path / "the-long-name-of-a-longer-chapter.txt"
    path.write_text(WORDS)
    async with writing(tmp_path, monkeypatch, size=size, document=path) as desk:
        await desk.ready()
        await desk.until(lambda: desk.screen.file_name())
        assert desk.screen.status.state.seed is None
        await desk.press("alt+e")
        await desk.until(lambda: desk.screen.score() == "0.80 bits/char", "the score")
        assert desk.screen.status.state.seed == desk.screen.settings.seed
        await desk.press("tab")
        await desk.until(lambda: desk.screen.editor.ghost and desk.screen.editor.ghost.number, "a suggestion")
        await desk.press("down")
        ghost = desk.screen.editor.ghost
        assert ghost is not None and ghost.take is not None
        assert desk.screen.status.state.seed == ghost.take.seed
        line = str(desk.screen.status.render())
        assert (f"seed {ghost.take.seed}" in line, "suggestion 2" in line) == (room, True)
