"""How fast the machine trains, as the Train screen finds it out; nothing is really measured."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from corpora.errors import InputError
from engine.folder import ModelFolder
from engine.speed import Speed
from tests.tui.cli_tools import remember_speed, until
from tests.tui.driving import Driver, add_corpus, running
from tests.tui.recorded import RecordedRun
from tui.library.importing import Cancelled
from tui.screens import machine_speed
from tui.widgets.run_form import RunForm


class Stopwatch:
    """Takes the place of `engine.speed.measure_speed`: takes until `let_go`, or until it is not wanted any more."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.given_up = 0
        self.fails = False
        self.let_go = Event()

    def __call__(self, device: str, *, still_wanted: Callable[[], None]) -> Speed:
        self.asked.append(device)
        while not self.let_go.wait(0.01):
            try:
                still_wanted()
            except Cancelled:
                self.given_up += 1
                raise
        if self.fails:
            raise InputError("This machine's speed can't be measured.")
        return Speed(1e7)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    stopwatch = Stopwatch()
    monkeypatch.setattr(machine_speed, "measure_speed", stopwatch)
    return stopwatch


async def form_of(driver: Driver) -> RunForm:
    form = driver.app.screen.query_one(RunForm)
    await driver.until(lambda: form.outcome.plan and form.model_name, "a plan")
    return form


def reading(form: RunForm) -> str:
    """What the plan says of how often the text is read, which follows from the speed."""
    assert form.outcome.plan
    return next(reason for reason in form.outcome.plan.reasons if "read" in reason)


async def test_an_unknown_speed_is_measured_and_the_plan_follows(home: Path, watch: Stopwatch) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        form = await form_of(driver)
        await driver.shows("Measuring how fast this machine trains (once)")
        before = reading(form)
        watch.let_go.set()
        await driver.until(lambda: form.speeds == {"auto": Speed(1e7)}, "the speed")
        assert reading(form) != before
        await driver.until(lambda: "Measuring" not in driver.shown())
    assert watch.asked == ["auto"]


async def test_a_known_speed_is_used_without_measuring(home: Path, watch: Stopwatch) -> None:
    add_corpus(home)
    remember_speed(home, 2e7)
    async with running((80, 24), "train") as driver:
        form = await form_of(driver)
        await driver.until(lambda: form.speeds == {"auto": Speed(2e7)}, "the speed")
    assert watch.asked == []


async def test_nothing_is_measured_beside_a_training(home: Path, watch: Stopwatch) -> None:
    add_corpus(home)
    run = RecordedRun(home)
    run.status("training")
    async with running((80, 24), "train") as driver:
        await driver.until(lambda: driver.app.screen.query("RunPane"), "the run")
        await driver.press("n")
        form = await form_of(driver)
        await driver.app.screen._refresh_lists(wanted=True).wait()  # type: ignore[attr-defined]
        assert (watch.asked, dict(form.speeds)) == ([], {})
        run.status("finished")
        await driver.until(lambda: watch.asked == ["auto"], "the measurement once nothing trains")


async def test_a_start_does_not_wait_for_the_measurement_and_ends_it(
    home: Path, watch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[ModelFolder] = []
    monkeypatch.setattr("engine.launch.start_trainer", started.append)
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        await form_of(driver)
        await driver.until(lambda: watch.asked, "the measurement")
        await driver.press("f5")
        await driver.until(lambda: started and watch.given_up == 1, "the trainer, and the end of the measurement")


async def test_leaving_the_screen_or_the_app_ends_the_measurement(home: Path, watch: Stopwatch) -> None:
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        await driver.until(lambda: watch.asked, "the measurement")
        await driver.press("f2")
        await driver.until(lambda: watch.given_up == 1, "the end of the measurement")
        await driver.press("f3")
        await driver.until(lambda: len(watch.asked) == 2, "another one")
    until(lambda: watch.given_up == 2)


async def test_a_machine_that_cannot_be_measured_has_a_plan_all_the_same(home: Path, watch: Stopwatch) -> None:
    watch.fails = True
    watch.let_go.set()
    add_corpus(home)
    async with running((80, 24), "train") as driver:
        form = await form_of(driver)
        await driver.until(lambda: watch.asked, "the measurement")
        await driver.until(lambda: "Measuring" not in driver.shown())
        await driver.app.screen._refresh_lists(wanted=True).wait()  # type: ignore[attr-defined]
        assert form.outcome.plan
        assert dict(form.speeds) == {}
    assert watch.asked == ["auto"]
