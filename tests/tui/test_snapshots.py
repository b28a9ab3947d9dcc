"""How the screens look, frozen: `pytest --snapshot-update` after a change that is meant."""

import re
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from tests.tui.driving import add_corpus, running
from tests.tui.recorded import RecordedRun
from tui.screens.help import HelpScreen


class Screenshot(SingleFileSnapshotExtension):
    """One SVG file for each test."""

    _write_mode = WriteMode.TEXT
    file_extension = "svg"


@pytest.fixture
def screenshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Screenshot)


@pytest.fixture
def frozen_ages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing gets older while a screenshot is taken."""
    for module in ("shelf", "detail_pane"):
        monkeypatch.setattr(f"tui.widgets.{module}.age", lambda created: "2 days ago")


def stable(svg: str) -> str:
    """The picture without the number that Textual draws for each one."""
    return re.sub(r"terminal-\d+", "terminal", svg)


@pytest.mark.usefixtures("frozen_ages")
async def test_the_library_looks_like_this(home: Path, screenshot: SnapshotAssertion) -> None:
    add_corpus(home, "river")
    run = RecordedRun(home)
    run.train(300)
    run.finish()
    async with running((80, 24)) as driver:
        await driver.until(lambda: "vocabulary" in driver.text_of("#facts"), "the figures")
        await driver.shows("2.24")
        assert stable(driver.app.export_screenshot()) == screenshot


async def test_a_run_looks_like_this(home: Path, screenshot: SnapshotAssertion) -> None:
    run = RecordedRun(home)
    run.train(2000)
    run.status("training")
    async with running((160, 45), "train") as driver:
        await driver.shows("step 2,000")
        await driver.shows("● bard 34% F1")
        await driver.shows("Sample at step 2,000")
        assert stable(driver.app.export_screenshot()) == screenshot


async def test_help_looks_like_this(home: Path, screenshot: SnapshotAssertion) -> None:
    async with running((80, 24)) as driver:
        await driver.shows("Add your own text")
        await driver.press("f1")
        await driver.until(lambda: isinstance(driver.app.screen, HelpScreen))
        await driver.shows("Esc closes")
        assert stable(driver.app.export_screenshot()) == screenshot
