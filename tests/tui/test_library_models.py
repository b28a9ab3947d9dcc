"""The Library's list of models: what a row tells, sorting and filtering, and that it is cheap to read."""

from pathlib import Path
from typing import Any

import pytest
from rich.text import Text
from textual.strip import Strip
from textual.widgets import DataTable, Input

from engine.glimpse import PIECE, glimpse
from tests.tui.driving import Driver, running
from tests.tui.recorded import RecordedRun
from tui.library import newest
from tui.library.listing import PLACES, Glimpses, LibraryWatch
from tui.library.newest import newest_sample
from tui.library.ordering import sparkline
from tui.widgets.dialogs import LineDialog
from tui.widgets.shelf import ModelShelf


@pytest.fixture
def three(home: Path) -> list[RecordedRun]:
    """Alder trains, birch has finished, cedar is stopped; the newest last."""
    runs = [RecordedRun(home, name) for name in ("alder", "birch", "cedar")]
    for run, steps in zip(runs, (100, 300, 200), strict=True):
        run.train(steps)
    runs[0].status("training")
    runs[1].finish()
    runs[2].status("stopped")
    return runs


def slugs(driver: Driver) -> list[str]:
    return list(driver.app.screen_stack[0].query_one(ModelShelf)._rows)


async def test_models_are_sorted_by_key(three: list[RecordedRun]) -> None:
    async with running((160, 45)) as driver:
        await driver.shows("cedar")
        await driver.press("o")
        await driver.says("Models: by name.")
        assert slugs(driver) == ["alder", "birch", "cedar"]
        await driver.press("o")
        assert slugs(driver)[0] == "alder"
        await driver.press("o")
        await driver.says("best first")
        assert slugs(driver)[0] == "birch"


async def test_models_are_filtered_by_a_word_and_all_come_back_without_one(three: list[RecordedRun]) -> None:
    async with running((80, 24)) as driver:
        await driver.shows("cedar")
        for word, left in (("stopped", {"cedar"}), ("", {"alder", "birch", "cedar"})):
            await driver.press("slash")
            await driver.until(lambda: isinstance(driver.app.screen, LineDialog))
            driver.app.screen.query_one(Input).value = word
            await driver.press("enter")
            await driver.until(lambda left=left: set(slugs(driver)) == left, f"{left}")  # type: ignore[misc]
            await driver.pilot.pause()
            assert ("1 of 3 models: those with 'stopped'" in driver.shown()) == bool(word)
            assert not driver.message or not word  # which would not stay


async def test_a_row_has_the_loss_and_the_disk_use_and_the_details_have_the_notes(three: list[RecordedRun]) -> None:
    three[2].folder.write_notes("The quiet one.")
    for run in three[:2]:
        run.folder.write_notes("Another.")
    async with running((160, 45)) as driver:
        await driver.shows("█")
        await driver.shows("kB")
        driver.app.screen.query_one(ModelShelf).choose("cedar")
        driver.app.screen.query_one(ModelShelf).focus()
        await driver.shows("The quiet one.")


def test_a_sparkline_falls_with_the_loss() -> None:
    assert sparkline([3.0, 2.0, 1.0]) == "█▅▁"
    assert sparkline([2.0]) == "▁"
    assert sparkline([]) == ""
    assert sparkline([1e308, 0.0, -1e308]) == "█▅▁"


