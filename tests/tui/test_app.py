"""The app as a whole: modes, palette, help, a person's own keys, themes, and how it starts."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from textual.color import Color
from textual.command import CommandPalette

from corpora.starters import STARTERS
from tests.tui.driving import SIZES, Driver, add_corpus, running
from tests.tui.recorded import RecordedRun
from tests.tui.write_help import writing
from tui.app import PantoumApp
from tui.commands.registry import EVERYWHERE, all_commands
from tui.screens.help import HelpScreen
from tui.screens.library import LibraryScreen
from tui.screens.themes import ThemeChooser
from tui.screens.train import TrainScreen
from tui.screens.write import WriteScreen
from tui.themes import MEANINGS
from tui.themes.contrast import CONTRAST
from tui.widgets.mode_bar import ModeTab
from tui.widgets.run_form import RunForm

SHARED = {  # keys of commands of which one only applies at a time
    "library": {"enter", "escape"},
    "train": set(),
    "write": {"tab", "escape"},
    "branches": set(),
}


def _contrast(one: Color, other: Color) -> float:
    """The ratio of WCAG 2.2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in colour.normalized]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("size", SIZES)
async def test_each_mode_has_a_key(home: Path, size: tuple[int, int]) -> None:
    async with running(size) as driver:
        for key, screen in (("f3", TrainScreen), ("f4", WriteScreen), ("f2", LibraryScreen)):
            await driver.press(key)
            await driver.until(lambda screen=screen: isinstance(driver.app.screen, screen))  # type: ignore[misc]


async def test_a_mode_is_a_click_away(home: Path) -> None:
    async with running() as driver:
        await driver.pilot.click(driver.app.screen.query(ModeTab)[1])
        await driver.until(lambda: isinstance(driver.app.screen, TrainScreen))


async def test_with_a_file_the_app_starts_in_write(home: Path, tmp_path: Path) -> None:
    document = tmp_path / "novel.txt"
    document.write_text("It was late.\n")
    app = PantoumApp(document=document)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert isinstance(app.screen_stack[0], WriteScreen)


@pytest.mark.parametrize("mode", ["library", "train", "write"])
async def test_help_lists_every_command_of_the_screen(home: Path, mode: str) -> None:
    async with running((160, 240), mode) as driver:
        await driver.press("f1")
        await driver.until(lambda: isinstance(driver.app.screen, HelpScreen))
        shown = driver.shown()
        for command in (*all_commands()[mode], *EVERYWHERE):
            assert command.title in shown or re.fullmatch("Suggestion [2-9]", command.title)
        await driver.press("f1")
        await driver.until(lambda: not isinstance(driver.app.screen, HelpScreen))


def test_every_command_says_what_it_does_and_has_an_id_of_its_own() -> None:
    commands = [command for group in all_commands().values() for command in group]
    assert len({command.id for command in commands}) == len(commands)
    assert all(command.title and command.help.endswith(".") for command in commands)


def test_no_command_wants_a_key_that_terminals_cannot_send() -> None:
    forbidden = {"ctrl+enter", "ctrl+i", "ctrl+m", "ctrl+h", "ctrl+j", "ctrl+b", "ctrl+s", "alt+[", "alt+]"}
    keys = {key for group in all_commands().values() for command in group for key in command.keys.split(",")}
    assert not keys & forbidden


@pytest.mark.parametrize("mode", ["library", "train", "write", "branches"])
def test_no_two_commands_of_a_screen_have_one_key_unless_only_one_of_them_applies(mode: str) -> None:
    owners: dict[str, list[str]] = {}
    for command in (*EVERYWHERE, *all_commands()[mode]):
        for key in filter(None, command.keys.split(",")):
            owners.setdefault(key, []).append(command.id)
    shared = {key: ids for key, ids in owners.items() if len(ids) > 1}
    assert shared.keys() <= SHARED[mode], shared


async def test_help_says_what_the_chosen_chart_means_and_which_commands_apply(home: Path) -> None:
    RecordedRun.after(200, home)
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        await driver.press("2", "f1")
        await driver.shows("shortened to")
        applies = driver.app.screen._applies  # type: ignore[attr-defined]
        assert applies["train.pause"]
        assert not applies["train.resume"]


async def test_help_is_read_to_its_end_with_the_space_bar(home: Path) -> None:
    async with running((80, 24), "train") as driver:
        await driver.press("f1")
        for _ in range(12):
            await driver.press("space")
        await driver.shows("Leaves Pantoum.")


