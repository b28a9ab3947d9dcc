"""Reading keys.toml: what is taken, and what is left out and why."""

from pathlib import Path

import pytest

from tui.commands.command import Command
from tui.commands.keymap import Keymap, read_keymap
from tui.commands.registry import all_commands
from tui.commands.sendable import why_not_sent

GROUPS = {
    "app": [Command("app.help", "Help", "Helps.", "f1", "help"), Command("app.theme", "Theme", "Themes.", "", "theme")],
    "train": [
        Command("train.pause", "Pause", "Pauses.", "p", "pause"),
        Command("train.stop", "Stop", "Stops.", "s,question_mark", "stop"),
        Command("train.clear", "Clear", "Clears.", "escape", "clear"),
        Command("train.leave", "Leave", "Leaves.", "escape", "leave"),
    ],
    "library": [Command("library.stop", "Stop", "Stops.", "s", "stop")],
}


def read(tmp_path: Path, text: str) -> Keymap:
    path = tmp_path / "keys.toml"
    path.write_text(text, encoding="utf-8")
    return read_keymap(path, GROUPS)


def test_no_file_changes_nothing(tmp_path: Path) -> None:
    assert read_keymap(tmp_path / "keys.toml", GROUPS) == Keymap({})


def test_a_command_takes_several_keys(tmp_path: Path) -> None:
    assert read(tmp_path, '[keys]\n"train.pause" = "space, ctrl+y"') == Keymap({"train.pause": "space,ctrl+y"})


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("?", "question_mark"),
        (",", "comma"),
        ("f9,,", "f9,comma"),
        ("+", "plus"),
        ("F5", "f5"),
        ("esc", "escape"),
        ("↑", "up"),
        ("alt+.", "alt+full_stop"),
        ("alt+,, x", "alt+comma,x"),
        ("alt++", "alt+plus"),
        ("alt+G", "alt+shift+g"),
        ("ctrl+space", "ctrl+@"),
    ],
)
def test_a_key_may_be_written_as_it_is_shown(tmp_path: Path, written: str, key: str) -> None:
    assert read(tmp_path, f'[keys]\n"library.stop" = "{written}"') == Keymap({"library.stop": key})


def test_a_key_that_two_commands_share_can_be_kept_beside_another(tmp_path: Path) -> None:
    assert read(tmp_path, '[keys]\n"train.leave" = "escape,x"') == Keymap({"train.leave": "escape,x"})
    assert read(tmp_path, '[keys]\n"train.pause" = "escape,x"').keys == {}


def test_two_commands_may_swap_their_keys(tmp_path: Path) -> None:
    keymap = read(tmp_path, '[keys]\n"train.pause" = "s"\n"train.stop" = "p"')
    assert keymap == Keymap({"train.pause": "s", "train.stop": "p"})


def test_screens_do_not_conflict_with_each_other(tmp_path: Path) -> None:
    assert read(tmp_path, '[keys]\n"library.stop" = "p"').problems == ()


@pytest.mark.parametrize("key", ["s", "?", "question_mark", "f1"])
def test_a_key_that_the_screen_or_the_app_uses_is_refused(tmp_path: Path, key: str) -> None:
    keymap = read(tmp_path, f'[keys]\n"train.pause" = "{key}"')
    assert keymap.keys == {}
    assert "'train.pause' keeps its usual key" in keymap.problems[0]


def test_a_wish_for_everywhere_must_be_free_on_every_screen(tmp_path: Path) -> None:
    keymap = read(tmp_path, '[keys]\n"app.help" = "p"')
    assert keymap.keys == {}
    assert len(keymap.problems) == 1


def test_one_bad_line_does_not_cost_the_others(tmp_path: Path) -> None:
    keymap = read(tmp_path, '[keys]\n"train.dance" = "x"\n"train.pause" = "y"')
    assert keymap.keys == {"train.pause": "y"}
    assert "'train.dance'" in keymap.problems[0]


@pytest.mark.parametrize("value", ['""', '"ctrl+"', '"hyperspace"', "[]", "true"])
def test_what_is_no_key_is_refused(tmp_path: Path, value: str) -> None:
    keymap = read(tmp_path, f'[keys]\n"train.pause" = {value}')
    assert keymap.keys == {}
    assert "not the name of a key" in keymap.problems[0]


@pytest.mark.parametrize("text", ["[keys", "keys = 1", '[keys]\n"a" = "b"\n"a" = "c"'])
def test_a_damaged_file_is_one_problem(tmp_path: Path, text: str) -> None:
    keymap = read(tmp_path, text)
    assert keymap.keys == {}
    assert len(keymap.problems) == 1


def test_a_file_that_is_not_text_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_bytes(b"\xff\xfe\x00")
    assert len(read_keymap(tmp_path / "keys.toml", GROUPS).problems) == 1


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("ctrl+i", "send tab"),
        ("ctrl+h", "send backspace"),
        ("ctrl+[", "send escape"),
        ("ctrl+b", "tmux"),
        ("ctrl+s", "stop their output"),
        ("ctrl+enter", "don't send"),
        ("shift+enter", "don't send"),
        ("ctrl+shift+k", "don't send"),
        ("ctrl+1", "don't send"),
        ("ctrl+.", "don't send"),
        ("alt+[", "don't send"),
        ("super+k", "don't send"),
    ],
)
def test_a_key_that_may_never_arrive_is_taken_and_doubted(tmp_path: Path, key: str, why: str) -> None:
    keymap = read(tmp_path, f'[keys]\n"library.stop" = "{key}"')
    assert list(keymap.keys) == ["library.stop"]
    assert keymap.problems == ()
    (doubt,) = keymap.doubts()
    assert "'library.stop'" in doubt
    assert why in doubt


@pytest.mark.parametrize(
    "key",
    [
        "x",
        "X",
        "ctrl+g",
        "ctrl+space",
        "ctrl+\\\\",
        "ctrl+_",
        "shift+tab",
        "shift+left",
        "ctrl+right",
        "f12",
        "alt+.",
        "alt+3",
        "alt+G",
        "alt+left",
        "?",
    ],
)
def test_keys_that_terminals_send_are_not_doubted(tmp_path: Path, key: str) -> None:
    keymap = read(tmp_path, f'[keys]\n"library.stop" = "{key}"')
    assert list(keymap.keys) == ["library.stop"]
    assert keymap.doubts() == []


def test_no_usual_key_is_doubted_but_one_to_quit_and_those_beside_others() -> None:
    beside = [
        ("edit.delete_left", "shift+backspace"),
        ("edit.delete_word_left", "ctrl+backspace"),
        ("edit.delete_line", "ctrl+shift+k"),
    ]
    doubted = [
        (command.id, key)
        for commands in all_commands().values()
        for command in commands
        for key in filter(None, command.keys.split(","))
        if not key.startswith("super+") and why_not_sent(key)
    ]
    assert doubted == [("app.quit", "ctrl+q"), *beside]
