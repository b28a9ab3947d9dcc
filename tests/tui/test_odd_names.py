"""Names and words with what Textual would take for markup: shown as they are, wherever they are shown."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from textual.app import App
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual_fspicker.parts import CurrentDirectory

from engine.folder import ModelFolder
from engine.protocol import Alternative, Alternatives
from tests.tui.driving import Driver, add_corpus, running
from tests.tui.recorded import RecordedRun
from tui.app import PantoumApp
from tui.manuscript.merging import Piece
from tui.screens.merging import MergingScreen
from tui.screens.words import WordsScreen
from tui.widgets.file_dialogs import FolderDialog, OpenDialog, SaveDialog

T = TypeVar("T")
NAME = "draft [/b] [2]"


async def test_the_list_of_runs_has_a_models_name_as_it_is(home: Path) -> None:
    RecordedRun(home, NAME).status("training")
    async with running((80, 24), "train") as driver:
        await driver.shows(f"{NAME} training")
        await driver.press("o")
        await driver.until(lambda: driver.shown().count(f"{NAME} training") == 2, "the name in the open list")


async def test_the_list_of_texts_has_a_texts_name_as_it_is(home: Path) -> None:
    add_corpus(home, "novel [draft]")
    async with running((80, 24), "train") as driver:
        await driver.shows("novel [draft] 3")


async def test_a_run_elsewhere_has_its_folder_as_it_is(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = RecordedRun.after(100, tmp_path / "[2]", "far")
    monkeypatch.chdir(tmp_path)
    app = PantoumApp(watch=ModelFolder(guest.folder.path.relative_to(tmp_path)))
    async with app.run_test(size=(80, 24)) as pilot:
        await Driver(app, pilot).shows("far [2]/models")


async def test_a_long_name_ends_in_an_ellipsis_where_it_is_chosen(home: Path) -> None:
    RecordedRun(home, "a name of eighty characters " * 3).status("training")
    async with running((80, 24), "train") as driver:
        await driver.shows("a name of eighty characters a name of eighty characters … ▼")


async def title_of(screen: Screen[T], box: str) -> str:
    """The title of a box on a screen, as it is drawn."""
    async with App[None]().run_test(size=(80, 24)) as pilot:
        await pilot.app.push_screen(screen)
        await pilot.pause()
        widget = screen.query_one(box, Widget)
        assert widget._border_title is not None
        return widget._border_title.plain


async def test_the_title_of_other_words_has_the_word_as_it_is() -> None:
    words = Alternatives(
        words=(Alternative(text="rain", probability=0.5),),
        word="[/b]",
        probability=0.5,
        start=0,
        end=4,
        certain=True,
        exact=True,
    )
    assert (await title_of(WordsScreen(words, Offset(0, 0)), "Vertical")).startswith("[/b] · ")


async def test_the_title_of_two_texts_has_the_files_name_as_it_is() -> None:
    pieces = [Piece("red", "blue", "white")]
    assert (await title_of(MergingScreen("novel [2].txt", pieces), "#merging")).startswith("novel [2].txt: ")


@pytest.mark.parametrize("dialog", [OpenDialog, FolderDialog, SaveDialog])
async def test_a_folder_is_shown_as_it_is_where_files_are_chosen(
    dialog: Callable[[Path], Screen[Path | None]], home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "[/b] [2]"
    folder.mkdir(parents=True)
    async with running((200, 24), "library") as driver:
        await driver.app.push_screen(dialog(folder))
        await driver.shows("[/b] [2]")
        assert len(driver.app.screen.query(CurrentDirectory)) == 1
