"""The desktop's clipboard, and another editor for a while: programs of the test's own stand in for both."""

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpora.errors import InputError
from tests.tui.write_help import Writing, writing
from tui.app import PantoumApp
from tui.clipboard import find_clipboard
from tui.hand_over import Edited, edit_copy, editor_command


def program(folder: Path, name: str, code: str) -> Path:
    """A program in Python."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys, pathlib\n{code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desktop whose clipboard is a file."""
    programs = tmp_path / "programs"
    programs.mkdir()
    held = tmp_path / "clipboard"
    code = f"file = pathlib.Path({str(held)!r})\n"
    code += "if '-in' in sys.argv: file.write_bytes(sys.stdin.buffer.read())\n"
    code += "else: sys.stdout.buffer.write(file.read_bytes())"
    program(programs, "xclip", code)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return held


@contextlib.contextmanager
def no_suspending(self: PantoumApp) -> Iterator[None]:
    yield


async def edited_by(desk: Writing, editor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", editor)
    desk.screen.action_editor()
    await desk.until(lambda: desk.notice)


def test_without_a_desktop_there_is_no_clipboard_program(desktop: Path) -> None:
    assert find_clipboard({"PATH": str(desktop.parent / "programs")}) is None
    assert find_clipboard({"DISPLAY": ":9", "PATH": "/nowhere"}) is None


def test_a_clipboard_gives_back_what_was_copied_and_nothing_that_is_no_text(desktop: Path) -> None:
    clipboard = find_clipboard()
    assert clipboard is not None
    assert clipboard.copy("one 字\n") and clipboard.paste() == "one 字\n"
    desktop.write_bytes(b"\xff\x00")
    assert clipboard.paste() is None
    desktop.unlink()
    assert clipboard.paste() is None


async def test_copying_and_pasting_go_through_the_desktops_clipboard(
    desktop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copied() -> bytes:
        return desktop.read_bytes() if desktop.exists() else b""

    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.type("mine")
        await desk.press("alt+a", "ctrl+c")
        await desk.until(lambda: copied() == b"mine")
        (tmp_path / "clipboard").write_text("theirs ")
        await desk.press("ctrl+home", "ctrl+v")
        await desk.until(lambda: desk.text == "theirs mine")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "No editor is set"),
        ({"EDITOR": "'"}, "no command"),
        ({"EDITOR": "no-such-editor -w", "PATH": "/nowhere"}, "no such program"),
    ],
)
def test_an_editor_that_cannot_be_used_is_told_in_words(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        editor_command(environment)


def test_the_editors_command_may_have_arguments_and_visual_comes_first() -> None:
    environment = {"VISUAL": f"{sys.executable} -u 'a b'", "EDITOR": "other", "PATH": os.environ["PATH"]}
    assert editor_command(environment) == [sys.executable, "-u", "a b"]


def test_a_line_end_that_the_editor_put_at_the_end_is_taken_off(tmp_path: Path) -> None:
    path = program(tmp_path, "editor", "file = pathlib.Path(sys.argv[1]); file.write_text(file.read_text() + ' x\\n')")
    assert edit_copy([str(path)], "one", "poem.txt") == Edited("one x")
    assert edit_copy([str(path)], "one\n", "poem.txt") == Edited("one\n x\n")


def test_an_editor_that_fails_and_saved_nothing_leaves_nothing_behind(tmp_path: Path) -> None:
    edited = edit_copy([str(program(tmp_path, "editor", "sys.exit(1)"))], "one", "poem.txt", tmp_path / "home")
    assert edited == Edited("one", edited.wrong)
    assert edited.wrong.endswith("ended with an error (1), so the text is as it was.")
    assert not (tmp_path / "home").exists()


SAVE = "file = pathlib.Path(sys.argv[1]); "


@pytest.mark.parametrize(
    ("code", "sentence", "kept"),
    [
        ("file.write_bytes(b'caf\\xe9')", "not UTF-8", {"poem.txt": b"caf\xe9"}),
        ("file.write_text('long\\0work')", "zero bytes", {"poem.txt": b"long\0work"}),
        (
            "file.with_name('.poem.txt.swp').write_text('rescued'); sys.exit(1)",
            "ended with an error",
            {"poem.txt": b"one", ".poem.txt.swp": b"rescued"},
        ),
    ],
)
def test_what_cannot_be_taken_over_from_an_editor_is_kept_and_its_place_told(
    tmp_path: Path, code: str, sentence: str, kept: dict[str, bytes]
) -> None:
    editor = program(tmp_path, "editor", SAVE + code)
    edited = edit_copy([str(editor)], "one", "poem.txt", tmp_path / "home")
    assert edited.text == "one" and sentence in edited.wrong
    (place,) = (tmp_path / "home" / "trash").iterdir()
    assert str(place) in edited.wrong
    assert {file.name: file.read_bytes() for file in place.iterdir()} == kept


def test_ctrl_c_in_the_terminal_is_the_editors_only(tmp_path: Path) -> None:
    code = SAVE + "import os, signal; os.kill(os.getppid(), signal.SIGINT); file.write_text('two')"
    before = signal.getsignal(signal.SIGINT)
    assert edit_copy([str(program(tmp_path, "editor", code))], "one", "poem.txt", tmp_path) == Edited("two")
    assert signal.getsignal(signal.SIGINT) is before


async def test_what_an_editor_saved_before_it_failed_is_one_redo_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PantoumApp, "suspend", no_suspending)
    editor = program(tmp_path, "editor", SAVE + "file.write_text('an hour of work'); sys.exit(1)")
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.type("mine")
        desk.screen.notice.clear()
        await edited_by(desk, str(editor), monkeypatch)
        assert "ended with an error (1)" in desk.notice and "ctrl+y shows what it had saved" in desk.notice
        assert desk.text == "mine"
        await desk.press("ctrl+y")
        assert desk.text == "an hour of work"


async def test_without_room_for_a_copy_the_text_stays_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PantoumApp, "suspend", no_suspending)

    def full(**_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tui.hand_over.tempfile.mkdtemp", full)
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.type("mine")
        desk.screen.notice.clear()
        await edited_by(desk, str(program(tmp_path, "editor", "")), monkeypatch)
        assert "no place for a copy" in desk.notice and desk.text == "mine"


async def test_what_another_editor_made_of_the_text_is_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PantoumApp, "suspend", no_suspending)
    code = "file = pathlib.Path(sys.argv[1]); file.write_text(file.read_text().upper() + ' and more')"
    editor = program(tmp_path, "editor", code)
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.type("mine")
        desk.screen.notice.clear()
        await edited_by(desk, str(editor), monkeypatch)
        assert desk.text == "MINE and more"
        await desk.press("ctrl+z")
        assert desk.text == "mine"


async def test_what_is_typed_while_the_text_is_set_aside_reaches_the_other_editor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PantoumApp, "suspend", no_suspending)
    editor = program(tmp_path, "editor", "file = pathlib.Path(sys.argv[1]); file.write_text(file.read_text().upper())")
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.type("mine")
        set_aside = desk.screen.set_aside

        async def slowly() -> None:
            await set_aside()
            desk.screen.editor.type_text(" too")

        monkeypatch.setattr(desk.screen, "set_aside", slowly)
        desk.screen.notice.clear()
        await edited_by(desk, str(editor), monkeypatch)
        assert desk.text == "MINE TOO"


async def test_a_terminal_that_cannot_be_handed_over_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.type("mine")
        desk.screen.notice.clear()
        await edited_by(desk, str(program(tmp_path, "editor", "")), monkeypatch)
        assert "can't be handed" in desk.notice and desk.text == "mine"
