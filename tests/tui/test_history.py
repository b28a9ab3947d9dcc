"""A run's lines as curves: which figure goes where, on which axis."""

import math

import numpy as np
import pytest
from msgspec.structs import replace

from engine.records import MetricsLine
from tui.training.growing import Array
from tui.training.history import MOST, REACH, History, Recording
from tui.training.look import Look
from tui.training.pyramid import Pyramid
from tui.training.viewport import Extent, Viewport
from tui.widgets.chart_colours import DARK_RUNS


def line(step: int, **fields: object) -> MetricsLine:
    known = {"step": step, "tokens": step * 100, "time": 0.0, "elapsed": step * step / 100, "remaining": 0.0}
    return MetricsLine(**{**known, **fields})  # type: ignore[arg-type]


def recorded(*lines: MetricsLine, each: int = 1) -> History:
    recording = Recording()
    for start in range(0, len(lines), each):
        recording.take(lines[start : start + each])
    return recording.history()


def test_lines_that_come_later_cost_no_more_than_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    extend = Pyramid.extend

    def counted(self: Pyramid, values: Array) -> None:
        taken.append(len(values))
        extend(self, values)

    monkeypatch.setattr(Pyramid, "extend", counted)
    history = recorded(*(line(step, loss=2.0, gradient_norm=1.0) for step in range(1, 201)), each=2)
    assert sum(taken) == 200 * len(history.training.figures)


def test_a_line_of_an_evaluation_only_adds_nothing_to_the_training_curves() -> None:
    history = recorded(line(1, loss=2.0), line(1, validation_loss=2.1), line(2, loss=1.9))
    assert history.training.places["step"].tolist() == [1, 2]
    assert history.evaluations.places["step"].tolist() == [1]


def test_a_skipped_step_is_a_missing_value() -> None:
    history = recorded(line(1, loss=2.0), line(2, skipped=1), line(3, loss=1.9))
    assert np.isnan(history.training.figures["loss"].values).tolist() == [False, True, False]


def test_a_skipped_step_is_a_missing_value_where_it_was_evaluated_too() -> None:
    history = recorded(line(1, loss=2.0), line(2, skipped=1, validation_loss=2.0), line(3, loss=1.9))
    assert np.isnan(history.training.figures["loss"].values).tolist() == [False, True, False]


def test_the_three_axes_count_steps_tokens_and_seconds() -> None:
    places = recorded(line(10, loss=1.0), line(20, loss=1.0)).training.places
    assert places["token"].tolist() == [1000, 2000]
    assert places["time"].tolist() == [1.0, 4.0]


def test_the_norms_of_parameter_groups_are_figures_of_their_own() -> None:
    history = recorded(line(1, loss=2.0), line(2, loss=2.0, gradient_norms={"layer 1": 0.5, "decoder": 0.25}))
    assert history.training.figures["norm decoder"].values.tolist()[1] == 0.25
    assert math.isnan(history.training.figures["norm decoder"].values[0])


def test_the_losses_of_a_bidirectional_model_are_kept_apart() -> None:
    sides = {"ahead": 2.0, "back": 2.2, "both": 1.1}
    figures = recorded(line(1, loss=2.0, losses=sides)).training.figures
    assert figures["loss"].values[0] == 2.0
    assert figures["loss back"].values[0] == np.float32(2.2)
    assert figures["loss both"].values[0] == np.float32(1.1)
    assert "loss ahead" not in figures


def test_a_flow_that_overflowed_is_short_and_the_rest_unknown() -> None:
    history = recorded(line(1, loss=2.0, gradient_flow={"layer 1": [1.0, 5.0]}))
    (norms,) = history.flows["layer 1"]
    assert norms[:2].tolist() == [1.0, 5.0]
    assert np.isnan(norms[2:]).all() and len(norms) == REACH


def test_a_layer_that_comes_later_has_nothing_before() -> None:
    flows = recorded(
        line(1, loss=2.0, gradient_flow={"layer 1": [1.0]}), line(2, loss=2.0, gradient_flow={"layer 2": [2.0]})
    ).flows
    assert [len(norms) for norms in flows.values()] == [2, 2]
    assert np.isnan(flows["layer 2"][0]).all()


