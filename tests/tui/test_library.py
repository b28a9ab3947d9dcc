"""The Library screen, driven by keys, at a small and at a large terminal."""

from pathlib import Path
from threading import Event

import msgspec
import pytest
from textual.widgets import Input
from textual_fspicker import FileOpen, SelectDirectory

from corpora.errors import InputError
from corpora.library import Added, Corpus, CorpusLibrary
from engine.folder import ModelLibrary
from tests.tui.driving import SIZES, Driver, add_corpus, running, write_text
from tests.tui.recorded import RecordedRun
from tui.library.importing import Import, Progress
from tui.screens.add_text import AddTextScreen
from tui.screens.library import LibraryScreen
from tui.screens.train import TrainScreen
from tui.widgets.shelf import ModelShelf, Shelf, TextShelf


async def add_by_path(driver: Driver, path: str) -> None:
    await driver.press("a")
    await driver.enter("#add-path", path)
    await driver.press("enter")


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_library_says_what_to_do(home: Path, size: tuple[int, int]) -> None:
    async with running(size) as driver:
        await driver.shows("Add a text")
        await driver.shows("Nothing ever leaves this machine.")


async def test_a_starter_text_is_one_key_away(home: Path) -> None:
    async with running() as driver:
        await driver.shows("Python's manual")
        await driver.press("1")
        await driver.says("Press t to train on it.")
    assert [entry.slug for entry in CorpusLibrary(home).list()] == ["python-s-manual"]


