"""The Train screen on a recorded run: curves, numbers, samples, and keys that reach the trainer."""

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from textual.widgets import Static

from engine.folder import ModelFolder
from engine.records import SampleLine
from tests.tui.driving import SIZES, Driver, running
from tests.tui.recorded import RecordedRun
from tui.screens.train import TrainScreen
from tui.widgets.chart import Chart
from tui.widgets.message_line import MessageLine
from tui.widgets.run_numbers import newest_notices
from tui.widgets.run_pane import RunPane
from tui.widgets.sample_pane import SamplePane


def last_step(driver: Driver, chart: str = "#run-loss") -> float:
    """The largest step that a chart has been given."""
    curves = driver.app.screen.query_one(chart, Chart).plot.curves
    return max((float(curve.places[-1]) for curve in curves), default=0.0)


async def watching(driver: Driver) -> None:
    await driver.until(lambda: len(driver.app.screen.query(SamplePane)), "the run's pane")


@pytest.fixture
def run(home: Path) -> RecordedRun:
    """A run that has trained 300 steps and goes on."""
    return RecordedRun.after(300, home)


@pytest.mark.parametrize("size", SIZES)
async def test_a_run_that_trains_is_shown_when_the_app_comes_back(run: RecordedRun, size: tuple[int, int]) -> None:
    async with running(size, "train") as driver:
        await driver.shows("● training")
        await driver.shows("step 300")


@pytest.mark.parametrize("size", SIZES)
async def test_the_curves_grow_with_the_folder(run: RecordedRun, size: tuple[int, int]) -> None:
    async with running(size, "train") as driver:
        await watching(driver)
        await driver.until(lambda: last_step(driver) == 300)
        run.train(100)
        await driver.until(lambda: last_step(driver) == 400)
        await driver.shows("step 400")


async def test_what_a_run_says_of_itself_is_not_cut_off_in_a_small_terminal(run: RecordedRun) -> None:
    run.status("training", message="Checkpoint saved")
    async with running((80, 24), "train") as driver:
        await driver.shows("3:18 left Checkpoint saved")


@pytest.mark.parametrize("size", SIZES)
async def test_the_newest_notices_are_seen_and_all_of_them_in_help(run: RecordedRun, size: tuple[int, int]) -> None:
    notices = tuple(f"Step {number}: the learning rate is 0.00{number} from now on." for number in range(1, 8))
    run.folder.write_record(msgspec.structs.replace(run.folder.record(), notices=notices))
    async with running(size, "train") as driver:
        for notice in notices[-2:]:
            await driver.shows(notice)
        assert notices[-3] not in driver.shown()
        await driver.press("f1")
        await driver.shows(notices[0])


