"""A legend shows its lines as they are drawn."""

from pathlib import Path

from tests.tui.driving import running
from tests.tui.recorded import RecordedRun
from tui.widgets.chart import LEVEL, Chart
from tui.widgets.chart_colours import Colours


async def test_the_clip_line_is_told_from_a_curve_without_colours(home: Path) -> None:
    run = RecordedRun.after(200, home, state="stopped")
    async with running((100, 30), "train") as driver:
        driver.app.screen.watch_run(run.folder.slug)  # type: ignore[attr-defined]
        await driver.until(lambda: driver.app.screen.query("#run-gradient"), "the run")
        await driver.pilot.press("2")
        chart = driver.app.screen.query_one("#run-gradient", Chart)
        await driver.until(lambda: chart.plot.levels, "the clip line")
        clip = next(part.plain for part in chart.legend(Colours(driver.app)) if "clip 1" in part.plain)
        assert clip.startswith(2 * LEVEL)
        assert any(3 * LEVEL in chart.render_line(row).text for row in range(chart.size.height))
