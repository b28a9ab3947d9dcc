"""`pantoum keys`: every command of the app, its name for keys.toml, and the keys that it has now."""

import json
from pathlib import Path
from typing import Any

import pytest

from tui.cli import main
from tui.commandline import key_list
from tui.commands.registry import all_commands


def by_id(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    assert main(["keys", "--json"]) == 0
    return {each["id"]: each for each in json.loads(capsys.readouterr().out)}


def test_every_command_of_every_screen_is_listed_with_what_it_does(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys"]) == 0
    rows = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    listed = dict(rows)
    for commands in all_commands().values():
        for command in commands:
            assert listed.pop(command.id).endswith(command.help)
    assert listed == {}


def test_they_stand_under_their_screens_with_keys_as_people_know_them(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys"]) == 0
    screens = dict(part.split("\n", 1) for part in capsys.readouterr().out.strip().split("\n\n"))
    assert list(screens)[:4] == ["Everywhere", "Library", "Adding a text", "Train"]
    assert screens["Train: Samples"].split()[:3] == ["train.earlier", ",", "Shows"]
    assert screens["Write: Suggestions"].split()[:3] == ["write.suggest", "tab", "ctrl+space"]
    everywhere = [line.split()[:3] for line in screens["Everywhere"].splitlines()]
    assert ["app.theme", "–", "Chooses"] in everywhere and ["app.help", "F1", "alt+?"] in everywhere


def test_a_persons_own_keys_are_shown_with_the_usual_ones(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "keys.toml").write_text('[keys]\n"words.regrow" = "?,f9"\n')
    assert main(["keys"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "words.regrow" in line]
    assert row.split()[1:3] == ["?", "F9"] and row.endswith("(usually g)")
    regrow = by_id(capsys)["words.regrow"]
    assert (regrow["screen"], regrow["keys"], regrow["usual"]) == ("words", ["question_mark", "f9"], ["g"])


def test_what_keys_toml_gets_wrong_is_told_and_the_usual_keys_are_shown(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "keys.toml").write_text('[keys]\n"train.pause" = "s"\n"train.dance" = "x"\n')
    assert main(["keys"]) == 0
    said = capsys.readouterr().err
    assert "'train.pause' the key s, which 'train.stop' has" in said
    assert "'train.dance', which does not exist" in said
    assert by_id(capsys)["train.pause"]["keys"] == ["p"]


def test_on_a_terminal_no_line_is_longer_than_it(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_list, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["keys"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert "alt+⌫" in said and "Finds branches by what they say." in said
