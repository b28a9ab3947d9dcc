"""The slider through a run's samples: what is drawn, and how often."""

import numpy as np
from textual.app import App, ComposeResult

from tui.widgets.time_slider import TimeSlider


class Sliding(App[None]):
    def compose(self) -> ComposeResult:
        yield TimeSlider("slider")


def rows(slider: TimeSlider) -> list[str]:
    return [slider.render_line(y).text for y in range(slider.size.height)]


async def test_every_sample_has_a_place_and_the_one_that_is_shown_has_the_mark() -> None:
    async with Sliding().run_test(size=(40, 5)) as pilot:
        slider = pilot.app.query_one(TimeSlider)
        slider.show(np.array([0.0, 100.0, 200.0, 400.0]), 2, None, 400.0)
        *curve, below = rows(slider)
        assert below == "┴─────────┴─────────◆──────────────────┴"
        assert [row.index("┊") for row in curve] == [20, 20]


async def test_its_rows_are_one_picture_that_stays_until_something_changes() -> None:
    async with Sliding().run_test(size=(40, 5)) as pilot:
        slider = pilot.app.query_one(TimeSlider)
        places = np.arange(2000.0)
        slider.show(places, 0, None, 1999.0)
        before = slider.paintings
        rows(slider)
        assert rows(slider)[-1][0] == "◆"
        assert slider.paintings == before + 1
        slider.show(places, 1999, None, 1999.0)
        assert rows(slider)[-1][-1] == "◆"
        pilot.app.theme = "textual-light"
        await pilot.pause()
        await pilot.resize_terminal(60, 5)
        await pilot.pause()
        assert len(rows(slider)[0]) == 60
        assert slider.paintings > before + 2
