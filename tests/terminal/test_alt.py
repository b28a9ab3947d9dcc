"""Alt by a key of its own, in the real app, in a real terminal that sends no alt."""

from pathlib import Path

import pytest

from tests.terminal.terminal import Terminal

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(120)]


def test_alt_with_a_digit_or_a_point_types_neither(tmp_path: Path) -> None:
    with Terminal(["write"], home=tmp_path / "home") as desk:
        desk.wait_for("no name yet")
        desk.type("a")
        desk.press("alt+3", "alt+.")
        desk.type("b")
        desk.wait_for(lambda screen: "ab" in screen and "£" not in screen)
        desk.kill()


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (160, 45)])
def test_what_is_done_with_alt_is_listed_and_done_without_it(tmp_path: Path, columns: int, rows: int) -> None:
    with Terminal(["write"], home=tmp_path / "home", columns=columns, rows=rows) as desk:
        desk.wait_for("no name yet")
        desk.type("so long")
        desk.press("ctrl+t")
        desk.wait_for(lambda screen: "alt + …" in screen and "o Colours" in screen and "P" in screen)
        desk.press("b")  # a word back
        desk.type("very ")
        desk.wait_for(lambda screen: "so very long" in screen and "alt + …" not in screen)
        desk.press("ctrl+t", "P")
        desk.wait_for("steady")
        desk.press("escape")
        desk.wait_for(lambda screen: "steady" not in screen)
        desk.kill()
