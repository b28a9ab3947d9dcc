"""Copying and pasting through the clipboard of a real X server; skipped where there is none to start."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.cli_tools import until
from tests.tui.write_help import writing
from tui.clipboard import find_clipboard

pytestmark = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb")

LINE = "月落乌啼霜满天，江枫渔火对愁眠。 é 🙂\n"
# In bytes: X hands over some 250,000 in one piece. What is longer goes in several, at which xsel may hang.
LENGTHS = {"xclip": 1_200_000, "xsel": 100_000}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The name of a display of our own."""
    reading, writing_ = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing_), "-screen", "0", "320x200x8", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing_], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing_)
    with os.fdopen(reading) as stream:
        number = stream.readline().strip()
    yield f":{number}"
    process.terminate()
    process.wait()


@pytest.fixture(params=["xclip", "xsel"])
def desktop(request: pytest.FixtureRequest, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A desktop with only one of the programs."""
    program = shutil.which(request.param)
    if program is None:
        pytest.skip(f"needs {request.param}")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / request.param).symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("DISPLAY", server)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return str(request.param)


def long_text(desktop: str) -> str:
    return LINE * (LENGTHS[desktop] // len(LINE.encode()))


def test_what_is_copied_comes_back_letter_for_letter(desktop: str) -> None:
    clipboard = find_clipboard()
    assert clipboard is not None and clipboard.copying[0] == desktop
    for text in ("one word", LINE, long_text(desktop)):
        assert clipboard.copy(text)
        until(lambda text=text: clipboard.paste() == text)  # type: ignore[misc]


async def test_the_editor_copies_to_other_programs_and_pastes_what_they_copied(
    desktop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clipboard, text = find_clipboard(), long_text(desktop)
    assert clipboard is not None
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        desk.screen.editor.type_text(text)
        await desk.press("alt+a", "ctrl+c")
        await desk.until(lambda: clipboard.paste() == text, "the others can paste it")
        assert clipboard.copy("theirs 字")
        await desk.until(lambda: clipboard.paste() == "theirs 字", "the others' text is there")
        await desk.press("ctrl+v")
        await desk.until(lambda: desk.text == "theirs 字", "it is pasted instead of what is selected")
