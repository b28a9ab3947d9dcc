"""The line under the charts that says their keys, and which of several charts those keys are for."""

from pathlib import Path

import pytest
from textual.widgets import Static

from tests.tui.driving import Driver, running
from tests.tui.recorded import RecordedRun
from tui.screens.help import HelpScreen
from tui.widgets.chart_frame import ChartFrame
from tui.widgets.dial import Dial


def recorded(home: Path) -> None:
    RecordedRun.after(400, home)


def keys(driver: Driver) -> str:
    return driver.text_of("#run-keys")


@pytest.mark.parametrize("width", [80, 160])
async def test_the_keys_of_the_chosen_chart_stand_under_it_as_far_as_there_is_room(home: Path, width: int) -> None:
    recorded(home)
    async with running((width, 24), "train") as driver:
        await driver.shows("step 400")
        await driver.until(lambda: "+ - zoom" in keys(driver))
        assert keys(driver).endswith("F1 what this shows")
        assert ("other runs" in keys(driver)) == (width > 80)
        await driver.press("4")
        await driver.until(lambda: "t next layer" in keys(driver))
        assert "smooth" not in keys(driver)
        await driver.press("7")
        await driver.until(lambda: ", . earlier, later" in keys(driver))


async def test_keys_of_ones_own_are_the_ones_that_are_said(home: Path) -> None:
    recorded(home)
    (home / "keys.toml").write_text('[keys]\n"train.whole" = "z"\n', encoding="utf-8")
    async with running((80, 24), "train") as driver:
        await driver.shows("step 400")
        await driver.until(lambda: "z whole" in keys(driver))


async def test_a_click_on_a_key_does_what_it_says(home: Path) -> None:
    recorded(home)
    async with running((80, 24), "train") as driver:
        await driver.shows("step 400")
        await driver.until(lambda: "+ - zoom" in keys(driver))
        await driver.pilot.click("#run-keys", offset=(0, 0))
        pane = driver.app.screen.run_pane  # type: ignore[attr-defined]
        await driver.until(lambda: pane.look.viewport.width is not None)


async def test_arrows_are_said_where_they_read_the_chart_and_not_where_they_turn_the_dial(home: Path) -> None:
    recorded(home)
    async with running((80, 24), "train") as driver:
        await driver.shows("step 400")
        await driver.until(lambda: "h l read" in keys(driver))
        driver.app.screen.query_one("#run-loss").focus()
        await driver.until(lambda: "← → read" in keys(driver))


async def test_of_several_charts_the_one_with_the_focus_has_the_keys_and_the_help(home: Path) -> None:
    recorded(home)
    async with running((160, 45), "train") as driver:
        await driver.shows("▸ Loss")
        driver.app.screen.query_one("#run-gradient").focus()
        await driver.shows("▸ Gradient")
        assert "▸ Loss" not in driver.shown()
        await driver.press("y")
        pane = driver.app.screen.run_pane  # type: ignore[attr-defined]
        assert "gradient" in pane.look.logarithmic
        await driver.press("f1")
        await driver.shows("What is above the clip line")
        titles = [str(each.render()) for each in driver.app.screen.query(".help-title").results(Static)]
        assert isinstance(driver.app.screen, HelpScreen)
        assert titles[0] == "Charts"


async def test_a_number_chooses_a_chart_whatever_has_the_focus(home: Path) -> None:
    recorded(home)
    async with running((160, 45), "train") as driver:
        await driver.shows("▸ Loss")
        driver.app.screen.query_one("#run-gradient").focus()
        await driver.press("5")
        await driver.shows("▸ Learning rate")
        assert isinstance(driver.app.focused, Dial)
        assert not any(chart.has_focus for chart in driver.app.screen.query(ChartFrame))
