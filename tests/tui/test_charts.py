"""Looking at a run's charts: reading, zooming, comparing and going through time, by key and by mouse."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.tui.driving import SIZES, Driver, running
from tests.tui.recorded import RecordedRun
from tui.screens.overlay_runs import OverlayRuns
from tui.training.viewport import Viewport
from tui.widgets.chart import Chart
from tui.widgets.chart_colours import Colours
from tui.widgets.heat_map import SHADES, HeatMap
from tui.widgets.run_pane import RunPane
from tui.widgets.sample_pane import SamplePane
from tui.widgets.time_slider import TimeSlider


@pytest.fixture
def run(home: Path) -> RecordedRun:
    """A run that has trained 2,000 steps and goes on."""
    return RecordedRun.after(2000, home)


def loss_of(driver: Driver) -> Chart:
    return driver.app.screen.query_one("#run-loss", Chart)


def pane_of(driver: Driver) -> RunPane:
    return driver.app.screen.query_one(RunPane)


async def drawn(driver: Driver, last: float = 2000) -> None:
    """Waits until the loss has been drawn up to this step."""
    await driver.until(lambda: driver.app.screen.query(RunPane), "the run's pane")
    await driver.until(lambda: loss_of(driver).across.end == last and loss_of(driver).paintings, "the loss")


@asynccontextmanager
async def drawn_charts(size: tuple[int, int] = (80, 24)) -> AsyncIterator[Driver]:
    """The Train screen once the run's loss is drawn."""
    async with running(size, "train") as driver:
        await drawn(driver)
        yield driver


@pytest.mark.parametrize("size", SIZES)
async def test_keys_zoom_into_the_newest_and_back_to_everything(run: RecordedRun, size: tuple[int, int]) -> None:
    async with drawn_charts(size) as driver:
        await driver.press("plus", "plus")
        across = loss_of(driver).across
        assert (round(across.start), across.end) == (1116, 2000)
        await driver.press("0")
        assert loss_of(driver).across.start == 10


async def test_the_tail_is_followed_while_it_is_in_view(run: RecordedRun) -> None:
    async with drawn_charts() as driver:
        await driver.press("plus", "plus")
        width = loss_of(driver).across.end - loss_of(driver).across.start
        run.train(500)
        await driver.until(lambda: loss_of(driver).across.end == 2500)
        assert loss_of(driver).across.start == 2500 - width


async def test_a_part_that_one_has_moved_to_stays_when_new_data_come(run: RecordedRun) -> None:
    async with drawn_charts() as driver:
        await driver.press("plus", "plus", "shift+left", "shift+left")
        across = loss_of(driver).across
        run.train(500)
        await driver.shows("step 2,500")
        assert (loss_of(driver).across.start, loss_of(driver).across.end) == (across.start, across.end)
        assert across.end < 2000


@pytest.mark.parametrize("size", SIZES)
async def test_the_crosshair_reads_values_by_key(run: RecordedRun, size: tuple[int, int]) -> None:
    async with drawn_charts(size) as driver:
        await driver.press("h")
        await driver.shows("Loss step 2,000 ━━ training 2.0")
        await driver.press("h")
        assert (loss_of(driver).across.crosshair or 0) < 2000
        await driver.press("escape")
        assert loss_of(driver).across.crosshair is None


async def test_the_arrows_move_the_crosshair_once_the_chart_has_the_focus(run: RecordedRun) -> None:
    async with drawn_charts() as driver:
        await driver.press("tab", "left", "left")
        assert (loss_of(driver).across.crosshair or 0) < 2000
        await driver.press("right", "right")
        assert loss_of(driver).across.crosshair == 2000