async def test_themes_are_shown_while_they_are_chosen_and_escape_brings_the_old_one_back(home: Path) -> None:
    async with running() as driver:
        await driver.pilot.app.run_action("app.choose_theme")
        await driver.shows("High contrast")
        await driver.press("down", "down")
        await driver.until(lambda: driver.app.theme == "pantoum-contrast")
        await driver.press("escape")
        await driver.until(lambda: driver.app.theme == "pantoum-dark")
        await driver.pilot.app.run_action("app.choose_theme")
        await driver.shows("High contrast")
        await driver.press("down", "enter")
        await driver.until((home / "settings.json").exists)
    assert json.loads((home / "settings.json").read_text())["theme"] == "pantoum-light"


def test_high_contrast_keeps_to_seven_to_one() -> None:
    black = Color.parse(CONTRAST.background or "")
    for name in ("primary", "secondary", "accent", "foreground", "success", "warning", "error"):
        colour = Color.parse(getattr(CONTRAST, name))
        assert _contrast(colour, black) >= 7.0, name
    assert _contrast(Color.parse(CONTRAST.variables["text-muted"]), black) >= 7.0


async def test_the_palette_finds_a_command_of_the_screen(home: Path) -> None:
    add_corpus(home)
    async with running() as driver:
        await driver.shows("river")
        await driver.press("ctrl+p")
        await driver.until(lambda: isinstance(driver.app.screen, CommandPalette))
        await driver.press(*"delete")
        await driver.shows("Moves this to the trash")


async def test_the_palette_offers_only_the_starter_texts_that_are_not_there(home: Path) -> None:
    manual = next(starter for starter in STARTERS if starter.key == "manual")
    add_corpus(home, manual.name)
    async with running() as driver:
        await driver.shows(manual.name)
        await driver.press("ctrl+p")
        await driver.until(lambda: isinstance(driver.app.screen, CommandPalette))
        await driver.press(*"add python")
        await driver.shows("Add Python's standard library")
        assert "Add Python's manual" not in driver.shown()


async def test_the_palette_has_the_commands_of_the_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("so long")
        app = desk.pilot.app
        assert isinstance(app, PantoumApp)
        await desk.press("ctrl+p")
        await desk.until(lambda: isinstance(app.screen, CommandPalette))
        await desk.press(*"delete the line")
        await Driver(app, desk.pilot).shows("Delete the line")
        await desk.press("enter")
        await desk.until(lambda: desk.text == "", "an empty text")


def test_each_command_has_a_key_that_any_terminal_can_send() -> None:
    few = re.compile(r"ctrl\+shift\+.|super\+.*")  # most send the first as without shift, and nothing for the second
    commands = [each for group in all_commands().values() for each in group if each.keys]
    assert [each.id for each in commands if all(map(few.fullmatch, each.keys.split(",")))] == []


async def test_the_palette_trains_on_a_corpus_by_name(home: Path) -> None:
    add_corpus(home, "mountain")
    add_corpus(home, "river")
    async with running() as driver:
        await driver.shows("river")
        await driver.press("ctrl+p")
        await driver.press(*"train on mount")
        await driver.shows("Train on mountain")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, TrainScreen))
        form = driver.app.screen.query_one(RunForm)
        await driver.until(lambda: form.corpus and form.corpus.slug == "mountain")


async def test_a_command_has_the_key_that_keys_toml_gives_it(home: Path) -> None:
    (home / "keys.toml").write_text('[keys]\n"app.train" = "insert"\n')
    async with running() as driver:
        await driver.press("insert")
        await driver.until(lambda: isinstance(driver.app.screen, TrainScreen))


async def test_help_shows_the_keys_of_keys_toml(home: Path) -> None:
    (home / "keys.toml").write_text('[keys]\n"library.add" = "f12"\n')
    async with running((160, 120)) as driver:
        await driver.press("f1")
        await driver.shows("F12 Add text")


async def test_a_command_without_a_key_can_be_given_one(home: Path) -> None:
    (home / "keys.toml").write_text('[keys]\n"app.theme" = "insert"\n')
    async with running() as driver:
        await driver.press("insert")
        await driver.until(lambda: isinstance(driver.app.screen, ThemeChooser))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[keys]\n"app.help" = "f3"\n', "'app.train' has"),
        ('[keys]\n"app.dance" = "f9"\n', "'app.dance', which does not exist"),
        ('[keys]\n"app.help" = 7\n', "not the name of a key"),
        ("[keys\n", "can't be read"),
        ("keys = 3\n", "no table [keys]"),
    ],
)
async def test_what_keys_toml_gets_wrong_is_said_and_the_app_runs(home: Path, text: str, said: str) -> None:
    (home / "keys.toml").write_text(text)
    async with running((160, 45)) as driver:
        await driver.until(lambda: said in driver.news, said)
        await driver.press("f1")
        await driver.until(lambda: isinstance(driver.app.screen, HelpScreen))


