"""Texts that save themselves, follow their file, and are merged with what others wrote."""

import threading
from pathlib import Path

import pytest
from textual.widgets import Static

from tests.tui.test_write_documents import dialog, opened, saved, saving
from tests.tui.write_help import Writing, unsaved_texts, writing
from tui.manuscript.textfile import Progress, TextFile, read_text
from tui.screens import write_autosave, write_overtaken
from tui.screens.merging import MergingScreen
from tui.write_settings import load_settings


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer pauses as soon as nothing is typed."""
    monkeypatch.setattr(write_autosave, "REST", 0.0)


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    path = tmp_path / "poem.txt"
    path.write_text("one\ntwo\nthree\nfour\nfive\n")
    return path


def held(path: Path) -> str:
    return path.read_text()


def there(path: Path) -> bool:
    return path.exists()


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


def others_write(path: Path, text: str | bytes) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def others_delete(path: Path) -> None:
    path.unlink()


async def merging(desk: Writing) -> MergingScreen:
    await desk.until(lambda: isinstance(desk.pilot.app.screen, MergingScreen), "both texts are shown")
    screen = desk.pilot.app.screen
    assert isinstance(screen, MergingScreen)
    await desk.pilot.pause()
    return screen


async def test_a_text_with_a_file_is_saved_when_the_writer_pauses(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("X")
        await saved(desk)
        assert held(poem).startswith("Xone")
        await desk.press("ctrl+z")
        assert desk.text.startswith("one"), "an undo still goes back behind what was saved"


async def test_a_file_that_was_never_saved_is_not_made_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.txt"
    async with writing(tmp_path, monkeypatch, document=path, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("X")
    assert not path.exists()
    assert unsaved_texts(tmp_path) == ["X"]


async def test_a_text_is_saved_on_leaving_without_a_question(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_autosave, "REST", 1000.0)
    other = tmp_path / "other.txt"
    other.write_text("other")
    async with writing(tmp_path, monkeypatch, document=poem, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("X")
        await opened(desk, other)
        assert held(poem).startswith("Xone")
        await desk.type("Y")
    assert held(other) == "Yother"
    assert unsaved_texts(tmp_path) == []


async def test_what_a_model_wrote_and_nobody_kept_is_not_saved_by_itself_and_not_lost(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem, autosave=True) as desk:
        await desk.ready()
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("X")
        await desk.press("ctrl+g")
        await desk.until(lambda: desk.pending)
        await desk.press("escape")
        shown = desk.text
    assert held(poem) == "Xone\ntwo\nthree\nfour\nfive\n"
    assert unsaved_texts(tmp_path) == [shown]


async def test_saving_by_itself_can_be_turned_off_and_that_is_remembered(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        desk.screen.action_autosave()
        await desk.type("X")
        await desk.until(lambda: not load_settings(tmp_path)[0].autosave)
        assert desk.screen.unsaved()
    assert held(poem).startswith("one")


async def test_a_file_changed_by_others_is_not_saved_over_by_itself(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        others_write(poem, "theirs")
        await desk.type("X")
        await desk.until(lambda: "changed by another program" in desk.notice)
        await desk.type("Y")
        await desk.pilot.pause()
        assert desk.screen.unsaved()
    assert held(poem) == "theirs"


async def test_a_file_that_was_deleted_is_not_made_again_until_it_is_saved(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        others_delete(poem)
        await desk.until(lambda: "deleted or moved" in desk.notice)
        await desk.type("X")
        await desk.pilot.pause()
        assert not there(poem)
        await desk.press("f9")
        await saved(desk)
        assert held(poem).startswith("Xone")
        await desk.type("Z")
        await saved(desk)
    assert held(poem).startswith("XZone")


async def test_a_text_without_changes_follows_its_file_and_an_undo_shows_what_was_there(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem) as desk:
        await desk.until(lambda: desk.screen.file_name())
        others_write(poem, "one\ntheirs\n")
        await desk.until(lambda: desk.text == "one\ntheirs\n")
        await desk.until(lambda: "changed by another program" in desk.notice)
        assert not desk.screen.unsaved()
        await desk.press("ctrl+z")
        assert desk.text == "one\ntwo\nthree\nfour\nfive\n"


async def test_a_file_into_which_others_put_damaged_bytes_is_not_taken_over_nor_saved_over(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Die Bäume über der Straße.\n" * 50
    others_write(poem, text)
    damaged = text.encode() + b"\xff\xfe\x81\n"
    async with writing(tmp_path, monkeypatch, document=poem, autosave=True) as desk:
        await desk.until(lambda: desk.text == text)
        others_write(poem, damaged)
        await desk.until(lambda: "has damaged bytes now" in desk.notice)
        assert desk.text == text
        await desk.type("X")
        await desk.until(lambda: "not saved by itself" in desk.notice)
        for key in "tg":
            await desk.press("f9")
            await dialog(desk)
            await desk.press(key)
            await desk.until(lambda: "has damaged bytes now" in desk.notice)
            desk.screen.say("", "text")
        assert desk.text == "X" + text
        assert bytes_of(poem) == damaged


async def test_what_is_to_be_known_of_a_file_that_others_changed_is_said(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem) as desk:
        await desk.until(lambda: desk.screen.file_name())
        others_write(poem, b"one\r\ntwo\r\nthree\n")
        await desk.until(lambda: "this is what it holds now" in desk.notice and "line ends" in desk.notice)
        await desk.type("X")
        others_write(poem, b"one\r\n2\r\nthree\n")
        await desk.press("f9")
        await dialog(desk)
        await desk.press("g")
        await merging(desk)
        await desk.press("enter")
        await saved(desk)
        await desk.until(lambda: "line ends" in desk.notice)
    assert bytes_of(poem) == b"Xone\r\n2\r\nthree\r\n"


async def test_what_is_typed_while_a_changed_file_is_read_stays(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem, autosave=True) as desk:
        await desk.until(lambda: desk.screen.file_name())
        reading, typed = threading.Event(), threading.Event()

        def slowly(path: Path, progress: Progress | None) -> TextFile:
            reading.set()
            typed.wait(20)
            return read_text(path, progress)

        monkeypatch.setattr(write_overtaken, "read_text", slowly)
        others_write(poem, "theirs")
        await desk.until(reading.is_set)
        await desk.type("X")
        typed.set()
        await desk.until(lambda: "changed by another program" in desk.notice)
        assert desk.text.startswith("Xone"), "and saving it asks"
        assert held(poem) == "theirs"


async def test_edits_that_do_not_overlap_are_merged_and_the_merge_is_one_step(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("X")
        others_write(poem, "one\ntwo\nthree\nfour\nfive and six\n")
        await desk.press("f9")
        await dialog(desk)
        await desk.press("g")
        await merging(desk)
        await desk.press("enter")
        await saved(desk)
        await desk.until(lambda: held(poem) == "Xone\ntwo\nthree\nfour\nfive and six\n")
        await desk.press("ctrl+z")
        assert desk.text == "Xone\ntwo\nthree\nfour\nfive\n"


@pytest.mark.parametrize(("key", "line"), [("m", "Xone"), ("t", "uno"), ("b", "Xone uno"), ("M", "Xone"), ("T", "uno")])
async def test_where_both_changed_the_same_the_writer_chooses(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch, key: str, line: str
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("X")
        others_write(poem, "uno\ntwo\nthree\nfour\nfive\n")
        await desk.press("f9")
        await dialog(desk)
        await desk.press("g")
        screen = await merging(desk)
        assert screen.open_places == 1
        await desk.press("enter")
        assert desk.pilot.app.screen is screen, "nothing is saved before it is chosen"
        await desk.press(key, "enter")
        await saved(desk)
    assert held(poem).splitlines()[0] == line


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_what_is_to_be_chosen_first_is_said_above_the_line_of_keys_until_it_is_chosen(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem, size=size) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("X")
        others_write(poem, "uno\ntwo\nthree\nfour\nfive\n")
        await desk.press("f9")
        await dialog(desk)
        await desk.press("g")
        screen = await merging(desk)
        said, keys = screen.query_one("#merging-said"), screen.query_one("#merging-keys")
        assert not said.display
        await desk.press("enter")
        await desk.until(lambda: said.display and said.region.bottom == keys.region.y)
        assert not screen.query("Toast") and keys.region.bottom < size[1]
        await desk.press("t")
        assert not said.display


async def test_a_place_is_shown_in_the_text_around_it(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem, size=(160, 45)) as desk:
        await desk.until(lambda: desk.screen.file_name())
        words = " ".join(f"word{number}" for number in range(40))
        desk.screen.editor.type_text(words + "\n")
        await desk.press("f9")
        await saved(desk)
        await desk.press("ctrl+home", *["ctrl+right"] * 20)
        await desk.type("MINE")
        others_write(poem, held(poem).replace("word39", "theirs"))
        await desk.press("f9")
        await dialog(desk)
        await desk.press("g")
        screen = await merging(desk)
        await desk.pilot.pause()
        shown = str(screen.query_one("#merging-mine Static", Static).render())
        assert "word15" in shown and "MINE" in shown and "word25" in shown


async def test_leaving_the_merge_leaves_both_texts_as_they_are(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("X")
        others_write(poem, "uno\n")
        await desk.press("f9")
        await dialog(desk)
        await desk.press("g")
        await merging(desk)
        await desk.press("escape")
        await desk.until(lambda: desk.pilot.app.screen is desk.screen)
        assert desk.text.startswith("Xone") and desk.screen.unsaved()
    assert held(poem) == "uno\n"


async def test_a_text_can_be_saved_elsewhere_where_others_changed_its_file(
    tmp_path: Path, poem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(tmp_path, monkeypatch, document=poem) as desk:
        await desk.until(lambda: desk.screen.file_name())
        await desk.type("X")
        others_write(poem, "uno\n")
        await desk.press("f9")
        await dialog(desk)
        await desk.press("e")
        await saving(desk)
