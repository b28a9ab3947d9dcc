"""A run of 200,000 logged steps: how long it takes to open, and how long to draw again, whole and zoomed."""

import asyncio
import math
import os
import random
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import msgspec
from textual.widgets import Select

from engine.folder import ModelFolder, ModelLibrary
from engine.records import CorpusReference, MetricsLine
from engine.settings import ModelConfig, TrainingConfig
from tests.bench._report import Figure, medians, parser, report
from tui.app import PantoumApp
from tui.training.viewport import Viewport
from tui.training.watch import RunWatch
from tui.waiting import painted
from tui.widgets.chart_frame import ChartFrame
from tui.widgets.run_pane import RunPane

SIZE = (200, 60)  # three charts, one above the other
PLACES = ((1.0, 1.0), (0.3, 0.5), (0.05, 0.2), (0.002, 0.7), (0.0001, 0.99))  # widths and ends, as shares of the run


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--steps", type=int, default=200_000, help="logged steps (default: 200000)")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["PANTOUM_HOME"] = home
        folder = record(Path(home), chosen.steps)
        opened = medians({"open": lambda: opening(folder)}, chosen.rounds)["open"]
        shown = [asyncio.run(showing()) for _ in range(chosen.rounds)]
        drawn = asyncio.run(redraws(chosen.rounds))
    figures = [
        Figure(f"read {chosen.steps:,} logged steps", opened, "s", at_most=1.0),
        Figure(
            "in the app, from the key to charts from end to end", median(first for first, _ in shown), "s", at_most=1.0
        ),
        Figure("in the app, from the key to every line drawn", median(last for _, last in shown), "s"),
    ]
    figures += [Figure(f"redraw, {place}", value, "ms", at_most=30.0) for place, value in drawn.items()]
    report(figures, as_json=chosen.json)


def record(home: Path, steps: int) -> ModelFolder:
    """A run of two layers with everything that a trainer logs, an evaluation every thousand steps."""
    folder = ModelLibrary(home).create(
        "long",
        model=ModelConfig(unit="char", cell="lstm", vocabulary=65, layers=2),
        training=TrainingConfig(minutes=600),
        corpus=CorpusReference(slug="text", name="text", sha256="0" * 64, characters=1_000_000),
    )
    chance, encoder = random.Random(0), msgspec.json.Encoder()
    with folder.metrics_path.open("wb") as file:
        for step in range(1, steps + 1):
            file.write(encoder.encode(line(step, chance)) + b"\n")
    return folder


def line(step: int, chance: random.Random) -> MetricsLine:
    loss = 1.4 + 2 * math.exp(-step / 9000) + chance.gauss(0, 0.08)
    judged = step % 1000 == 0
    reach = [0.5 * math.exp(-k / 5) for k in range(65)]
    return MetricsLine(
        step=step,
        tokens=step * 768,
        time=1.7e9 + step * 0.05,
        elapsed=round(step * 0.05, 3),
        remaining=9.0,
        loss=None if chance.random() < 1e-4 else loss,
        validation_loss=loss + 0.1 if judged else None,
        bits_per_character=(loss + 0.1) / math.log(2) if judged else None,
        learning_rate=0.004,
        gradient_norm=chance.random(),
        gradient_norms={group: chance.random() for group in ("embedding", "layer 1", "layer 2", "decoder")},
        gradient_flow={f"layer {n}{part}": reach for n in (1, 2) for part in ("", " cell")} if judged else {},
        tokens_per_second=15_000 + chance.random(),
    )


def opening(folder: ModelFolder) -> float:
    """Seconds until all of a run has been read, without the app."""
    began = time.perf_counter()
    watch = RunWatch(folder)
    while (view := watch.poll()) is None or not view.caught_up:
        pass
    return time.perf_counter() - began


async def showing() -> tuple[float, float]:
    """Seconds from Enter in the running app's list of runs until the charts show the run from its first step to its
    last, from a glimpse of it, and until every line has been read and is drawn."""
    app = PantoumApp(mode="train")
    async with app.run_test(size=SIZE) as pilot:
        picker = app.screen.query_one("#run-picker", Select)
        while len(picker._options) < 2:
            await pilot.pause(0.05)
        await pilot.press("f3", "o", "down")
        began = time.perf_counter()
        app.simulate_key("enter")  # `press` would wait until there is nothing to do
        body = app.screen.query_one("#train-body")
        first = 0.0
        while True:  # a search through all widgets each time would take its part of what is measured
            await asyncio.sleep(0.02)
            pane = body.children[-1]
            view = pane._view if isinstance(pane, RunPane) else None
            if view is not None and len(view.history) and not first:
                await painted(app.screen)
                first = time.perf_counter() - began
            if view is not None and view.caught_up:
                break
        await pilot.pause()
        return first, time.perf_counter() - began


async def redraws(rounds: int) -> dict[str, float]:
    """Milliseconds to draw all the charts of a large terminal again, with each of `PLACES` in view."""
    app = PantoumApp(mode="train")
    async with app.run_test(size=SIZE) as pilot:
        app.screen.watch_run("long")  # type: ignore[attr-defined]
        while not (found := app.screen.query(RunPane)) or not (view := found.first()._view) or not view.caught_up:
            await pilot.pause(0.05)
        pane = found.first()
        extent = view.history.extent("step")
        whole = extent[1] - extent[0]
        cases: dict[str, Callable[[], float]] = {}
        for share, end in PLACES:
            view_of = Viewport() if share == 1.0 else Viewport(whole * share, extent[0] + whole * end)
            cases["the whole run" if share == 1.0 else f"{share:.2%} of it"] = partial(redraw, pane, view_of)
        return medians(cases, rounds)


def redraw(pane: RunPane, viewport: Viewport) -> float:
    """Milliseconds for all the charts in view."""
    pane.look.viewport = viewport
    charts = [chart for chart in pane.query(ChartFrame) if chart.id in {f"run-{name}" for name in pane.shown}]
    began = time.perf_counter()
    pane._draw()
    for chart in charts:
        for row in range(chart.size.height):
            chart.render_line(row)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
