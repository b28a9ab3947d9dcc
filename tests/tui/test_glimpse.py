"""A long run is seen before all of it has been read."""

from pathlib import Path

import pytest

from tests.tui.recorded import RecordedRun
from tui.training import glimpse
from tui.training.watch import READING, RunWatch


@pytest.fixture
def long_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedRun:
    run = RecordedRun(home)
    run.train(3000)
    monkeypatch.setattr(glimpse, "LONG", 1 << 16)
    monkeypatch.setattr(glimpse, "PLACES", 10)
    return run


def test_the_first_view_of_a_long_run_reaches_from_its_first_step_to_its_last(long_run: RecordedRun) -> None:
    view = RunWatch(long_run.folder).poll()
    assert view and not view.caught_up
    assert view.history.extent("step") == (10, 3000)
    assert view.last and view.last.step == 3000
    assert len(view.history.training) < 300


def test_everything_is_there_once_it_has_been_read(long_run: RecordedRun) -> None:
    watch = RunWatch(long_run.folder)
    first, second = watch.poll(), watch.poll()
    assert first and second and second.caught_up
    assert len(second.history.training) == 300


def test_a_glimpse_stays_until_everything_has_been_read(long_run: RecordedRun) -> None:
    watch = RunWatch(long_run.folder, patience=-1.0)
    first, second, third = (watch.poll() for _ in range(3))
    assert first and second and third
    assert second.history is first.history and not second.caught_up
    assert third.history is not first.history and third.caught_up


def test_a_glimpse_says_nothing_of_the_health_that_only_every_line_tells(long_run: RecordedRun) -> None:
    watch = RunWatch(long_run.folder)
    first, second = watch.poll(), watch.poll()
    assert first and first.health == READING
    assert second and second.health not in ("", READING)


def test_a_file_with_a_damaged_place_is_read_without_a_glimpse(long_run: RecordedRun) -> None:
    size = long_run.folder.metrics_path.stat().st_size
    with long_run.folder.metrics_path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\n{]\n" * 2000)
    view = RunWatch(long_run.folder).poll()
    assert view and view.caught_up


def test_a_line_with_a_thousand_brackets_is_read_without_a_glimpse(long_run: RecordedRun) -> None:
    with long_run.folder.metrics_path.open("ab") as file:
        file.write(b'{"x":' + b"[" * 3000 + b"\n" + b"{}\n" * 200)
    assert glimpse.glimpse(long_run.folder.metrics_path) == []