async def test_the_theme_is_remembered(home: Path) -> None:
    async with running() as driver:
        driver.app.theme = "pantoum-light"
        await driver.until((home / "settings.json").exists)
    assert json.loads((home / "settings.json").read_text()) == {"format": 1, "theme": "pantoum-light"}
    async with running() as driver:
        assert driver.app.theme == "pantoum-light"


async def test_settings_of_a_newer_pantoum_are_left_alone(home: Path) -> None:
    newer = '{"format": 99, "theme": "tomorrow"}'
    (home / "settings.json").write_text(newer)
    async with running() as driver:
        await driver.until(lambda: "newer Pantoum" in driver.news)
        driver.app.theme = "pantoum-light"
        await driver.pilot.pause()
    assert (home / "settings.json").read_text() == newer


@pytest.mark.parametrize(("system", "usual"), [("standard", "pantoum-ansi"), ("truecolor", "pantoum-dark")])
async def test_a_terminal_of_16_colours_is_given_them_unless_another_theme_was_chosen(
    home: Path, monkeypatch: pytest.MonkeyPatch, system: str, usual: str
) -> None:
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", system)
    async with running() as driver:
        assert driver.app.theme == usual
    assert not (home / "settings.json").exists()
    (home / "settings.json").write_text('{"format": 1, "theme": "pantoum-dark"}')
    async with running() as driver:
        assert driver.app.theme == "pantoum-dark"


async def test_an_unknown_theme_gives_way_to_the_usual_one(home: Path) -> None:
    (home / "settings.json").write_text('{"format": 1, "theme": "gone"}')
    async with running() as driver:
        assert driver.app.theme == "pantoum-dark"


@pytest.mark.parametrize("mode", ["library", "train"])
async def test_the_app_may_be_closed_at_any_moment(home: Path, mode: str) -> None:
    add_corpus(home)
    RecordedRun.after(100, home)
    for moments in range(8):
        async with running(mode=mode) as driver:
            for _ in range(moments):
                await driver.pilot.pause(0.03)


async def test_the_mode_bar_says_what_is_training(home: Path) -> None:
    RecordedRun(home).status("training")
    async with running(mode="write") as driver:
        await driver.shows("● bard 34%")


PAINTING = """
import asyncio, sys
from tui.app import PantoumApp

async def paint():
    async with PantoumApp().run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        print([name for name in sys.argv[1:] if name in sys.modules])

asyncio.run(paint())
"""


def test_the_first_paint_imports_nothing_heavy(home: Path) -> None:
    RecordedRun(home).status("finished")
    heavy = ("torch", "numpy", "tokenizers", "textual_fspicker", "rich._emoji_codes", "tomllib")
    later = ("corpora.building", "corpora.encoding", "engine.changes", "tui.training.actions")
    done = subprocess.run(
        [sys.executable, "-c", PAINTING, *heavy, *later], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


async def test_the_palette_opens_a_model_in_write_by_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(WriteScreen, "open_model", lambda _, slug: opened.append(slug))
    RecordedRun(home, "bard").folder.weights_path.touch()
    RecordedRun(home, "bard without weights").status("queued")
    async with running() as driver:
        await driver.shows("bard without")
        await driver.press("ctrl+p")
        await driver.press(*"open bard")
        await driver.shows("Open bard in Write")
        assert "Open bard without weights" not in driver.shown()
        await driver.press("enter")
        await driver.until(lambda: opened == ["bard"])
        assert isinstance(driver.app.screen, WriteScreen)


@pytest.mark.parametrize("theme", MEANINGS)
async def test_every_screen_is_drawn_in_every_theme_of_ours(home: Path, theme: str) -> None:
    add_corpus(home)
    RecordedRun.after(200, home)
    async with running((80, 24)) as driver:
        driver.app.theme = theme
        await driver.shows("river")
        for key, text in (("f3", "● training"), ("4", "now"), ("f1", "long memory"), ("f1", "now"), ("f4", "Write")):
            await driver.press(key)
            await driver.shows(text)