def test_a_glimpse_reads_a_few_pieces_of_a_long_history(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RecordedRun(home)
    run.train(3000, each=5)
    path = run.folder.metrics_path
    assert path.stat().st_size > 5 * PLACES * PIECE // 2
    losses = glimpse(path, PLACES)
    assert len(losses) == PLACES and losses[0] > 3.5 > 2.0 > losses[-1]
    assert losses == sorted(losses, reverse=True) or abs(losses[-1] - losses[-2]) < 0.2


def test_a_short_and_a_missing_history_have_what_they_have(home: Path) -> None:
    run = RecordedRun(home)
    assert glimpse(run.folder.metrics_path, 8) == []
    run.step = 10
    run.line(loss=3.0)
    run.step = 20
    run.line(loss=2.0)
    assert glimpse(run.folder.metrics_path, 4) == [3.0, 3.0, 3.0, 2.0]


def test_only_models_that_have_changed_are_read_again(
    three: list[RecordedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def noted(path: Path, places: int) -> list[float]:
        read.append(path.parent.name)
        return glimpse(path, places)

    monkeypatch.setattr("tui.library.listing.glimpse", noted)
    watch, glimpses = LibraryWatch(), Glimpses()
    glimpses.of(watch.look())
    assert sorted(read) == ["alder", "birch", "cedar"]
    three[0].train(50)
    three[0].status("training")
    glimpses.of(watch.look())
    assert read[3:] == ["alder"]


async def test_every_column_of_a_model_is_seen_on_the_narrowest_screen(home: Path) -> None:
    for number in range(30):
        RecordedRun(home, f"the long winter {number}").finish()
    async with running((80, 24)) as driver:
        for column in ("State", "Loss", "Bits", "Text", "Begun", "Disk"):
            await driver.shows(column)
        shelf = driver.app.screen.query_one(ModelShelf)
        assert shelf.max_scroll_x == 0


async def test_a_row_takes_the_colours_of_a_new_theme(three: list[RecordedRun]) -> None:
    async with running((80, 24)) as driver:
        await driver.shows("cedar")
        shelf = driver.app.screen.query_one(ModelShelf)
        before = [getattr(cell, "style", "") for cell in shelf._rows["cedar"]]
        driver.app.theme = "pantoum-light"
        await driver.until(lambda: [getattr(cell, "style", "") for cell in shelf._rows["cedar"]] != before)


@pytest.mark.parametrize("change", ["a figure", "a model"])
async def test_a_list_stays_where_it_was_scrolled_to(home: Path, change: str) -> None:
    runs = [RecordedRun(home, f"model {number}") for number in range(60)]
    runs[0].status("training")
    async with running((80, 24)) as driver:
        shelf = driver.app.screen.query_one(ModelShelf)
        await driver.until(lambda: shelf.max_scroll_y > 40, "the list")
        shelf.scroll_to(y=30, animate=False)
        await driver.until(lambda: shelf.scroll_y == 30)
        if change == "a figure":
            runs[0].status("training", progress=0.5)
            await driver.until(lambda: "50%" in str(shelf._rows["model-0"][1]), "the new figure")
        else:
            RecordedRun(home, "zebra").status("stopped")
            await driver.until(lambda: "zebra" in shelf._rows, "the new model")
        await driver.pilot.pause(0.3)
        assert shelf.scroll_y == 30


async def test_a_new_figure_is_drawn_in_its_row(three: list[RecordedRun]) -> None:
    async with running((80, 24)) as driver:
        await driver.shows("● 34%")
        three[0].status("training", progress=0.5)
        await driver.shows("● 50%")


def test_the_newest_sample_is_read_from_the_files_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "PIECE", 512)
    run = RecordedRun(home)
    assert newest_sample(run.folder.samples_path) is None
    run.train(3000)
    with run.folder.samples_path.open("r+b") as file:
        file.write(b"x" * 1000)  # nobody reads as far back
    found = newest_sample(run.folder.samples_path)
    assert found and found.step == 3000
    run.step = 3100
    run.sample("long " * 2000)
    with run.folder.samples_path.open("ab") as file:
        file.write(b'{"x":' + b"[" * 5000 + b'\n{"step": 32')  # damage, and a line that is being written
    found = newest_sample(run.folder.samples_path)
    assert found and found.step == 3100


async def test_a_new_figure_has_its_own_line_drawn_and_no_other(
    three: list[RecordedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    render = DataTable._render_line

    def noted(self: DataTable[Text], y: int, *rest: Any) -> Strip:
        drawn.append(y)
        return render(self, y, *rest)

    async with running((160, 45)) as driver:
        await driver.shows("cedar")
        shelf = driver.app.screen.query_one(ModelShelf)
        monkeypatch.setattr(DataTable, "_render_line", noted)
        three[1].status("training", progress=0.77)
        await driver.shows("● 77%")
        assert set(drawn) == {1 + list(shelf._rows).index("birch")}


async def test_a_sample_that_is_read_stays_where_it_was_scrolled_to(home: Path) -> None:
    run = RecordedRun.after(100, home)
    run.sample("A line of it.\n" * 200)
    run.status("training")
    async with running((160, 45)) as driver:
        await driver.shows("A line of it.")
        pane = driver.app.screen.query_one("#detail-preview")
        pane.scroll_to(y=20, animate=False, immediate=True)
        run.status("training", progress=0.77)
        await driver.shows("● 77%")
        await driver.pilot.pause(0.3)
        assert pane.scroll_y == 20
