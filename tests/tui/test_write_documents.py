"""The Write screen's files: opened, saved, changed by others, and never lost."""

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from corpora.errors import InputError
from tests.tui.write_help import Writing, unsaved_texts, writing
from tui.manuscript.journal import Journal
from tui.manuscript.opening import new_document, open_document
from tui.widgets.dialogs import ChoiceDialog
from tui.widgets.file_dialogs import SaveDialog


async def dialog(desk: Writing) -> str:
    """Waits for a question, and returns it."""
    await desk.until(lambda: isinstance(desk.pilot.app.screen, ChoiceDialog), "a question is asked")
    question = desk.pilot.app.screen
    assert isinstance(question, ChoiceDialog)
    await desk.pilot.pause()
    return question.question


def leave(root: Path, text: str) -> None:
    """An earlier session that left this text unsaved."""
    document = new_document(root)
    document.manuscript.edit((0, 0), (0, 0), text, ((0, 0), (0, 0)))
    assert document.journal is not None
    document.journal.close(unsaved=True)


async def opened(desk: Writing, path: Path) -> None:
    await desk.screen.open_file(path)
    await desk.until(lambda: desk.screen.file_name() == path.name, "the file is open")


async def saved(desk: Writing) -> None:
    await desk.until(lambda: not desk.screen.unsaved(), "the text is saved")


async def saving(desk: Writing) -> SaveDialog:
    """Waits for the dialog that asks for a file to save to."""

    def shown() -> bool:
        screen = desk.pilot.app.screen
        return isinstance(screen, SaveDialog) and bool(screen.query(Input)) and screen.query_one(Input).has_focus

    await desk.until(shown, "the file dialog")
    screen = desk.pilot.app.screen
    assert isinstance(screen, SaveDialog)
    return screen


async def name_file(desk: Writing, path: Path) -> None:
    """Answers the dialog that asks for a file to save to."""
    (await saving(desk)).query_one(Input).value = str(path)
    await desk.press("enter")


async def save_as(desk: Writing, path: Path) -> None:
    """Names another file for the text."""
    await desk.press("alt+shift+s")
    await name_file(desk, path)


async def test_a_file_is_opened_changed_and_saved_with_its_own_line_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await desk.until(lambda: desk.text == "one\ntwo\n")
        await desk.type("X")
        assert desk.screen.unsaved()
        await desk.press("f9")
        await saved(desk)
    assert path.read_bytes() == b"\xef\xbb\xbfXone\r\ntwo\r\n"
    assert unsaved_texts(tmp_path) == []


async def test_a_file_that_does_not_exist_yet_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new.txt"
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await desk.until(lambda: desk.screen.file_name() == "new.txt")
        await desk.type("hello")
        await desk.press("f9")
        await saved(desk)
    assert path.read_text() == "hello"


async def test_a_file_that_is_no_text_is_refused_and_what_was_open_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.screen.open_file(path)
        await desk.until(lambda: "PNG" in desk.notice)
        assert desk.screen.file_name() == ""


async def test_undoing_back_to_what_was_saved_counts_as_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch) as desk:
        await opened(desk, path)
        await desk.type("X")
        assert desk.screen.unsaved()
        await desk.press("ctrl+z")
        assert not desk.screen.unsaved()


async def test_saving_keeps_pending_text_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "poem.txt"
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await desk.ready()
        await desk.until(lambda: desk.screen.file_name() == path.name)
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.pending)
        await desk.press("escape")
        shown = desk.text
        await desk.press("f9")
        await saved(desk)
    assert path.read_text() == shown != ""