def test_an_evaluation_tells_how_many_bits_a_nat_is() -> None:
    history = recorded(line(1, loss=2.0), line(2, validation_loss=2.0, bits_per_character=0.5))
    assert history.bits_per_nat == 0.25


def test_places_never_go_back() -> None:
    lines = [line(step, loss=2.0) for step in (*range(1, 400), *range(100, 300), 450)]
    history = recorded(*lines, each=150)
    for places in history.training.places.values():
        assert (np.diff(places) >= 0).all()
    edges = np.searchsorted(history.training.places["step"], np.linspace(1, 451, 20))
    assert not history.training.figures["loss"].extremes(edges).gap.any()


@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_of_no_run_are_bounded(sign: int) -> None:
    far, huge = sign * 1e308, sign * 10**400
    fields = {"elapsed": far, "tokens_per_second": far, "gradient_norms": {"layer 1": far}}
    last = line(2, loss=far, validation_loss=far, bits_per_character=1.0, gradient_flow={"layer 1": [far]}, **fields)
    history = recorded(line(1, loss=2.0), replace(last, step=huge, tokens=huge))
    for rows in (history.training, history.evaluations):
        for values in (*rows.places.values(), *(figure.values for figure in rows.figures.values())):
            assert not (np.abs(values) > MOST).any()
    assert history.extent("step")[1] == (MOST if sign > 0 else 1)


@pytest.mark.parametrize("each", [1, 3, 100])
def test_how_lines_arrive_changes_nothing(each: int) -> None:
    lines = [line(step, loss=1.0 / step, gradient_norm=float(step)) for step in range(1, 40)]
    values = recorded(*lines, each=each).training.figures["loss"].values
    assert values.tolist() == recorded(*lines, each=39).training.figures["loss"].values.tolist()


def test_another_axis_keeps_what_is_in_view_and_under_the_crosshair() -> None:
    history = recorded(*(line(step, loss=1.0) for step in range(1, 101)))
    look = Look(viewport=Viewport(20.0, 60.0), crosshair=50.0)
    look.turn_axis(history)
    assert look.axis == "token"
    assert look.viewport.shown(Extent(*history.extent("token"), 10_000.0)) == (4000.0, 6000.0)
    assert look.crosshair == 5000.0
    look.turn_axis(history)
    assert look.crosshair == pytest.approx(25.0)
    look.turn_axis(history)
    assert look.viewport.shown(Extent(*history.extent("step"), 100.0)) == pytest.approx((40.0, 60.0))


def test_smoothing_follows_from_the_length_of_a_run_until_one_chooses_it() -> None:
    look = Look()
    assert look.window_for(10) == 1
    assert look.window_for(100_000) == 3000
    look.smooth(-1, 100_000)
    assert look.window_for(10) == look.window_for(100_000) == 1000


@pytest.mark.parametrize("viewport", [Viewport(50.0, 190.0), Viewport(20.0, None), Viewport(1e-4, 40.5)])
def test_a_part_beyond_this_run_stays_in_view_on_every_axis(viewport: Viewport) -> None:
    history = recorded(*(line(step, loss=1.0) for step in range(1, 101)))  # another run may reach to step 200
    look = Look(viewport=viewport)
    for _ in range(3):
        look.turn_axis(history)
    first, last = history.extent("step")
    assert look.viewport.shown(Extent(first, 200.0, last)) == pytest.approx(viewport.shown(Extent(first, 200.0, last)))


def test_a_run_keeps_its_colour_whatever_else_is_shown() -> None:
    look = Look()
    look.lay_over(("birch", "alder"))
    birch, alder = look.colour_of("birch"), look.colour_of("alder")
    assert birch != alder
    look.lay_over(("cedar", "alder"))
    assert look.colour_of("alder") == alder != look.colour_of("cedar")
    look.lay_over(("alder", "birch", "cedar"))
    assert len({look.colour_of(slug) for slug in ("alder", "birch", "cedar")}) == 3
    assert look.colour_of("alder") == alder


def test_no_two_runs_that_are_shown_together_have_one_colour() -> None:
    look = Look()
    for number in range(40):  # looked at one after another
        look.lay_over((f"run-{number}",))
    look.lay_over(tuple(f"run-{number}" for number in (0, 7, 8, 16, 24, 32)))
    assert len({int(look.colour_of(slug).removeprefix("run ")) % len(DARK_RUNS) for slug in look.others}) == 6