async def test_notices_lay_the_screen_out_once(run: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "The text is short for this batch, which has been made smaller so that each stream has something to read."
    run.folder.write_record(msgspec.structs.replace(run.folder.record(), notices=(long, long)))
    async with running((80, 24), "train") as driver:
        await driver.shows("The text is short for this batch")
        await driver.pilot.pause()
        line = driver.app.screen.query_one("#run-numbers", Static)
        layouts: list[bool] = []
        monkeypatch.setattr(line, "update", lambda _, *, layout=True: layouts.append(layout))
        run.train(100)
        await driver.until(lambda: layouts, "the new numbers")
        assert not any(layouts)


def test_of_notices_the_newest_are_shown_as_far_as_there_is_room() -> None:
    assert newest_notices([], 40) == []
    assert newest_notices(["one", "two", "three"], 40) == ["two", "three"]
    assert newest_notices(["one", "word " * 12], 40) == [line.strip() for line in ("word " * 8, "word " * 4)]
    assert newest_notices(["word " * 40], 40)[-1].endswith("…")


async def test_charts_without_a_step_yet_say_what_they_wait_for(home: Path) -> None:
    RecordedRun(home).status("starting")
    async with running((80, 24), "train") as driver:
        await driver.shows("Loss comes with the first steps")
        await driver.press("4")
        await driver.shows("Gradient through time comes with the first evaluation")


async def test_all_panes_stand_side_by_side_in_a_large_terminal(run: RecordedRun) -> None:
    async with running((160, 45), "train") as driver:
        await driver.shows("Loss ━━")
        for title in ("Gradient ━━", "Gradient through time", "Sample at step 300"):
            await driver.shows(title)


@pytest.mark.parametrize(
    ("key", "title"),
    [
        ("2", "Gradient ━━"),
        ("3", "Gradient norms ━━"),
        ("4", "Gradient through time layer 1"),
        ("5", "Learning rate ━━"),
        ("6", "Speed ━━"),
        ("7", "Sample at step 300"),
    ],
)
async def test_a_small_terminal_shows_one_pane_by_key(run: RecordedRun, key: str, title: str) -> None:
    async with running((80, 24), "train") as driver:
        await driver.shows("Loss ━━")
        await driver.press(key)
        await driver.shows(title)
        assert "Loss ━━" not in driver.shown()


async def test_the_clip_line_is_drawn_at_the_clip(home: Path) -> None:
    recorded = RecordedRun(home, clip=0.7)
    recorded.train(100)
    recorded.status("training")
    async with running((160, 45), "train") as driver:
        await driver.shows("clip 0.7")
        (line,) = driver.app.screen.query_one("#run-gradient", Chart).plot.levels
        assert line.value == 0.7


async def test_a_skipped_step_is_a_gap_and_is_counted(run: RecordedRun) -> None:
    run.step += 10
    run.line(skipped=1)
    run.train(100)
    async with running((160, 45), "train") as driver:
        await driver.shows("skipped 1")
        await driver.shows("×")
        training = driver.app.screen.query_one("#run-loss", Chart).plot.curves[0]
        assert np.flatnonzero(np.isnan(training.figures.values)).tolist() == [30]


@pytest.mark.parametrize("size", SIZES)
async def test_earlier_samples_are_a_key_away(run: RecordedRun, size: tuple[int, int]) -> None:
    async with running(size, "train") as driver:
        await watching(driver)
        await driver.press("7")
        await driver.shows("Sample at step 300")
        await driver.press("comma")
        await driver.shows("Sample at step 200")
        await driver.press("full_stop")
        await driver.shows("Sample at step 300")


async def test_a_new_sample_does_not_pull_the_reader_away_from_an_old_one(run: RecordedRun) -> None:
    async with running((160, 45), "train") as driver:
        await driver.shows("Sample at step 300")
        await driver.press("comma")
        run.train(100)
        await driver.shows("step 400")
        await driver.shows("Sample at step 200")
        await driver.shows("2 of 4")


async def test_control_characters_of_a_sample_do_not_reach_the_terminal(run: RecordedRun) -> None:
    run.sample("\x1b[2Jgone\x07")
    async with running((160, 45), "train") as driver:
        await driver.shows("·[2Jgone·")


@pytest.mark.parametrize(("key", "request_"), [("p", "pause"), ("c", "checkpoint"), ("s", "stop")])
async def test_a_key_asks_the_trainer(run: RecordedRun, key: str, request_: str) -> None:
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        await driver.press(key)
        await driver.says("bard")
    assert f'"{request_}"' in run.requests()[-1]


async def test_resume_asks_a_paused_trainer_to_go_on(run: RecordedRun) -> None:
    run.status("paused")
    async with running((80, 24), "train") as driver:
        await driver.shows("● paused")
        await driver.press("r")
        await driver.says("bard goes on")
    assert '"resume"' in run.requests()[-1]


async def test_a_trainer_that_died_is_explained_and_resumed(run: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run.status("training", pid=dead_pid())
    run.folder.resume_record_path.write_text('{"format": 2, "step": 250}')
    started: list[ModelFolder] = []
    monkeypatch.setattr("engine.launch.start_trainer", started.append)
    async with running((80, 24), "train") as driver:
        await driver.says("The trainer was killed or its machine went away.")
        await driver.press("r")
        await driver.says("bard goes on from step 250, its last checkpoint.")
    assert [folder.slug for folder in started] == ["bard"]


async def test_the_trainers_own_error_is_shown(run: RecordedRun) -> None:
    run.status("failed", error="The disk is full. Free some space.")
    async with running((80, 24), "train") as driver:
        await driver.says("The disk is full. Free some space. Press r to resume from its last checkpoint.")
        await driver.press("n")
        await driver.shows("A new model")


async def test_a_failure_is_not_shown_again_once_something_else_has_been_trained(run: RecordedRun, home: Path) -> None:
    run.status("failed", error="The disk is full. Free some space.")
    RecordedRun(home, "later").status("finished")
    async with running((80, 24), "train") as driver:
        await driver.shows("A new model")
        assert driver.app.screen.shown_slug == ""  # type: ignore[attr-defined]


async def test_what_the_trainer_prepares_is_said(home: Path) -> None:
    recorded = RecordedRun(home)
    recorded.status("starting", message="Encoding the corpus", progress=0.0)
    async with running((80, 24), "train") as driver:
        await driver.shows("Encoding the corpus")


async def test_a_finished_run_says_so(run: RecordedRun) -> None:
    async with running((80, 24), "train") as driver:
        await driver.shows("● training")
        run.finish()
        await driver.says("bard has finished.")
        await driver.shows("● finished")


async def test_a_resume_that_rewrites_the_metrics_redraws_them(run: RecordedRun) -> None:
    async with running((160, 45), "train") as driver:
        await watching(driver)
        await driver.until(lambda: last_step(driver) == 300)
        lines = run.folder.metrics_path.read_bytes().splitlines(keepends=True)
        shorter = run.folder.path / "shorter"
        shorter.write_bytes(b"".join(lines[:10]))
        shorter.replace(run.folder.metrics_path)
        await driver.until(lambda: last_step(driver) == 100)


async def test_a_damaged_line_costs_only_itself(run: RecordedRun) -> None:
    with run.folder.metrics_path.open("ab") as file:
        file.write(b'{"step": "nonsense"}\n\xff\xfe\n')
    run.train(100)
    async with running((160, 45), "train") as driver:
        await watching(driver)
        await driver.until(lambda: last_step(driver) == 400)


async def test_a_damaged_model_is_explained(home: Path) -> None:
    recorded = RecordedRun(home)
    recorded.folder.record_path.write_text("{")
    async with running((80, 24), "train") as driver:
        await show_run(driver, "bard")
        await driver.says("model.json")


async def test_leaving_the_screen_and_coming_back_shows_what_came_since(run: RecordedRun) -> None:
    async with running((80, 24), "train") as driver:
        await driver.shows("step 300")
        await driver.press("f2")
        run.train(100)
        await driver.press("f3")
        await driver.shows("step 400")


async def test_a_run_that_ends_is_told_on_another_screen(run: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.app.PantoumApp.LOOK", 0.1)
    async with running((80, 24)) as driver:
        await driver.shows("● bard 34%")
        run.finish()
        await driver.shows("bard has finished training.")


async def test_a_run_that_ends_is_told_beside_another_one_and_hides_nothing(
    run: RecordedRun, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.app.PantoumApp.LOOK", 0.1)
    other = RecordedRun(home, "other")
    other.status("training")
    other.folder.write_record(msgspec.structs.replace(other.folder.record(), created="2020-01-01T00:00:00+00:00"))
    async with running((80, 24), "train") as driver:  # which shows the newer of the two
        await driver.shows("bard training")
        await driver.shows("step 300")
        await driver.shows("2 models training")
        driver.app.screen.query_one(MessageLine).say("What was just done.")
        other.finish()
        await driver.shows("other has finished training.")
        for text in ("What was just done.", "p Pause", "[ ] smooth"):  # the lines at the foot
            assert text in driver.shown()
        run.finish()
        await driver.says("bard has finished. Press w to write with it.")
        assert "bard has finished training." not in driver.shown()


async def test_the_run_picker_lists_those_in_training_first(home: Path) -> None:
    RecordedRun(home, "alder").status("stopped")
    RecordedRun(home, "birch").status("training")
    async with running((80, 24), "train") as driver:
        await driver.shows("birch training")
        await driver.press("o")
        await driver.shows("alder stopped")
        assert driver.shown().rindex("birch") < driver.shown().rindex("alder")


def test_a_sample_is_read_as_it_was_written(home: Path) -> None:
    recorded = RecordedRun(home)
    recorded.sample("words")
    (line,) = recorded.folder.samples().read_all()
    assert isinstance(line, SampleLine) and line.text == "words"


async def show_run(driver: Driver, slug: str) -> None:
    screen = driver.app.screen
    assert isinstance(screen, TrainScreen)
    screen.watch_run(slug)
    await watching(driver)


def dead_pid() -> int:
    """The pid of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
    return process.pid


async def test_nothing_is_drawn_any_more_while_the_app_closes(
    run: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running((80, 24), "train") as driver:
        await watching(driver)
        await driver.until(lambda: last_step(driver) == 300)
        screen = driver.app.screen
        assert isinstance(screen, TrainScreen)
        drawn: list[object] = []
        monkeypatch.setattr(RunPane, "show_view", lambda _, view: drawn.append(view))
        screen._draw()
        assert len(drawn) == 1
        driver.app.exit()
        screen._draw()
        assert len(drawn) == 1