@pytest.mark.parametrize(("key", "left"), [("m", "mine one"), ("t", "theirs"), ("c", "theirs")])
async def test_a_file_changed_by_others_is_only_overwritten_when_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, left: str
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch) as desk:
        await opened(desk, path)
        await desk.type("mine ")
        path.write_text("theirs")
        await desk.press("f9")
        assert "changed by another program" in await dialog(desk)
        assert path.read_text() == "theirs"
        await desk.press(key)
        if key == "m":
            await saved(desk)
        elif key == "t":
            await desk.until(lambda: desk.text == "theirs" and not desk.screen.unsaved())
        assert path.read_text() == left
        if key == "t":
            await desk.press("ctrl+z")
            assert desk.text == "mine one"


@pytest.mark.parametrize("name", ["poem.txt", "link.txt", "folder/../poem.txt"])
async def test_saving_under_the_texts_own_name_asks_too_where_others_changed_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    (tmp_path / "link.txt").symlink_to(path)
    (tmp_path / "folder").mkdir()
    async with writing(tmp_path, monkeypatch, document=tmp_path / name) as desk:
        await desk.until(lambda: desk.text == "one")
        await desk.type("mine ")
        await save_as(desk, path)
        await saved(desk)
        assert path.read_text() == "mine one"
        path.write_text("theirs")
        await desk.type("and ")
        await save_as(desk, path)
        assert "changed by another program" in await dialog(desk)
        assert path.read_text() == "theirs"
        await desk.press("e")
        screen = await saving(desk)
        assert screen.query_one(Input).value == f"{(tmp_path / name).stem}-2.txt"


async def test_a_text_that_is_open_is_not_opened_again_by_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = tmp_path / "poem.txt", tmp_path / "link.txt"
    path.write_text("one")
    link.symlink_to(path)
    async with writing(tmp_path, monkeypatch, document=link) as desk:
        await desk.until(lambda: desk.text == "one")
        await desk.type("mine ")
        await desk.screen.open_file(path)
        desk.screen.action_save()  # after that, unless a question stands in the way
        await saved(desk)
    assert path.read_text() == "mine one"


async def test_a_text_without_a_name_is_saved_under_the_one_that_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("hello")
        await desk.press("f9")
        await name_file(desk, tmp_path / "named.txt")
        await saved(desk)
        assert desk.screen.file_name() == "named.txt"
    assert (tmp_path / "named.txt").read_text() == "hello"


async def test_saving_elsewhere_in_vain_leaves_the_text_with_its_own_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, folder = tmp_path / "poem.txt", tmp_path / "folder"
    path.write_bytes(b"one\r\ntwo\r\n")
    folder.mkdir()
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("X")
        with monkeypatch.context() as patch:
            patch.setattr(desk.screen._saver, "write", _full_disk)
            await save_as(desk, folder / "poem.txt")
            await desk.until(lambda: "no room" in desk.notice)
        await desk.press("f9")
        await saved(desk)
    assert path.read_bytes() == b"Xone\r\ntwo\r\n"


def _full_disk(*_: object, **__: object) -> None:
    raise InputError("There is no room.")


async def test_unsaved_text_survives_quitting_and_is_offered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch) as desk:
        await opened(desk, path)
        await desk.type("unsaved ")
        await desk.press("ctrl+q")
    assert path.read_text() == "one"
    async with writing(tmp_path, monkeypatch) as desk:
        assert "poem.txt was not saved" in await dialog(desk)
        await desk.press("enter")
        await desk.until(lambda: desk.text == "unsaved one")
        assert desk.screen.editor.cursor_location == (0, 8)
        assert desk.screen.unsaved()
        await desk.press("f9")
        await saved(desk)
    assert path.read_text() == "unsaved one"
    assert unsaved_texts(tmp_path) == []


async def test_what_a_model_wrote_and_nobody_kept_is_not_lost_by_quitting_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.ready()
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.pending)
        await desk.press("escape")
        shown = desk.text
    assert unsaved_texts(tmp_path) == [shown]


