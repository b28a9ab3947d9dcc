"""What models wrote is written again from the journal, letter for letter, by the real engine."""

import asyncio
import json
import re
import shlex
import shutil
from pathlib import Path

import msgspec
import pytest

from engine.client import SERVICE, connect
from engine.settings import Dials
from tests.engine.conftest import Home
from tests.tui.write_help import Writing, writing
from tui.cli import main
from tui.exporting.documents import read_document
from tui.manuscript.journal import journal_file
from tui.manuscript.journal_records import FileState, Snapshot, manuscript_of, snapshot_of
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.recipes import Recipe
from tui.manuscript.takes import Take
from tui.regenerating.outcomes import Outcome, how, regenerate
from tui.regenerating.written import Past, written
from tui.screens.regenerate import RegenerateScreen
from tui.widgets.dial_steps import DIALS
from tui.write_settings import WriteSettings, save_settings

MORE = 40  # characters of a stream between two turns of a dial
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
    """A continuation whose temperature is turned twice while it streams, long enough that it would be another text
    without: after three characters it was the same one now and then."""
    choose(desk, "temperature")
    await desk.press("ctrl+g")
    for key in ("f6", "f5"):
        before = len(desk.pending)
        await desk.until(lambda: len(desk.pending) > before + MORE, f"more of the stream before {key}")  # noqa: B023
        await desk.press(key, key)
    before = len(desk.pending)
    await desk.until(lambda: len(desk.pending) > before + MORE, "more of the stream")
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
    return {how(outcome.take).split(", ")[1] for outcome in found}


@pytest.mark.parametrize("unit", ["char", "word"])
async def test_all_that_a_model_wrote_is_written_again_letter_for_letter_also_from_the_journal(
    trained: Home, monkeypatch: pytest.MonkeyPatch, unit: str
) -> None:
    save_settings(WriteSettings(model=unit, autosave=False, length=20_000), trained.root)
    draft = trained.root / "draft.txt"
    async with writing(trained.root, monkeypatch, models=(), command=ENGINE, document=draft) as desk:
        await an_evening(desk)
        await desk.press("f9")
        await desk.until(draft.exists)
        told = written(desk.screen.editor.manuscript.history)
        await desk.press("alt+shift+g")
        await desk.until(lambda: isinstance(desk.pilot.app.screen, RegenerateScreen), "the list")
        page = desk.pilot.app.screen
        assert isinstance(page, RegenerateScreen)
        await desk.until(lambda: page.finished, "the end")
        on_screen = page.outcomes
    found = await outcomes(read_document(draft), trained.root)
    for some in (on_screen, found):
        chosen = [outcome for outcome in some if outcome.state == "chosen"]
        assert [how(outcome.take) for outcome in chosen] == ["chosen from its list"]
        drawn = [outcome for outcome in some if outcome.state != "chosen"]
        assert {outcome.state for outcome in drawn} == {"same"}, [outcome.why for outcome in drawn]
        assert ways(drawn) == {"suggestion", "continuation", "for a gap"}
        assert [outcome.take.text for outcome in some] == [each.take.text for each in told]
    turns = [outcome.take.recipe.turns for outcome in found if outcome.take.recipe and outcome.take.recipe.turns]
    assert [len(each) for each in turns] == [4]
    assert 0 < turns[0][0].token < turns[0][2].token
    assert not any(outcome.take.recipe is None for outcome in found)


