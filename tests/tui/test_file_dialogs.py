"""The file picker: whatever is typed into it and wherever it is led, the app lives on."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.screen import Screen
from textual.widgets import Button, Input
from textual_fspicker.base_dialog import Dialog
from textual_fspicker.parts import DirectoryNavigation

from tests.tui.driving import Driver, running
from tui.library.paths import suggestion
from tui.screens.add_text import AddTextScreen
from tui.widgets.file_dialogs import FolderDialog, OpenDialog, SaveDialog


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a text, a link that leads in a circle, and another folder."""
    found = tmp_path / "texts"
    (found / "letters").mkdir(parents=True)
    (found / "novel.txt").write_text("words")
    (found / "circle").symlink_to("circle")
    return found


async def typed(driver: Driver, text: str) -> None:
    """Types into the picker's field and lets it look for a suggestion."""
    await driver.enter("Input", text)
    field = driver.app.screen.query_one(Input)
    await driver.until(lambda: all(each.is_finished for each in driver.app.workers if each.node is field))


@pytest.mark.parametrize("text", ["**", "x" * 300, "circle/x", "a\0b", "[", "~nobody-at-all/", "no/such/place"])
@pytest.mark.parametrize("dialog", [OpenDialog, SaveDialog])
async def test_nothing_that_is_typed_ends_the_app(
    dialog: Callable[[Path], Screen[Path | None]], text: str, home: Path, folder: Path
) -> None:
    async with running() as driver:
        await driver.app.push_screen(dialog(folder))
        await typed(driver, text)
        await driver.press("enter")
        await driver.pilot.pause()
        assert driver.app.is_running


@pytest.mark.parametrize("text", ["x" * 300, "circle/x"])
async def test_what_can_be_no_path_is_refused_in_a_sentence(text: str, home: Path, folder: Path) -> None:
    async with running() as driver:
        await driver.app.push_screen(SaveDialog(folder))
        await typed(driver, text)
        await driver.press("enter")
        await driver.shows("That can't be opened")


@pytest.mark.parametrize("dialog", [OpenDialog, SaveDialog, FolderDialog])
async def test_the_buttons_are_in_view_in_80_columns(
    dialog: Callable[[Path], Screen[Path | None]], home: Path, folder: Path
) -> None:
    async with running((80, 24)) as driver:
        await driver.app.push_screen(dialog(folder))
        await driver.shows("letters")
        box = driver.app.screen.query_one(Dialog).region
        assert all(box.contains_region(button.region) for button in driver.app.screen.query(Button))
        assert len(driver.app.screen.query(Button)) == 2


async def test_a_name_is_completed_to_what_the_folder_has(home: Path, folder: Path) -> None:
    async with running() as driver:
        await driver.app.push_screen(OpenDialog(folder))
        await typed(driver, "nov")
        await driver.press("right")
        await driver.until(lambda: driver.app.screen.query_one(Input).value == "novel.txt", "the completed name")


def test_a_path_below_the_folder_or_elsewhere_is_completed(folder: Path, tmp_path: Path) -> None:
    (folder / "letters" / "to Ann.txt").write_text("words")
    assert suggestion("let", folder) == "letters/"
    assert suggestion("letters/to", folder) == "letters/to Ann.txt"
    assert suggestion(f"{tmp_path}/te", folder) == f"{tmp_path}/texts/"
    assert suggestion("", folder) is None


async def test_a_file_of_the_year_300_000_is_listed(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = Path.stat

    def far(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = stat(self, follow_symlinks=follow_symlinks)
        return os.stat_result((*found[:8], 1 << 43, found[9])) if self.name == "novel.txt" else found

    monkeypatch.setattr(Path, "stat", far)
    async with running() as driver:
        await driver.app.push_screen(OpenDialog(folder))
        await driver.shows("novel.txt")


async def test_a_folder_that_may_not_be_entered_says_so_and_leads_back(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, stat, entries = folder / "letters", Path.stat, Path.iterdir

    def refuse(path: Path) -> None:
        if private in path.parents:
            raise PermissionError(13, "Permission denied", str(path))

    def refused(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        refuse(self)
        return stat(self, follow_symlinks=follow_symlinks)

    def unlisted(self: Path) -> object:
        refuse(self / "x")
        return entries(self)

    monkeypatch.setattr(Path, "stat", refused)
    monkeypatch.setattr(Path, "iterdir", unlisted)
    async with running() as driver:
        await driver.app.push_screen(FolderDialog(private))
        await driver.shows("Permission error")
        navigation = driver.app.screen.query_one(DirectoryNavigation)
        navigation.focus()
        await driver.press("enter")  # on ".."
        await driver.until(lambda: navigation.location == folder, "the folder above")


async def test_what_names_no_file_gives_way_to_the_one_that_is_looked_for(home: Path, folder: Path) -> None:
    async with running() as driver:
        await driver.press("a")
        await driver.enter("#add-path", f"{folder}/Ann's diary.tx")
        await driver.press("ctrl+o")
        await driver.until(lambda: isinstance(driver.app.screen, OpenDialog))
        driver.app.screen.dismiss(folder / "novel.txt")
        await driver.until(lambda: isinstance(driver.app.screen, AddTextScreen))
        field = driver.app.screen.query_one("#add-path", Input)
        await driver.until(lambda: field.value == str(folder / "novel.txt"), "the file alone")


async def test_a_pasted_page_is_no_folder_to_look_in(home: Path) -> None:
    async with running() as driver:
        await driver.press("a")
        await driver.enter("#add-path", "/" + "x" * 300 + "/y")
        await driver.press("ctrl+o")
        await driver.until(lambda: isinstance(driver.app.screen, OpenDialog))
