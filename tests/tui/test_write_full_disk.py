"""Disks that are full, files and folders that are taken away: nothing of a text is lost, and the person knows."""

import shutil
from pathlib import Path

import pytest

from corpora.errors import InputError
from corpora.files import append_bytes
from tests.tui.disk import full_disk
from tests.tui.test_write_documents import dialog, save_as, saved
from tests.tui.write_help import unsaved_texts, writing
from tui.manuscript.journal import Journal
from tui.manuscript.journal_replay import replay
from tui.manuscript.opening import new_document, open_document
from tui.screens import write_autosave
from tui.screens.write import WriteScreen


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saves and tries again at once, so that no test waits."""
    monkeypatch.setattr(write_autosave, "REST", 0.0)
    monkeypatch.setattr(write_autosave, "AGAIN", 0.0)


def journal_of(root: Path) -> Path:
    [file] = (root / "documents").glob("*.jsonl")
    return file


def test_a_line_that_does_not_fit_leaves_nothing_of_itself_behind(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    append_bytes(file, b"one\n")
    with full_disk(7), pytest.raises(OSError):
        append_bytes(file, b"two and more\n")
    assert file.read_bytes() == b"one\n"
    assert append_bytes(file, b"two\n", sync=True) == 8
    assert file.read_bytes() == b"one\ntwo\n"


def test_a_journal_goes_on_after_the_disk_was_full_without_a_gap_or_a_line_twice(tmp_path: Path) -> None:
    opened = new_document(tmp_path)
    manuscript, journal = opened.manuscript, opened.journal
    assert isinstance(journal, Journal)

    def write(text: str) -> None:
        end = manuscript.body.end
        manuscript.edit(end, end, text, (end, end))
        batch = journal.take()
        try:
            journal.write(batch)
        except InputError:
            journal.put_back(batch)

    write("first ")
    room = journal.file.stat().st_size
    with full_disk(room + 300):
        for number in range(10):
            write(f"{number} ")
    write("last")
    restored = replay(journal.file.read_bytes().split(b"\n")[:-1])
    assert restored.lost == 0
    assert restored.manuscript.text == manuscript.text == "first 0 1 2 3 4 5 6 7 8 9 last"
    journal.discard()


@pytest.mark.parametrize("harm", ["deleted", "cut", "folder"])
async def test_a_journal_that_somebody_deletes_or_spoils_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("before")
        await desk.screen.set_aside()
        file = journal_of(tmp_path)
        if harm == "deleted":
            file.unlink()
        elif harm == "cut":
            file.write_bytes(file.read_bytes()[:-9])
        else:
            shutil.rmtree(file.parent)
        await desk.type(" after")
        await desk.screen.set_aside()
        restored = replay(file.read_bytes().split(b"\n")[:-1])
        assert (restored.manuscript.text, restored.lost) == ("before after", 0)
        await desk.press("ctrl+z")
        await desk.screen.set_aside()
        assert replay(file.read_bytes().split(b"\n")[:-1]).manuscript.text == desk.text == ""
        await desk.press("ctrl+y")
    assert unsaved_texts(tmp_path) == ["before after"]


async def test_a_journal_that_is_deleted_while_the_writer_rests_is_there_again_after_quitting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("my words")
        await desk.screen.set_aside()
        journal_of(tmp_path).unlink()
        await desk.press("ctrl+q")
    assert unsaved_texts(tmp_path) == ["my words"]
    async with writing(tmp_path, monkeypatch) as desk:
        await dialog(desk)
        await desk.press("enter")
        await desk.until(lambda: desk.text == "my words")
        journal_of(tmp_path).unlink()
    assert unsaved_texts(tmp_path) == ["my words"]


async def test_while_the_disk_is_full_it_is_said_once_and_all_is_written_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("x" * 2000)
    async with writing(tmp_path, monkeypatch, document=path, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("A")
        await saved(desk)
        await desk.screen.set_aside()
        with full_disk(2001):
            await desk.type("B")
            await desk.until(lambda: "can't be kept safe" in desk.notice or "can't be written" in desk.notice)
            desk.screen.say("something else")
            await desk.screen.set_aside()
            await desk.until(lambda: desk.screen._unkept.sentence and desk.screen._unsaved.sentence)
            assert path.read_text() == "A" + "x" * 2000
        await desk.until(lambda: path.read_text() == "AB" + "x" * 2000)
        await desk.until(lambda: not desk.screen._unkept.sentence and not desk.screen._unsaved.sentence)
    assert open_document(path, tmp_path).manuscript.text == "AB" + "x" * 2000


async def test_quitting_asks_where_what_was_written_could_be_kept_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("my word")
        with full_disk(0):
            await desk.type("s")  # only now: the rest may already be kept, and then there is nothing to ask
            await desk.press("f2", "ctrl+q")
            assert "If you quit now, what you wrote last is lost" in await dialog(desk)
            await desk.press("c")
            await desk.until(lambda: isinstance(desk.pilot.app.screen, WriteScreen))
            assert desk.text == "my words"
        await desk.until(lambda: not desk.screen._unkept.sentence)
        await desk.press("ctrl+q")
        await desk.until(lambda: not desk.pilot.app.is_running)
    assert unsaved_texts(tmp_path) == ["my words"]


async def test_a_write_protected_file_is_left_alone_until_it_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch, document=path, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        path.chmod(0o444)
        await desk.type("X")
        await desk.until(lambda: "write-protected" in desk.notice and "Save as" in desk.notice)
        await desk.press("f9")
        await desk.until(lambda: "write-protected" in desk.notice)
        assert path.read_text() == "one"
        path.chmod(0o644)
        await saved(desk)
        assert path.read_text() == "Xone"


async def test_where_the_files_folder_is_gone_the_text_is_still_there_and_can_be_saved_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "poems"
    folder.mkdir()
    path = folder / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch, document=path, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        shutil.rmtree(folder)
        await desk.until(lambda: "deleted or moved" in desk.notice)
        await desk.type("X")
        await desk.press("f9")
        await desk.until(lambda: "its folder is not there any more" in desk.notice and "Save as" in desk.notice)
        assert desk.text == "Xone"
        await save_as(desk, tmp_path / "elsewhere.txt")
        await saved(desk)
    assert (tmp_path / "elsewhere.txt").read_text() == "Xone"


async def test_a_deleted_file_that_is_there_again_is_followed_and_saved_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch, document=path, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        path.unlink()
        await desk.until(lambda: "deleted or moved" in desk.notice)
        path.write_text("one")
        await desk.until(lambda: desk.notice == "")
        await desk.type("X")
        await saved(desk)
        assert path.read_text() == "Xone"


async def test_a_text_is_not_saved_over_one_that_another_window_has_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "theirs.txt"
    path.write_text("theirs")
    other = open_document(path, tmp_path)
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("mine")
        await save_as(desk, path)
        await desk.until(lambda: "theirs.txt is open in another window" in desk.notice)
        assert path.read_text() == "theirs"
        await desk.screen.open_file(path)
        await dialog(desk)
        await desk.press("escape")
    assert other.journal is not None
    other.journal.discard()