async def test_a_restored_text_does_not_overwrite_what_others_made_of_the_file_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch) as desk:
        await opened(desk, path)
        await desk.type("mine ")
    path.write_text("two")
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await dialog(desk)
        await desk.press("enter")
        await desk.until(lambda: desk.text == "mine one")
        await desk.press("f9")
        assert "changed by another program" in await dialog(desk)
    assert path.read_text() == "two"


async def test_a_draft_that_is_put_off_stays_and_one_that_is_discarded_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("unsaved")
    for keys, left in ((["right", "enter"], 1), (["right", "right", "enter"], 0)):
        async with writing(tmp_path, monkeypatch) as desk:
            await dialog(desk)
            await desk.press(*keys)
            await desk.until(lambda: desk.pilot.app.screen is desk.screen)
            assert desk.text == ""
        assert len(unsaved_texts(tmp_path)) == left
    (discarded,) = (tmp_path / "trash").iterdir()
    assert "unsaved" in discarded.read_text()


async def test_putting_one_draft_off_puts_the_others_off_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("one", "two"):
        leave(tmp_path, text)
    async with writing(tmp_path, monkeypatch) as desk:
        await dialog(desk)
        await desk.press("escape")
        await desk.ready()
        await desk.press("x")
        assert desk.text == "x"


async def test_the_command_for_unsaved_texts_offers_what_was_put_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(tmp_path, "put off")
    async with writing(tmp_path, monkeypatch) as desk:
        await dialog(desk)
        await desk.press("escape")
        desk.screen.action_drafts()
        await dialog(desk)
        await desk.press("r")
        await desk.until(lambda: desk.text == "put off")


async def test_a_text_whose_unsaved_changes_are_put_off_is_not_opened_and_they_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("mine ")
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await dialog(desk)
        await desk.press("escape")
        await desk.until(lambda: "poem.txt was not opened" in desk.notice)
        assert desk.text == ""
    assert unsaved_texts(tmp_path) == ["mine one"]


async def test_a_letter_answers_a_question_about_a_file_that_was_asked_for_just_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("mine ")
    async with writing(tmp_path, monkeypatch) as desk:
        await dialog(desk)
        await desk.press("escape")
        await desk.press("ctrl+o")
        await desk.until(lambda: desk.pilot.app.screen.query("FileOpen Input"), "the file dialog")
        field = desk.pilot.app.screen.query_one(Input)
        field.value = str(path)
        field.focus()
        await desk.press("enter")
        await dialog(desk)
        await desk.press("r")
        await desk.until(lambda: desk.text == "mine one")


async def test_what_is_typed_into_a_text_with_damaged_bytes_outlives_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_bytes("Die Bäume über der Straße.\n".encode() * 50 + b"\xff\xfe\x81\n")
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await desk.until(lambda: "damaged bytes" in desk.notice)
        await desk.type("mine ")
        await desk.screen.set_aside()
        journal = desk.screen._journal
        assert journal is not None
        restored = _copy_of(journal, tmp_path / "copy").load()
        assert restored is not None
        assert restored.unsaved and restored.manuscript.text.startswith("mine Die")
        assert restored.file.document == "", "nothing is saved over the damaged file"


def _copy_of(journal: Journal, folder: Path) -> Journal:
    """What a crash would leave of a journal that is held."""
    (folder / "documents").mkdir(parents=True)
    copy = folder / "documents" / journal.file.name
    copy.write_bytes(journal.file.read_bytes())
    return Journal(copy)


async def test_what_is_typed_while_a_question_comes_up_by_itself_does_not_answer_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(tmp_path, "draft")
    async with writing(tmp_path, monkeypatch) as desk:
        question = await dialog(desk)
        assert question.startswith("A text without a name was not saved") and "1 word)" in question
        await desk.type("dear old road")
        await desk.press("enter")  # ends the line that is being typed
        await desk.type("home")
        assert isinstance(desk.pilot.app.screen, ChoiceDialog)
        await desk.press("escape")
        await desk.until(lambda: desk.text == "dear old road\nhome", "what was typed stands where it was meant to")


