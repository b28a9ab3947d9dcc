"""A terminal that isn't set to UTF-8: what is typed and pasted in it."""

from pathlib import Path

import pytest

from tests.terminal.terminal import Terminal

pytestmark = pytest.mark.terminal


def test_letters_of_a_terminal_set_to_latin_1_are_typed_and_nothing_ends(tmp_path: Path) -> None:
    with Terminal(["write"], home=tmp_path / "home") as desk:
        desk.wait_for("no name yet")
        desk.send(b"caf\xe9")
        desk.send(b" au lait, \xc3")
        desk.send(b"\xa9t\xc3\xa9")  # UTF-8, cut within a letter
        desk.wait_for("café au lait, été")
        desk.send(b"\x1b[200~ \x93d\xe9j\xe0 vu\x94\x1b[201~")  # a paste
        desk.wait_for("café au lait, été “déjà vu”")
        desk.kill()
