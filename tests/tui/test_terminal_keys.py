"""Keys with alt, as terminals send them: an escape and then the key."""

from pathlib import Path

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.widgets import Input

from tui.app import PantoumApp
from tui.terminal_keys import read_alt
from tui.widgets.dialogs import LineDialog


def keys(sent: str) -> list[tuple[str, str | None]]:
    read_alt()
    return [(key.key, key.character) for key in XTermParser().feed(sent) if isinstance(key, events.Key)]


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("\x1b3", "alt+3"),
        ("\x1b.", "alt+full_stop"),
        ("\x1b<", "alt+less_than_sign"),
        ("\x1bo", "alt+o"),
        ("\x1bS", "alt+shift+s"),
        ("\x1bf", "ctrl+right"),
        ("\x1b\x7f", "ctrl+w"),
    ],
)
def test_alt_with_any_key_is_one_key_that_prints_nothing(sent: str, key: str) -> None:
    assert keys(sent) == [(key, None)]


@pytest.mark.parametrize(
    ("sent", "key"), [("\x1b[A", "up"), ("\x1bOP", "f1"), ("\x1b[1;3D", "alt+left"), ("\x1b[51;3u", "alt+3")]
)
def test_longer_sequences_are_read_as_before(sent: str, key: str) -> None:
    assert keys(sent) == [(key, None)]


def test_letters_without_alt_are_letters() -> None:
    assert keys("3£.") == [("3", "3"), ("pound_sign", "£"), ("full_stop", ".")]


async def test_a_shift_that_means_nothing_changes_nothing_in_a_field(home: Path) -> None:
    app = PantoumApp()
    async with app.run_test() as pilot:
        app.push_screen(LineDialog("What?"))
        await pilot.pause()
        await pilot.press("a", "shift+space", "x", "y", "shift+backspace", "home", "shift+delete")
        assert app.screen.query_one(Input).value == " x"
        await pilot.press("shift+enter")
        await pilot.pause()
        assert not isinstance(app.screen, LineDialog)