async def test_the_pointer_reads_values_and_a_click_goes_to_the_nearest_sample(run: RecordedRun) -> None:
    async with drawn_charts((160, 45)) as driver:
        chart = loss_of(driver)
        middle = (8 + chart.plot_width // 2, 4)
        await driver.pilot.hover(chart, offset=middle)
        await driver.until(lambda: 950 < (chart.across.crosshair or 0) < 1050, "a crosshair")
        await driver.pilot.click(chart, offset=middle)
        await driver.shows("Sample at step 1,000")
        assert chart.across.mark == 1000


async def test_dragging_moves_what_is_in_view(run: RecordedRun) -> None:
    async with drawn_charts((160, 45)) as driver:
        await driver.press("plus", "plus")
        before = loss_of(driver).across
        await driver.pilot.mouse_down("#run-loss", offset=(30, 4))
        await driver.pilot.hover("#run-loss", offset=(50, 4))
        await driver.pilot.mouse_up("#run-loss", offset=(50, 4))
        await driver.until(lambda: loss_of(driver).across.end < before.end, "an earlier part")


async def test_the_y_axis_turns_logarithmic_and_back(run: RecordedRun) -> None:
    async with drawn_charts() as driver:
        await driver.press("y")
        await driver.until(lambda: loss_of(driver).scale.logarithmic)
        await driver.shows("· log")
        await driver.press("y")
        await driver.until(lambda: not loss_of(driver).scale.logarithmic)


async def test_the_x_axis_counts_steps_tokens_or_time(run: RecordedRun) -> None:
    async with drawn_charts() as driver:
        await driver.press("x")
        await driver.shows("1.0M")
        await driver.press("x")
        await driver.shows("1:00")
        await driver.press("x")
        await driver.shows("1,000")


async def test_smoothing_is_turned_by_key(run: RecordedRun) -> None:
    async with drawn_charts() as driver:
        await driver.press("right_square_bracket")
        await driver.shows("mean of 10")
        await driver.press("left_square_bracket", "left_square_bracket")
        await driver.until(lambda: "mean of" not in driver.shown())


async def test_the_layers_of_the_gradient_through_time_are_turned_by_key(run: RecordedRun) -> None:
    async with drawn_charts() as driver:
        await driver.press("4")
        await driver.shows("Gradient through time layer 1")
        await driver.press("t")
        await driver.shows("Gradient through time layer 2")
        await driver.press("t", "h")
        await driver.shows("step 2,000: half after 5, a hundredth after 28 steps back")


async def test_without_colours_the_heat_map_is_made_of_shades(
    run: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with drawn_charts() as driver:
        await driver.shows("validation")
        await driver.press("4")
        for shade in "█▓▒░":
            await driver.shows(shade)


async def test_with_16_colours_the_heat_map_is_made_of_shades(run: RecordedRun) -> None:
    async with running((80, 24), "train") as driver:
        driver.app.theme = "ansi-dark"
        await drawn(driver)
        await driver.press("4")
        await driver.shows("▒▒")


async def test_a_loss_from_both_sides_has_an_axis_of_its_own(home: Path) -> None:
    recorded = RecordedRun(home)
    for step in range(10, 400, 10):
        recorded.step = step
        recorded.line(
            loss=2.0,
            losses={"ahead": 2.0, "back": 2.1, "both": 1.0},
            validation_loss=2.2 if step % 100 == 0 else None,
            both_validation_loss=1.2 if step % 100 == 0 else None,
        )
    recorded.status("training")
    async with running((160, 45), "train") as driver:
        await drawn(driver, 390)
        await driver.shows("━━ forwards ━━ validation forwards ━━ backwards")
        one_sided = {id(curve.figures.values) for curve in loss_of(driver).plot.curves}
        assert loss_of(driver).scale.low > 1.5
        await driver.press("t")
        await driver.shows("Loss from both sides")
        await driver.shows("pseudo-nats per token")
        assert not one_sided & {id(curve.figures.values) for curve in loss_of(driver).plot.curves}
        await driver.until(lambda: loss_of(driver).scale.high < 1.5)


async def test_a_chart_that_is_not_shown_is_not_drawn(run: RecordedRun) -> None:
    async with drawn_charts() as driver:
        run.train(100)
        await drawn(driver, 2100)
        charts = driver.app.screen.query(Chart)
        assert [chart.id for chart in charts if chart.paintings] == ["run-loss"]
        assert driver.app.screen.query_one(HeatMap).paintings == 0
        await driver.press("2")
        await driver.shows("Gradient ━━")
        assert driver.app.screen.query_one("#run-gradient", Chart).across.end == 2100


@pytest.mark.parametrize("size", SIZES)
async def test_the_slider_goes_through_the_samples_by_key(run: RecordedRun, size: tuple[int, int]) -> None:
    async with drawn_charts(size) as driver:
        await driver.press("7", "less_than_sign")
        await driver.shows("The 100th line of a voice")
        await driver.press("full_stop")
        await driver.shows("The 200th line of a voice")
        await driver.press("greater_than_sign")
        await driver.shows("The 2000th line of a voice")


async def test_the_mark_on_the_loss_moves_with_the_slider(run: RecordedRun) -> None:
    async with drawn_charts((160, 45)) as driver:
        slider = driver.app.screen.query_one(TimeSlider)
        await driver.pilot.click(slider, offset=(slider.size.width // 2, 1))
        await driver.until(lambda: loss_of(driver).across.mark in (900, 1000, 1100), "a mark in the middle")
        step = driver.app.screen.query_one(SamplePane).step
        assert loss_of(driver).across.mark == step
        await driver.shows(f"The {step}th line of a voice")


async def test_other_runs_are_laid_over_the_loss_and_keep_their_colours(run: RecordedRun, home: Path) -> None:
    for name in ("alder", "birch"):
        RecordedRun.after(3000, home, name, state="stopped")
    async with drawn_charts((160, 45)) as driver:
        await driver.press("v")
        await driver.until(lambda: isinstance(driver.app.screen, OverlayRuns), "the list")
        await driver.press("space", "down", "space", "enter")
        await drawn(driver, 3000)
        await driver.shows("━━ alder")
        await driver.shows("━━ birch")
        colours = {curve.label: curve.colour for curve in loss_of(driver).plot.curves}
        await driver.press("v")
        await driver.until(lambda: isinstance(driver.app.screen, OverlayRuns), "the list")
        await driver.press("space", "enter")
        await driver.until(lambda: len(pane_of(driver)._others) == 1)
        (left,) = pane_of(driver)._others
        assert {curve.colour for curve in loss_of(driver).plot.curves if curve.label == left} == {colours[left]}


async def test_what_is_marked_can_be_read_without_colours_and_escape_forgets_it(run: RecordedRun, home: Path) -> None:
    RecordedRun(home, "alder").train(1000)
    async with drawn_charts() as driver:
        await driver.press("v")
        await driver.shows("[ ] alder")
        await driver.press("space")
        await driver.shows("[✓] alder")
        await driver.press("escape")
        await driver.until(lambda: not isinstance(driver.app.screen, OverlayRuns), "the charts")
        assert pane_of(driver).look.others == ()


async def test_enter_shows_the_run_that_one_is_on_where_none_is_marked(run: RecordedRun, home: Path) -> None:
    RecordedRun(home, "alder").train(1000)
    async with drawn_charts() as driver:
        await driver.press("v")
        await driver.shows("[ ] alder")
        await driver.press("enter")
        await driver.until(lambda: pane_of(driver).look.others == ("alder",), "the run beside the other")


async def test_beside_a_longer_run_the_tail_of_the_watched_one_is_followed(run: RecordedRun, home: Path) -> None:
    RecordedRun.after(3000, home, "alder", state="stopped")
    async with drawn_charts((160, 45)) as driver:
        pane_of(driver).lay_over(("alder",))
        await drawn(driver, 3000)
        await driver.press("plus", "plus")
        width = loss_of(driver).across.end - loss_of(driver).across.start
        assert loss_of(driver).across.end == 2000
        run.train(500)
        await driver.until(lambda: loss_of(driver).across.end == 2500)
        assert loss_of(driver).across.start == 2500 - width


async def test_a_run_that_has_logged_nothing_yet_does_not_change_the_measure(run: RecordedRun, home: Path) -> None:
    RecordedRun(home, "alder").status("queued")
    async with drawn_charts() as driver:
        pane_of(driver).lay_over(("alder",))
        await driver.until(lambda: pane_of(driver)._others, "the other run")
        assert loss_of(driver).plot.measure.startswith("bits per character")


async def test_the_heat_map_ends_where_the_run_does(run: RecordedRun, home: Path) -> None:
    RecordedRun.after(4000, home, "alder", state="stopped")
    async with drawn_charts() as driver:
        driver.app.theme = "ansi-dark"
        pane_of(driver).lay_over(("alder",))
        await drawn(driver, 4000)
        await driver.press("4")
        chart = driver.app.screen.query_one(HeatMap)
        await driver.until(lambda: chart.across.end == 4000 and chart.paintings, "the map")
        row = chart.render_line(2).text[-chart.plot_width :]
        half = chart.plot_width // 2
        assert row[: half - 1].strip(SHADES) == "" and " " not in row[: half - 1]
        assert row[half + 1 :].isspace()


async def test_a_log_axis_that_a_zero_forbids_says_that_it_is_linear(home: Path) -> None:
    recorded = RecordedRun(home)
    for step in range(10, 100, 10):
        recorded.step = step
        recorded.line(loss=2.0, gradient_norm=1.0, gradient_norms={"embedding": 0.0, "layer 1": 0.4})
    recorded.status("training")
    async with running((80, 24), "train") as driver:
        await drawn(driver, 90)
        await driver.press("3")
        await driver.shows("linear: some values are 0")
        assert "· log" not in driver.shown()


async def test_without_colours_every_run_has_dashes_of_its_own(
    run: RecordedRun, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("alder", "birch", "cedar"):
        RecordedRun.after(1500, home, name, state="stopped")
    async with drawn_charts((160, 45)) as driver:
        pane_of(driver).lay_over(("alder", "birch", "cedar"))
        await driver.shows("cedar")
        chart = loss_of(driver)
        strokes = [part.plain.split(" ")[0] for part in chart.legend(Colours(driver.app))[1:-1]]
        assert len(strokes) == len(set(strokes)) == 5  # this run's training and validation, and the others
        assert any("+" in chart.render_line(row).text for row in range(chart.size.height))


async def test_a_run_laid_over_another_goes_on_growing(run: RecordedRun, home: Path) -> None:
    other = RecordedRun(home, "alder")
    other.train(2500)
    async with drawn_charts((160, 45)) as driver:
        pane_of(driver).lay_over(("alder",))
        await drawn(driver, 2500)
        other.train(500)
        await drawn(driver, 3000)


async def test_another_run_is_looked_at_in_the_same_way_but_from_its_beginning(run: RecordedRun, home: Path) -> None:
    RecordedRun(home, "alder").train(1000)
    async with drawn_charts() as driver:
        await driver.press("x", "plus")
        driver.app.screen.watch_run("alder")  # type: ignore[attr-defined]
        await driver.until(lambda: driver.app.screen.query(RunPane) and pane_of(driver).slug == "alder")
        assert pane_of(driver).look.axis == "token"
        assert pane_of(driver).look.viewport == Viewport()