async def test_enter_answers_a_question_that_came_by_itself_once_nobody_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.widgets.dialogs.STILL_TYPING", 0.05)
    leave(tmp_path, "draft")
    async with writing(tmp_path, monkeypatch) as desk:
        await dialog(desk)
        await desk.type("dear")
        await desk.pilot.pause(0.1)
        await desk.press("enter")
        await desk.until(lambda: desk.text == "draft")


async def test_a_letter_pressed_twice_answers_a_question_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(tmp_path, "draft")
    async with writing(tmp_path, monkeypatch) as desk:
        await dialog(desk)
        await desk.press("escape")
        desk.screen.action_drafts()
        await dialog(desk)
        question = desk.pilot.app.screen
        for _ in range(2):  # both are on their way before the first is answered
            question.post_message(events.Key("r", "r"))
        await desk.until(lambda: desk.text == "draft")
        assert desk.pilot.app.screen is desk.screen


async def test_opening_another_file_asks_about_unsaved_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("1")
    second.write_text("2")
    async with writing(tmp_path, monkeypatch) as desk:
        await opened(desk, first)
        await desk.type("X")
        await desk.screen.open_file(second)
        assert "first.txt has changes" in await dialog(desk)
        await desk.press("s")
        await desk.until(lambda: desk.text == "2")
    assert first.read_text() == "X1"


async def test_a_text_without_a_name_that_is_given_up_goes_to_the_trash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.type("unsaved")
        await desk.screen.open_file(path)
        assert "has changes that are not saved" in await dialog(desk)
        await desk.press("d")
        await desk.until(lambda: desk.text == "one")
        (discarded,) = (tmp_path / "trash").iterdir()
        await desk.until(lambda: f"found at {discarded}" in desk.notice)
    assert unsaved_texts(tmp_path) == []
    discarded.rename(tmp_path / "documents" / "untitled.jsonl")
    assert unsaved_texts(tmp_path) == ["unsaved"], "put back, it is offered again"


async def test_a_folder_that_cannot_be_written_is_told_in_words_and_the_text_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch) as desk:
        await desk.screen.open_file(tmp_path / "gone" / "poem.txt")
        await desk.until(lambda: "can't be read" in desk.notice)
        folder = tmp_path / "folder"
        folder.mkdir()
        await opened(desk, folder / "poem.txt")
        folder.rmdir()
        await desk.type("hello")
        await desk.press("f9")
        await desk.until(lambda: "can't be written" in desk.notice)
        assert desk.text == "hello" and desk.screen.unsaved()


async def test_a_text_that_another_window_has_can_be_read_and_is_not_saved_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    other = open_document(path, tmp_path)
    assert other.journal is not None
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await desk.ready()
        assert "open in another window" in await dialog(desk)
        await desk.press("r")
        await desk.until(lambda: desk.text == "one")
        await desk.press("x", "ctrl+g")
        assert desk.text == "one"
        assert "only be read" in desk.notice
        await desk.press("f9")
        await saving(desk)
    other.journal.discard()
    assert path.read_text() == "one"


async def test_history_and_branches_are_there_again_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await desk.until(lambda: desk.text == "one")
        await desk.press("a", "ctrl+z", "b", "f9")
        await saved(desk)
    async with writing(tmp_path, monkeypatch, document=path) as desk:
        await desk.until(lambda: desk.text == "bone")
        assert desk.screen.editor.caret == (0, 1)
        await desk.press("alt+j")
        assert desk.text == "aone"
        await desk.press("ctrl+z")
        assert desk.text == "one"


async def test_a_text_that_is_opened_without_any_model_is_told_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "poem.txt"
    path.write_text("one")
    async with writing(tmp_path, monkeypatch, models=(), document=path) as desk:
        await desk.until(lambda: desk.text == "one" and "F3 trains" in desk.notice, "it is said")
        await opened(desk, path)
        assert "F3 trains" in desk.notice