@pytest.mark.parametrize("size", SIZES)
async def test_a_file_is_added_by_its_path_and_chosen(home: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    path = write_text(tmp_path / "an evening.txt")
    async with running(size) as driver:
        await add_by_path(driver, str(path))
        await driver.says("an evening is in the library")
        await driver.until(lambda: driver.app.focused is driver.app.screen.query_one(TextShelf))
        await driver.shows("an evening 0: The river goes")  # the preview


async def test_several_quoted_files_become_one_text(home: Path, tmp_path: Path) -> None:
    one, two = write_text(tmp_path / "part one.txt"), write_text(tmp_path / "two.txt")
    async with running() as driver:
        await add_by_path(driver, f"'{one}' {two}")
        await driver.says("is in the library")
    (entry,) = CorpusLibrary(home).list()
    assert entry.corpus and [source.name for source in entry.corpus.record.sources] == ["part one.txt", "two.txt"]


async def test_a_missing_file_is_named_while_it_is_typed(home: Path) -> None:
    async with running() as driver:
        await driver.press("a")
        await driver.enter("#add-path", "/nowhere/poem.txt")
        await driver.shows("There is no file or folder /nowhere/poem.txt")
        await driver.press("enter")
        await driver.pilot.pause()
        assert isinstance(driver.app.screen, AddTextScreen)


async def test_a_folder_is_added_with_all_its_texts(home: Path, tmp_path: Path) -> None:
    for name in ("dawn", "dusk"):
        write_text(tmp_path / "letters" / f"{name}.txt")
    async with running() as driver:
        await add_by_path(driver, str(tmp_path / "letters"))
        await driver.says("letters is in the library")
    (entry,) = CorpusLibrary(home).list()
    assert entry.corpus and len(entry.corpus.record.sources) == 2


async def test_looking_for_a_file_puts_its_path_into_the_dialog(home: Path, tmp_path: Path) -> None:
    path = write_text(tmp_path / "a poem.txt")
    async with running() as driver:
        await driver.press("a")
        await driver.enter("#add-path", str(tmp_path / "a poem.txt"))
        await driver.press("ctrl+o")
        await driver.until(lambda: isinstance(driver.app.screen, FileOpen))
        driver.app.screen.dismiss(path)
        await driver.until(lambda: isinstance(driver.app.screen, AddTextScreen))
        field = driver.app.screen.query_one("#add-path", Input)
        await driver.until(lambda: field.value == f"'{path}' '{path}'")


async def test_a_folder_is_looked_for_with_the_key_on_its_button_from_the_field(home: Path) -> None:
    async with running() as driver:
        await driver.press("a")
        await driver.shows("a folder ctrl+d")
        await driver.press("ctrl+d")
        await driver.until(lambda: isinstance(driver.app.screen, SelectDirectory), "the folders")


async def test_a_persons_own_keys_stand_in_the_library(home: Path) -> None:
    (home / "keys.toml").write_text(
        '[keys]\n"library.add" = "i"\n"adding.folder" = "f8"\n"library.undo" = "Z"\n"library.train" = "f20"\n'
    )
    async with running() as driver:
        await driver.shows("i Add your own text")
        await driver.press("i")
        await driver.shows("a folder F8")
        await driver.press("f8")
        await driver.until(lambda: isinstance(driver.app.screen, SelectDirectory), "the folders")
        await driver.press("escape", "escape")
        path = write_text(home / "files" / "river.txt")
        await driver.press("i")
        await driver.enter("#add-path", str(path))
        await driver.press("enter")
        await driver.says("Press F20 to train on it.")
        await driver.press("d")
        await driver.says("river is in the trash. Press Z to bring it back.")


async def test_a_binary_file_is_refused_in_a_sentence(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.txt"
    picture.write_bytes(bytes(range(256)) * 64)
    async with running() as driver:
        await add_by_path(driver, str(picture))
        await driver.says("picture.txt")
        await driver.until(lambda: driver.app.screen.query_one("MessageLine").has_class("-error"))
    assert CorpusLibrary(home).list() == []


async def test_a_guessed_encoding_stays_readable_after_the_message(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "letters.txt"
    path.write_bytes(("Où êtes-vous, mon ami ? Je vous écris à la fenêtre, près de l'été.\n" * 40).encode("iso-8859-1"))
    async with running((160, 45)) as driver:
        await add_by_path(driver, str(path))
        await driver.says("is in the library")
        await driver.press("escape")
        assert driver.message == ""
        await driver.until(lambda: "letters.txt is not UTF-8" in driver.text_of("#facts"), "the notice")


async def test_a_second_import_waits_its_turn(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = Event()

    def slow(report: Progress) -> Added:
        while not release.wait(0.01):
            report(0.5, "Reading")
        return Added(add_corpus(home))

    monkeypatch.setattr("tui.screens.library_adding.import_paths", lambda paths, name: Import("slow", slow))
    path = write_text(tmp_path / "slow.txt")
    async with running() as driver:
        await add_by_path(driver, str(path))
        await driver.says("50%")
        await add_by_path(driver, str(path))
        await driver.until(lambda: "One import at a time" in driver.news)
        release.set()
        await driver.says("is in the library")


async def test_escape_cancels_an_import_and_leaves_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = Event()

    def endless(report: Progress) -> Added:
        while True:
            started.set()
            report(0.1, "Reading")

    monkeypatch.setattr("tui.screens.library_adding.import_paths", lambda paths, name: Import("endless", endless))
    async with running() as driver:
        await add_by_path(driver, str(write_text(tmp_path / "endless.txt")))
        await driver.until(started.is_set)
        await driver.press("escape")
        await driver.says("endless was not added")
    assert CorpusLibrary(home).list() == []


@pytest.mark.parametrize("size", SIZES)
async def test_statistics_are_counted_for_every_unit(home: Path, size: tuple[int, int]) -> None:
    add_corpus(home)
    async with running(size) as driver:
        await driver.until(lambda: "vocabulary" in driver.text_of("#facts"), "the figures")
        facts = driver.text_of("#facts")
    assert all(unit in facts for unit in ("char", "word", "bpe"))
    assert "different characters" in facts


async def test_a_deleted_text_comes_back_with_u(home: Path) -> None:
    add_corpus(home)
    async with running() as driver:
        await driver.shows("river")
        await driver.press("d")
        await driver.says("river is in the trash")
        assert CorpusLibrary(home).list() == []
        await driver.press("u")
        await driver.says("river is back")
    assert [entry.slug for entry in CorpusLibrary(home).list()] == ["river"]


async def test_an_undo_that_fails_can_be_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    restore = CorpusLibrary.restore

    def once(self: CorpusLibrary, trashed: Path) -> Corpus:
        monkeypatch.setattr(CorpusLibrary, "restore", restore)
        raise InputError("No space is left on the disk.")

    monkeypatch.setattr(CorpusLibrary, "restore", once)
    add_corpus(home)
    async with running() as driver:
        await driver.shows("river")
        await driver.press("d")
        await driver.says("river is in the trash")
        await driver.press("u")
        await driver.says("No space is left on the disk.")
        await driver.press("u")
        await driver.says("river is back")


async def test_a_model_that_trains_is_not_deleted(home: Path) -> None:
    run = RecordedRun(home)
    run.status("training")
    async with running() as driver:
        await driver.shows("bard")
        driver.app.screen.query_one(ModelShelf).focus()
        await driver.press("d")
        await driver.says("Stop it first")
    assert run.folder.record_path.exists()


async def test_a_deleted_model_comes_back_with_u(home: Path) -> None:
    RecordedRun(home, "Old Bard").status("stopped")
    async with running() as driver:
        await driver.shows("Old Bard")
        driver.app.screen.query_one(ModelShelf).focus()
        await driver.press("delete")
        await driver.says("Old Bard is in the trash")
        await driver.press("u")
        await driver.says("Old Bard is back")
    assert [entry.folder.slug for entry in ModelLibrary(home).list()] == ["old-bard"]


@pytest.mark.parametrize("size", SIZES)
async def test_damaged_folders_are_listed_with_their_problem(home: Path, size: tuple[int, int]) -> None:
    for room, file in (("corpora", "corpus.json"), ("models", "model.json")):
        (home / room / "hurt").mkdir(parents=True)
        (home / room / "hurt" / file).write_text("{")
    async with running(size) as driver:
        await driver.shows("damaged")
        await driver.until(lambda: "corpus.json" in driver.text_of("#facts"), "the corpus' problem")
        driver.app.screen.query_one(ModelShelf).focus()
        await driver.until(lambda: "model.json" in driver.text_of("#facts"), "the model's problem")


async def test_a_text_that_another_app_adds_appears(home: Path) -> None:
    add_corpus(home, "river")
    async with running() as driver:
        await driver.shows("river")
        add_corpus(home, "mountain")
        await driver.shows("mountain")


async def test_the_cursor_stays_on_its_text_when_another_arrives(home: Path) -> None:
    add_corpus(home, "river")
    async with running() as driver:
        await driver.until(lambda: driver.app.screen.query_one(TextShelf).chosen == "river")
        add_corpus(home, "mountain")
        await driver.shows("mountain")
        assert driver.app.screen.query_one(TextShelf).chosen == "river"


async def test_enter_on_a_text_opens_train_with_it(home: Path) -> None:
    add_corpus(home, "mountain")
    add_corpus(home, "river")
    async with running() as driver:
        await driver.shows("mountain")
        driver.app.screen.query_one(TextShelf).choose("mountain")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, TrainScreen))
        await driver.until(lambda: driver.app.screen.query_one("#form-name").value == "mountain")  # type: ignore[attr-defined]


async def test_a_model_without_weights_is_not_opened_in_write(home: Path) -> None:
    RecordedRun(home).status("training")
    async with running() as driver:
        await driver.shows("bard")
        driver.app.screen.query_one(ModelShelf).focus()
        await driver.press("enter")
        await driver.says("bard has no weights yet")
        assert isinstance(driver.app.screen, LibraryScreen)


async def test_stop_is_asked_of_the_trainer(home: Path) -> None:
    run = RecordedRun(home)
    run.status("training")
    async with running() as driver:
        await driver.shows("bard")
        driver.app.screen.query_one(ModelShelf).focus()
        await driver.press("s")
        await driver.says("bard is stopping")
    assert '"stop"' in run.requests()[-1]


async def test_a_library_that_cannot_be_written_is_explained(home: Path, tmp_path: Path) -> None:
    (home / "corpora").write_text("a file in the way")
    async with running() as driver:
        await add_by_path(driver, str(write_text(tmp_path / "poem.txt")))
        await driver.says("Pantoum can't create its folder")


async def test_a_models_details_name_what_is_out_of_the_ordinary(home: Path) -> None:
    folder = RecordedRun(home).folder
    record = folder.record()
    model = msgspec.structs.replace(record.model, residual=True, dropout=0.3)
    training = msgspec.structs.replace(record.training, schedule="one-cycle", patience=5)
    folder.write_record(msgspec.structs.replace(record, model=model, training=training))
    async with running() as driver:
        await driver.until(lambda: "with residual, dropout 0.3" in driver.text_of("#facts"), "the model's settings")
        assert "training: schedule one-cycle, patience 5" in driver.text_of("#facts")


async def test_the_list_that_the_keys_are_about_shows_its_cursor(home: Path) -> None:
    add_corpus(home, "Novel")
    RecordedRun.after(100, home, "Bard")
    async with running((120, 34)) as driver:
        await driver.shows("Bard")
        texts, models = driver.app.screen.query_one(TextShelf), driver.app.screen.query_one(ModelShelf)
        texts.focus()
        await driver.until(lambda: texts.has_focus and texts.has_class("-last"))

        def colours(shelf: Shelf) -> set[object]:
            line = shelf.render_line(shelf.header_height + shelf.cursor_row)
            return {segment.style.bgcolor for segment in line if segment.style}

        before = colours(models)
        await driver.press("tab")
        await driver.until(lambda: models.has_class("-last"))
        await driver.press("tab")  # to what is told of the model
        await driver.until(lambda: not models.has_focus)
        assert models.has_class("-last") and not texts.has_class("-last")
        assert colours(models) != colours(texts) == before
