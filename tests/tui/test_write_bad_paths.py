"""Names that are no text, disks that go away, links in a circle: the writer is told, and goes on writing."""

import os
from pathlib import Path

import pytest

from tests.tui.test_write_documents import dialog, name_file, saved
from tests.tui.write_help import Writing, add_model, unsaved_texts, writing
from tui.manuscript.merging import Piece
from tui.screens import write_autosave
from tui.screens.branches import BranchesScreen
from tui.screens.merging import MergingScreen


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saves and tries again at once, so that no test waits."""
    monkeypatch.setattr(write_autosave, "REST", 0.0)
    monkeypatch.setattr(write_autosave, "AGAIN", 0.0)


def pull(stick: Path) -> None:
    """From now on nothing on it can even be asked about, as where a disk was pulled out."""
    stick.rename(stick.with_name("pulled"))
    stick.symlink_to(stick.name)


async def test_a_text_whose_name_is_in_an_old_encoding_is_written_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    path.write_text("one")
    async with writing(tmp_path, monkeypatch, models=(), document=path) as desk:
        await desk.until(lambda: desk.text == "one")
        await desk.type("my ")
        await desk.screen.set_aside()
        assert desk.screen.notice.about("journal") == ""
        assert "caf\ufffd.txt" in "".join(lines(desk))
        await desk.press("f9")
        await saved(desk)
    assert path.read_text() == "my one"


async def test_a_disk_that_goes_away_is_told_and_the_text_can_be_saved_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stick" / "poem.txt"
    path.parent.mkdir()
    path.write_text("one")
    async with writing(tmp_path, monkeypatch, models=(), document=path, autosave=True) as desk:
        await desk.until(lambda: desk.text == "one")
        pull(path.parent)
        await desk.type("my ")
        await desk.until(lambda: "can't be read" in desk.notice and "save it elsewhere" in desk.notice)
        await desk.press("f9")
        await desk.until(lambda: "can't be read" in desk.notice)
        await desk.press("alt+shift+s")
        await name_file(desk, tmp_path / "rescued.txt")
        await desk.until(lambda: desk.screen.file_name() == "rescued.txt")
    assert (tmp_path / "rescued.txt").read_text() == "my one"


async def test_a_file_that_cannot_be_looked_at_for_a_while_counts_as_neither_deleted_nor_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stick" / "poem.txt"
    path.parent.mkdir()
    path.write_text("one")
    async with writing(tmp_path, monkeypatch, models=(), document=path, autosave=True) as desk:
        await desk.until(lambda: desk.text == "one")
        pull(path.parent)
        await desk.screen._look_at_file()
        assert (desk.screen.notice.about("saving"), desk.screen._held) == ("", None)


@pytest.mark.parametrize("name", ["circle", "n" * 300, "~nobody-of-that-name/poem.txt"])
async def test_a_path_that_no_file_can_have_is_told_and_the_text_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "circle").symlink_to("circle")
    path = Path(name) if name.startswith("~") else tmp_path / name
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        await desk.screen.open_file(path)
        await desk.until(lambda: "can't be" in desk.notice)
        await desk.type("mine")
        await desk.screen.set_aside()
    assert unsaved_texts(tmp_path) == ["mine"]


async def test_no_name_can_tell_the_terminal_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "\x1b]52;c;eA==\x07\x1b[2J.txt"
    path.write_text("one")
    add_model(tmp_path, "bard\x1b[2J")
    async with writing(tmp_path, monkeypatch, models=(), document=path) as desk:
        await desk.until(lambda: desk.text == "one")
        await desk.screen.open_file(tmp_path / "\x1b[31m.txt")
        await desk.until(lambda: "is new" in desk.notice)
        await desk.press("x", "alt+shift+n")
        await dialog(desk)
        seen = lines(desk)
        await desk.press("escape")
        await desk.press("alt+m")
        await desk.pilot.pause()
        seen += lines(desk)
        assert any("[31m.txt" in line for line in seen) and any("bard[2J" in line for line in seen)
        assert not [line for line in seen if not line.isprintable()]


async def test_no_text_can_tell_the_terminal_what_to_do_where_it_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, models=()) as desk:
        desk.screen.editor.type_text("one \x1b[2J\0two")
        assert desk.text == "one \x1b[2Jtwo"
        await desk.press("alt+g")
        await desk.until(lambda: isinstance(desk.pilot.app.screen, BranchesScreen), "the branches")
        await desk.until(lambda: "one [2Jtwo" in "".join(lines(desk)), "what was written")
        seen = lines(desk)
        await desk.press("escape")
        await desk.pilot.app.push_screen(MergingScreen("\x1b]0;x", [Piece("a \x1b[2J", "b", "c\n\x1b[31m")]))
        await desk.until(lambda: "a [2J" in "".join(lines(desk)), "the two texts")
        seen += lines(desk)
        assert not [line for line in seen if not line.isprintable()]


def lines(desk: Writing) -> list[str]:
    """What the terminal is given."""
    return [strip.text for strip in desk.pilot.app.screen._compositor.render_strips()]
