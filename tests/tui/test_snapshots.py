"""How the screens look, frozen: `pytest --snapshot-update` after a change that is meant."""

import re
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from engine.presets import Plan
from engine.settings import ModelConfig, TrainingConfig
from tests.tui.cli_tools import remember_speed
from tests.tui.driving import SIZES, Driver, add_corpus, running
from tests.tui.recorded import RecordedRun
from tui.screens.help import HelpScreen
from tui.widgets.run_form import RunForm

REST = 6  # looks at a screen that must be the same before it counts as at rest


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


async def picture(driver: Driver) -> str:
    """The screen once it has come to rest, without the number that Textual draws for each picture."""
    seen: list[str] = []

    def at_rest() -> bool:
        seen.append(re.sub(r"terminal-\d+", "terminal", driver.app.export_screenshot()))
        return len(seen) >= REST and len(set(seen[-REST:])) == 1

    await driver.until(at_rest, "a screen at rest")
    return seen[-1]


@pytest.mark.usefixtures("frozen_ages")
async def test_the_library_looks_like_this(home: Path, screenshot: SnapshotAssertion) -> None:
    add_corpus(home, "river")
    run = RecordedRun(home)
    run.train(300)
    run.finish()
    async with running((80, 24)) as driver:
        await driver.until(lambda: "vocabulary" in driver.text_of("#facts"), "the figures")
        await driver.shows("2.24")
        await driver.shows("vocabulary")
        await driver.shows("Nobody asks it why.")
        assert await picture(driver) == screenshot


async def test_a_run_looks_like_this(home: Path, screenshot: SnapshotAssertion) -> None:
    RecordedRun.after(2000, home)
    async with running((160, 45), "train") as driver:
        await driver.shows("step 2,000")
        await driver.shows("● bard 34% F1")
        await driver.shows("Sample at step 2,000")
        assert await picture(driver) == screenshot


@pytest.mark.parametrize(("size", "keys"), [((80, 24), ("h",)), ((80, 24), ("4",)), ((120, 34), ("y", "comma"))])
async def test_the_charts_look_like_this(
    home: Path, screenshot: SnapshotAssertion, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    run = RecordedRun(home)
    run.train(1000)
    run.step += 10
    run.line(skipped=1)
    run.train(1000)
    run.status("training")
    async with running(size, "train") as driver:
        await driver.shows("step 2,010")
        await driver.shows("● bard 34% F1")
        await driver.press(*keys)
        assert await picture(driver) == screenshot


async def test_the_heat_map_looks_like_this_without_colours(
    home: Path, screenshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    RecordedRun.after(1000, home)
    async with running((80, 24), "train") as driver:
        await driver.shows("step 1,000")
        await driver.shows("● bard 34% F1")
        await driver.press("4")
        await driver.shows("▒")
        assert await picture(driver) == screenshot


@pytest.mark.parametrize("size", SIZES)
async def test_the_form_looks_like_this(
    home: Path, screenshot: SnapshotAssertion, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = Plan(ModelConfig(hidden=320, dropout=0.1), TrainingConfig(minutes=5), ("What the presets say.",))
    monkeypatch.setattr("tui.training.form.plan", lambda **_: planned)  # they may change, and the form stays
    monkeypatch.setattr("tui.widgets.run_form.done_at", lambda minutes, now, latest: "done at about 16:40")
    add_corpus(home)
    remember_speed(home, 4e10)
    async with running(size, "train") as driver:
        form = driver.app.screen.query_one(RunForm)
        await driver.until(lambda: form.speeds and form.model_name, "a plan")
        await driver.press(*["tab"] * 5, "enter")
        await driver.until(lambda: driver.app.screen.query("#form-batch"), "the settings")
        await driver.press(*["tab"] * 4)
        await driver.press("9", "9", "shift+tab")  # away from a cursor that blinks
        await driver.shows("Layers is 99; it must be between 1 and 16.")
        assert await picture(driver) == screenshot


async def test_help_looks_like_this(home: Path, screenshot: SnapshotAssertion) -> None:
    async with running((80, 24)) as driver:
        await driver.shows("Add your own text")
        await driver.press("f1")
        await driver.until(lambda: isinstance(driver.app.screen, HelpScreen))
        await driver.shows("Esc closes")
        assert await picture(driver) == screenshot