async def test_a_continuation_that_stopped_where_a_sentence_ended_is_written_again(
    trained: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_settings(WriteSettings(model="char", autosave=False, length=2000, stops_at="sentence"), trained.root)
    draft = trained.root / "draft.txt"
    async with writing(trained.root, monkeypatch, models=(), command=ENGINE, document=draft) as desk:
        await desk.full_speed()
        await desk.type("The river ")
        for _ in range(2):
            await desk.press("ctrl+g")
            await desk.until(lambda: not desk.screen.writing, "the sentence's end")
            assert 0 < len(desk.pending) < 2000
            await desk.press("tab")
        await desk.press("f9")
        await desk.until(draft.exists)
    found = await outcomes(read_document(draft), trained.root)
    assert [outcome.state for outcome in found] == ["same", "same"], [outcome.why for outcome in found]


async def one_continuation(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes a draft with one continuation in it, with its dials turned on the way."""
    save_settings(WriteSettings(model="char", autosave=False, length=20_000), root)
    draft = root / "draft.txt"
    async with writing(root, monkeypatch, models=(), command=ENGINE, document=draft) as desk:
        await desk.ready()
        await desk.type("The river ")
        await turned_meanwhile(desk)
        await desk.press("f9")
        await desk.until(draft.exists)


@pytest.fixture(scope="module")
def continued(trained_once: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home with such a draft, made once, and a copy of it."""
    root = tmp_path_factory.mktemp("continued") / "home"
    shutil.copytree(trained_once.root, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PANTOUM_THREADS", "1")
        asyncio.run(one_continuation(root, patch))
    return root, shutil.copytree(root, root.with_name("copy"))


@pytest.fixture
def draft(continued: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The draft, in a home as it was when it was written."""
    root, copy = continued
    shutil.rmtree(root)
    shutil.copytree(copy, root)
    monkeypatch.setenv("PANTOUM_HOME", str(root))
    return root / "draft.txt"


async def test_what_can_not_be_written_again_is_told_with_its_reason(draft: Path) -> None:
    models = draft.parent / "models"

    async def outcome(**changes: object) -> Outcome:
        manuscript = read_document(draft)
        (each,) = written(manuscript.history)
        recipe = each.take.recipe
        assert recipe is not None
        each.take.recipe = msgspec.structs.replace(recipe, **changes) if changes else recipe
        (made,) = await outcomes(manuscript, draft.parent)
        return made

    assert (await outcome()).state == "same"
    other = await outcome(turns=(), device="cuda")
    assert (other.state, "another device (cuda; now it is cpu)" in other.why) == ("otherwise", True)
    assert (await outcome(node=99)).why.startswith("The text that it went on from")
    assert (await outcome(start=(7, 0))).why == "Its record does not fit the text."
    (models / "char").rename(models / "renamed")  # found by its weights
    assert (await outcome()).state == "same"
    weights = models / "renamed" / "weights.safetensors"
    weights.write_bytes((models / "bpe" / "weights.safetensors").read_bytes())
    gone = await outcome()
    assert (gone.state, "no model named 'char'" in gone.why) == ("gone", True)
    (models / "renamed").rename(models / "char")
    assert not (await outcome()).why.startswith("It comes out")
    shutil.rmtree(models / "char")
    shutil.copytree(models / "word", models / "char")
    assert "trained further" in (await outcome()).why


async def test_a_journal_of_an_older_pantoum_loads_and_its_takes_are_told_apart(draft: Path) -> None:
    file = journal_file(draft, draft.parent)
    old = b"".join(_without_recipes(line) + b"\n" for line in file.read_bytes().splitlines())
    file.write_bytes(old)
    manuscript = read_document(draft)
    (outcome,) = await outcomes(manuscript, draft.parent)
    assert (outcome.state, "older Pantoum" in outcome.why) == ("gone", True)
    assert await asyncio.to_thread(draft.read_text) == manuscript.text


def _without_recipes(line: bytes) -> bytes:
    return re.sub(rb',"recipe":\{.*?\}(?=\}|,"grown)', b"", re.sub(rb'"turns":\[.*?\]\],', b"", line))


async def test_the_command_line_says_what_comes_out_the_same_and_fails_where_something_does_not(
    draft: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(main, ["regenerate", str(draft)]) == 0
    assert "1 of 1 come out letter for letter the same." in capsys.readouterr().out
    assert await asyncio.to_thread(main, ["regenerate", str(draft), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["outcome"], entry["model"], len(entry["recipe"]["turns"])) == ("same", "char", 4)
    file = journal_file(draft, draft.parent)
    file.write_bytes(re.sub(rb'"seed":\d+', b'"seed":77', file.read_bytes()))
    assert await asyncio.to_thread(main, ["regenerate", str(draft)]) == 1
    said = capsys.readouterr()
    assert ("≠ char, RNG seed 77" in said.out, "1 of 1 takes come out otherwise." in said.err) == (True, True)


def test_a_take_of_steps_that_were_joined_is_still_told_and_its_text_found() -> None:
    manuscript = Manuscript("so ")
    recipe = Recipe("takes", 0, (0, 3))
    first = Take("bard", 1, Dials(), "rain", "5eed", recipe=recipe)
    end = manuscript.insert_take((0, 3), first, "rain", ((0, 3), (0, 3)))
    second = Take("bard", 2, Dials(), " on", "5eed", recipe=msgspec.structs.replace(recipe, node=1, start=end))
    end = manuscript.insert_take(end, second, " on", (end, end))
    manuscript.edit(end, end, "X", (end, end))
    node = manuscript.history.here
    assert manuscript.history.merge(manuscript.history.nodes[2])
    assert manuscript.history.merge(node)
    snapshot = snapshot_of(manuscript, ((0, 0), (0, 0)), FileState())
    again = manuscript_of(msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot))
    assert [each.take.text for each in written(again.history)] == ["rain", " on"]
    past = Past(again)
    for number, text in ((0, "so "), (1, "so rain"), (2, "so rain on"), (node.number, "so rain onX"), (1, "so rain")):
        with past.text_of(number) as body:
            assert body.text == text
    manuscript.split((0, 5))
    for number, text in ((1, "so rain"), (2, "so rain on"), (node.number, "so rain onX")):
        with Past(manuscript).text_of(number) as body:
            assert body.text == text


def test_a_take_that_was_accepted_word_by_word_is_one_take() -> None:
    manuscript = Manuscript("")
    take = Take("bard", 1, Dials(), "rain on the mill", "5eed", recipe=Recipe("takes", 0, (0, 0)))
    end = manuscript.insert_take((0, 0), take, "rain", ((0, 0), (0, 0)))
    manuscript.insert_take(end, take, " on", (end, end))
    assert [each.take for each in written(manuscript.history)] == [take]
