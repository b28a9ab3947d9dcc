"""A key for alt: whatever is done with alt can be done in a terminal that can't send it."""

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.driving import running
from tests.tui.test_write_ghost import suggested
from tests.tui.write_help import writing
from tui.commands.alt import alt_keys, with_alt
from tui.commands.command import Command
from tui.commands.registry import EVERYWHERE, all_commands
from tui.screens.presets import PresetsScreen
from tui.widgets.alt_keys import columns

FORBIDDEN = {"ctrl+i", "ctrl+m", "ctrl+h", "ctrl+j", "ctrl+b", "ctrl+s", "ctrl+q"}
NAMED = {"tab", "enter", "escape", "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "ctrl+@"}
PRESSED = {*(f"f{number}" for number in range(1, 13)), *(f"ctrl+{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")}
ALONE = (NAMED | PRESSED) - FORBIDDEN  # what any terminal can send
TYPED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@pytest.mark.parametrize("command", all_commands()["write"], ids=lambda command: command.id)
def test_each_command_of_the_write_screen_has_a_key_that_any_terminal_can_send(command: Command) -> None:
    behind_alt = {with_alt(key) for key in TYPED}
    keys = set(command.keys.split(","))
    assert keys & (ALONE | behind_alt), f"{command.id} has only {command.keys!r}"
    assert not keys & FORBIDDEN


def test_the_key_for_alt_is_one_that_any_terminal_can_send_and_nothing_else_has_it() -> None:
    (command,) = [command for command in EVERYWHERE if command.id == "app.alt"]
    assert command.keys in ALONE
    others = [each for group in all_commands().values() for each in group if each is not command]
    assert not [each.id for each in others if command.keys in each.keys.split(",")]


@pytest.mark.parametrize(
    ("key", "name"),
    [("o", "alt+o"), ("G", "alt+shift+g"), ("3", "alt+3"), ("left", "alt+left"), ("shift+left", "alt+shift+left"),
     ("full_stop", "alt+full_stop"), ("ctrl+g", "ctrl+g"), ("alt+o", "alt+o"), ("é", "alt+é")],
)  # fmt: skip
def test_a_key_has_its_name_with_alt(key: str, name: str) -> None:
    assert with_alt(key) == name


def test_what_is_listed_is_by_the_key_as_it_is_typed_and_by_the_persons_own() -> None:
    commands = [
        Command("a.words", "Words", "…", "alt+w", "words"),
        Command("a.save", "Save as", "…", "alt+shift+s,ctrl+right", "save"),
        Command("a.open", "Open", "…", "ctrl+o", "open"),
        Command("a.panel", "Panel", "…", "f10,alt+s", "panel"),
        *(Command(f"a.pick_{n}", f"Pick {n}", "…", f"alt+{n}", f"pick({n})") for n in (1, 2)),
    ]
    assert alt_keys(commands, {}) == {"w": "Words", "S": "Save as", "1": "to 9: by number"}
    assert alt_keys(commands, {"a.open": "alt+q", "a.words": "f5"}) == {
        "S": "Save as",
        "q": "Open",
        "1": "to 9: by number",
    }


@pytest.mark.parametrize("width", [20, 40, 78, 158])
def test_the_list_is_in_columns_that_fit(width: int) -> None:
    entries = [(letter, f"Does {letter * (1 + number % 4)}") for number, letter in enumerate("abcdefghijk")]
    lines = str(columns(entries, width)).split("\n")
    assert max(map(len, lines)) <= width
    assert [line[0] for line in lines] == [letter for letter, _ in entries[: len(lines)]]
    assert sum(line.count("Does") for line in lines) == len(entries)


async def test_a_suggestion_is_picked_by_its_number_without_alt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so ")
        await desk.press("tab")
        await suggested(desk)
        ghost = desk.screen.editor.ghost
        assert ghost is not None
        await desk.press("ctrl+t")
        assert "1 to 9: by number" in str(desk.screen.alt_keys.render())
        await desk.press("3")
        assert (ghost.number, desk.screen.editor.ghost, desk.text) == (3, ghost, "so ")
        await desk.press("ctrl+t", "n")  # the next one
        assert ghost.number == 4


async def test_a_letter_after_the_key_for_alt_is_a_command_and_the_one_after_that_is_text_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("ctrl+t")
        assert desk.screen.alt_keys.display
        await desk.press("o", "o")
        assert (desk.screen.settings.colours, desk.text) == ("provenance", "o")
        assert not desk.screen.alt_keys.display
        await desk.press("ctrl+t", "P")
        assert isinstance(desk.pilot.app.screen, PresetsScreen)


@pytest.mark.parametrize("key", ["escape", "ctrl+t"])
async def test_the_waiting_ends_without_anything_being_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so ")
        await desk.press("tab")
        await suggested(desk)
        await desk.press("ctrl+t", key)
        assert desk.screen.editor.ghost is not None  # escape was for the waiting
        assert not desk.screen.alt_keys.display
        await desk.press("escape", "o")
        assert (desk.text, desk.screen.settings.colours) == ("so o", "none")


async def test_the_editors_own_keys_with_alt_work_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("so long")
        await desk.press("ctrl+t", "b")
        assert desk.screen.editor.caret == (0, 3)
        await desk.press("ctrl+t", "d")
        assert desk.text == "so "


async def test_a_persons_own_key_for_alt_is_used_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys.toml").write_text('[keys]\n"app.alt" = "ctrl+f"\n"write.colours" = "alt+q"\n')
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.press("ctrl+f")
        assert "q Colours" in str(desk.screen.alt_keys.render())
        await desk.press("q")
        assert desk.screen.settings.colours == "provenance"
        await desk.press("ctrl+f", "ctrl+f", "x")
        assert desk.text == "x"
        assert "press ctrl+f and then the key" in desk.screen.help_text()


async def test_the_mode_bar_says_that_a_key_is_waited_for_on_any_screen(home: Path) -> None:
    async with running((80, 24), "library") as driver:
        await driver.press("ctrl+t")
        await driver.shows("alt + …")
        await driver.press("escape")
        await driver.until(lambda: "alt + …" not in driver.shown())
        assert not driver.app.screen.query(Input)
