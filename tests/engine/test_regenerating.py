"""What models wrote is written again from the journal, letter for letter, by the real engine."""

import json
import os
import shlex
import shutil
from pathlib import Path

import msgspec
import pytest

from corpora.errors import InputError
from engine.client import SERVICE, connect
from engine.folder import ModelLibrary
from tests.engine.conftest import Home
from tests.tui.write_help import Writing, writing
from tui.cli import main
from tui.exporting.documents import read_document
from tui.manuscript.manuscript import Manuscript
from tui.regenerating.outcomes import Outcome, how, regenerate
from tui.regenerating.written import written
from tui.widgets.dial_steps import DIALS
from tui.write_settings import WriteSettings, save_settings

ENGINE = shlex.join(SERVICE)


async def outcomes(manuscript: Manuscript, root: Path) -> list[Outcome]:
    async with connect() as client:
        return [outcome async for outcome in regenerate(client, manuscript, root)]


def choose(desk: Writing, key: str) -> None:
    desk.screen.dials.chosen = next(number for number, dial in enumerate(DIALS) if dial.key == key)


async def suggested(desk: Writing) -> None:
    await desk.press("tab")
    await desk.until(lambda: desk.screen.editor.ghost and desk.screen._fetching is None, "suggestions")


async def turned_meanwhile(desk: Writing) -> None:
    """A continuation whose temperature is turned twice while it streams."""
    choose(desk, "temperature")
    await desk.press("ctrl+g")
    for key in ("f6", "f5"):
        before = len(desk.pending)
        await desk.until(lambda: len(desk.pending) > before + 3, f"more of the stream before {key}")  # noqa: B023
        await desk.press(*[key] * 6)
    before = len(desk.pending)
    await desk.until(lambda: len(desk.pending) > before + 3, "more of the stream")
    await desk.press("escape")


async def an_evening(desk: Writing) -> None:
    """All that a model can write on this screen."""
    await desk.ready()
    await desk.type("The river was long and no road went home. ")
    await suggested(desk)
    await desk.press("ctrl+right", "down", "tab")  # a word of one take, the rest of another or the same
    await turned_meanwhile(desk)
    await desk.press("ctrl+r")  # a retry
    await desk.until(lambda: len(desk.pending) > 5, "the retry")
    await desk.press("escape", "tab")
    desk.screen.editor.move_cursor((0, 19))  # behind "long"
    await suggested(desk)  # in the middle
    await desk.press("tab")
    desk.screen.editor.move_cursor((0, 6))
    await desk.press("alt+w")
    await desk.until(lambda: len(desk.pilot.app.screen_stack) == 2, "the words")
    await desk.press("down", "g")  # another one, and the text grows anew from it
    await desk.until(lambda: desk.screen.editor.ghost and desk.screen._fetching is None, "suggestions")
    await desk.press("tab")
    desk.screen.editor.move_cursor((0, 4))
    desk.screen.editor.move_cursor((0, 9), select=True)
    await desk.press("alt+i")
    await desk.until(lambda: desk.screen.filling, "texts for the gap")
    await desk.press("down", "enter")


def ways(found: list[Outcome]) -> set[str]:
    return {how(outcome.take).partition(",")[0] for outcome in found}


async def test_all_that_a_model_wrote_is_written_again_letter_for_letter_also_from_the_journal(
    trained: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_settings(WriteSettings(model="char", autosave=False), trained.root)
    draft = trained.root / "draft.txt"
    async with writing(trained.root, monkeypatch, models=(), command=ENGINE, document=draft) as desk:
        await an_evening(desk)
        await desk.press("f9")
        await desk.until(draft.exists)
        kept = desk.screen.editor.manuscript
    found = await outcomes(read_document(draft), trained.root)
    assert {outcome.state for outcome in found} == {"same"}, [outcome.why for outcome in found]
    assert ways(found) == {"suggestion", "continuation", "for a gap"}
    turns = [outcome.take.recipe.turns for outcome in found if outcome.take.recipe and outcome.take.recipe.turns]
    assert [len(each) for each in turns] == [12]
    assert 0 < turns[0][0].token < turns[0][6].token
    assert [each.take.text for each in written(kept.history)] == [outcome.take.text for outcome in found]
