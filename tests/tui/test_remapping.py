"""Every command of every screen can have other keys, and no other command loses its own by that."""

import ast
import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from textual.binding import BindingsMap
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Static

import tui.screens
from tests.tui.test_write_ghost import suggested
from tests.tui.test_write_words import listed
from tests.tui.write_help import writing
from tui.app import PantoumApp
from tui.commands.command import Command
from tui.commands.key_names import read_keys
from tui.commands.keymap import read_keymap, with_sharers
from tui.commands.registry import all_commands, commands_of, key_groups
from tui.screens.help import HelpScreen
from tui.widgets.editor import Editor

FREE = "f20"  # a key that no command has
COMMANDS = [command for commands in all_commands().values() for command in commands]


def screens() -> list[type[Screen[object]]]:
    """Every screen that has commands."""
    modules = [import_module(f"tui.screens.{each.name}") for each in iter_modules(tui.screens.__path__)]
    classes = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    return [each for each in classes if issubclass(each, Screen) and commands_of(each)]


def owners() -> Iterable[type[DOMNode]]:
    """What has keys of commands."""
    return (PantoumApp, Editor, *screens())


def test_the_commands_of_every_screen_are_known() -> None:
    declared = {command.id for screen in screens() for command in commands_of(screen)}
    known = {
        command.id for name, commands in all_commands().items() if name not in ("app", "editor") for command in commands
    }
    assert declared == known


def bound(keys: BindingsMap) -> set[tuple[str, str]]:
    return {(key, binding.id or binding.action) for key, binding in keys}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_each_command_can_have_another_key_and_all_others_keep_theirs(command: Command, tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text(f'[keys]\n"{command.id}" = "{FREE}"\n')
    keymap = read_keymap(tmp_path / "keys.toml", key_groups())
    assert (keymap.keys, keymap.problems) == ({command.id: FREE}, ())
    has_it = []
    for owner in owners():
        usual = owner._merge_bindings()
        now = usual.copy()
        now.apply_keymap(PantoumApp._normalize_keymap(with_sharers(keymap.keys, all_commands())))
        others = {(key, id) for key, id in bound(usual) if id != command.id}
        assert {(key, id) for key, id in bound(now) if id != command.id} == others, owner
        has_it += [key for key, id in bound(now) if id == command.id]
    assert has_it == [FREE]


async def test_a_key_that_commands_share_still_does_what_the_others_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys.toml").write_text('[keys]\n"write.accept" = "f20"\n')
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so long ")
        await desk.press("tab")
        await suggested(desk)
        assert desk.screen.editor.ghost
        said = desk.screen.editor.ghost.text
        await desk.press("f20")
        assert desk.text == f"so long {said}"


async def test_enter_with_shift_may_be_a_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys.toml").write_text('[keys]\n"write.suggest" = "shift+enter"\n')
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so long ")
        await desk.press("shift+enter")
        await suggested(desk)
        assert desk.text == "so long "


def test_the_lines_of_keys_name_commands_that_there_are_with_their_usual_keys() -> None:
    known = {command.id: command.keys for command in COMMANDS}
    sources = [path.read_text() for path in Path(tui.screens.__file__).parents[1].rglob("*.py")]
    hints = [hint for source in sources for hint in re.findall(r"\{([^{}|\s]+)\|([a-z_]+\.[a-z_]+)\}", source)]
    assert len(hints) > 20
    for shown, id in hints:
        assert read_keys(shown.replace("^", "ctrl+").replace("E", "e")) in known[id].split(","), id


def sentences(path: Path) -> Iterable[str]:
    """What a module may say: its strings with a space in them, but for those that explain it to its readers."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    explained = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented)
                 if isinstance(node.body[0], ast.Expr)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explained:
            yield node.value if " " in node.value else ""


def test_no_sentence_of_write_names_a_key_that_may_be_another_one() -> None:
    root = Path(tui.screens.__file__).parents[1]
    paths = [*root.glob("screens/write*.py"), *root.glob("manuscript/*.py"), *root.glob("commands/write/*.py")]
    said = {(path.name, sentence) for path in paths for sentence in sentences(path)}
    usual = {(name, each) for name, each in said if re.search(r"(?<![{^])\b(alt\+|ctrl\+[a-z]|F\d)", each)}
    assert len(said) > 100
    assert {name for name, _ in usual} == {"write_desk.py"}, usual  # the help's first line, about alt itself
    assert all("alt+" in each for _, each in usual)


async def test_sentences_on_write_name_the_keys_of_keys_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys.toml").write_text(
        '[keys]\n"write.model" = "f20"\n"write.continue" = "f19"\n"app.library" = "f18"\n"write.pick_1" = "f17"\n'
    )
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.until(lambda: "F18 adds texts" in desk.notice)
        assert "F19 lets it write" in desk.screen.editor.placeholder
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.screen.open_model("nobody")
        await desk.until(lambda: "Choose another one with F20." in desk.notice)
        await desk.press("f20", "enter")
        await desk.ready()
        await desk.type("so long ")
        await desk.press("tab")
        await suggested(desk)
        assert desk.screen.next_tokens.border_title == "Suggestions  ↓"


async def test_help_has_a_key_that_a_desktop_leaves_to_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.press("ctrl+t", "question_mark")
        await desk.until(lambda: isinstance(desk.pilot.app.screen, HelpScreen), "the help")
        await desk.press("alt+question_mark")
        await desk.until(lambda: desk.pilot.app.screen is desk.screen, "the text")


async def test_the_list_of_other_words_has_the_keys_of_keys_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys.toml").write_text('[keys]\n"words.close" = "f20"\n"words.regrow" = "F9"\n')
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.type("so long")
        screen = await listed(desk)
        assert str(screen.query_one("#word-keys", Static).render()) == "Enter replaces · F9 regrows"
        await desk.press("f20")
        await desk.until(lambda: desk.pilot.app.screen is desk.screen, "the text")
