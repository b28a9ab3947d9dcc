"""A text outlives its app, and two windows don't write over each other: in the real app, in a real terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.terminal import Terminal

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(240)]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "story.txt"
    path.write_text("Once upon a time.\n")
    yield path


def journals(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (home / "documents").glob("*.jsonl"))


def noted(home: Path, typed: str) -> bool:
    """Whether a journal has what was typed before the text, in one part or in two."""
    found = journals(home).decode()
    return typed + "Once" in found or any(typed[at:] + '"' in found for at in range(len(typed) - 1))


def test_what_was_typed_before_a_kill_is_there_again_with_its_undo(story: Path) -> None:
    home = story.parent / "home"
    with Terminal(["write", "story.txt"], home=home) as desk:
        desk.wait_for("Once upon a time.")
        desk.type("It was late. ")
        desk.wait_for(lambda _: noted(home, "It was late. "))
        desk.kill()
    assert story.read_text() == "Once upon a time.\n"
    with Terminal(["write", "story.txt"], home=home) as desk:
        desk.wait_for("story.txt was not saved")
        desk.press("enter")
        desk.wait_for("It was late. Once upon a time.")
        desk.type("Very. ")
        desk.wait_for("It was late. Very. Once")
        desk.press("ctrl+z", "ctrl+z")
        desk.wait_for(lambda screen: "  Once upon a time." in screen and "late" not in screen)
        desk.press("ctrl+y")
        desk.wait_for("It was late. Once upon a time.")
        desk.press("f9")
        desk.wait_for("✓ story.txt")
        desk.press("ctrl+q")
        assert desk.wait_for_exit() == 0
    assert story.read_text() == "It was late. Once upon a time.\n"


def test_a_second_window_on_a_text_can_only_read_it(story: Path) -> None:
    home = story.parent / "home"
    with Terminal(["write", "story.txt"], home=home) as first:
        first.wait_for("Once upon a time.")
        with Terminal(["write", "story.txt"], home=home) as second:
            second.wait_for("open in another window")
            second.press("r")
            second.wait_for("read only")
            second.type("X")
            second.wait_for("can only be read here")
            second.press("ctrl+q")
            assert second.wait_for_exit() == 0
        first.type("Y")
        first.wait_for("YOnce upon a time.")
        first.press("ctrl+q")
        assert first.wait_for_exit() == 0
