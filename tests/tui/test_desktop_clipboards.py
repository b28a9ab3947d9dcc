"""Copying and pasting through the clipboards of a real X server and a real Wayland compositor, where there are such."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.cli_tools import until
from tests.tui.write_help import writing
from tui.clipboard import find_clipboard

LINE = "月落乌啼霜满天，江枫渔火对愁眠。 é 🙂\n"
# In bytes: X hands over some 250,000 in one piece. What is longer goes in several, at which xsel may hang.
LENGTHS = {"xclip": 1_200_000, "xsel": 100_000, "wl-copy": 1_200_000}


@pytest.fixture(scope="module")
def x_server() -> Iterator[dict[str, str]]:
    """An X server of our own: what its programs need in their environment."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb")
    reading, writing_ = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing_), "-screen", "0", "320x200x8", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writing_], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing_)
    with os.fdopen(reading) as stream:
        number = stream.readline().strip()
    yield {"DISPLAY": f":{number}"}
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def wayland_server() -> Iterator[dict[str, str]]:
    """A Wayland compositor of our own, without a screen. sway refuses to run as root, so then somebody else runs it."""
    if shutil.which("sway") is None:
        pytest.skip("needs sway")
    with tempfile.TemporaryDirectory() as folder:
        headless = {"WLR_BACKENDS": "headless", "WLR_LIBINPUT_NO_DEVICES": "1", "WLR_RENDERER": "pixman"}
        environment = {**os.environ, **headless, "LIBSEAT_BACKEND": "noop", "XDG_RUNTIME_DIR": folder}
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        other: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            other = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        process = subprocess.Popen(["sway", "-c", "/dev/null"], env=environment, **quiet, **other)
        until(lambda: process.poll() is not None or any(Path(folder).glob("wayland-?")))
        if process.poll() is not None:
            pytest.skip("sway doesn't start here")
        yield {"WAYLAND_DISPLAY": next(Path(folder).glob("wayland-?")).name, "XDG_RUNTIME_DIR": folder}
        process.terminate()
        process.wait()


@pytest.fixture(params=["xclip", "xsel", "wl-copy"])
def desktop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A desktop with only one of the programs."""
    program = str(request.param)
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    server: dict[str, str] = request.getfixturevalue("wayland_server" if program == "wl-copy" else "x_server")
    (tmp_path / "bin").mkdir()
    for name in ("wl-copy", "wl-paste", "cat") if program == "wl-copy" else (program,):  # wl-copy serves through cat
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in {"PATH": str(tmp_path / "bin"), **server}.items():
        monkeypatch.setenv(variable, value)
    return program


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
