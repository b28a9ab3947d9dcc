"""Following a run through its folder, without a screen."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.tui.driving import add_corpus
from tests.tui.recorded import RecordedRun
from tui.library.listing import LibraryWatch
from tui.training.monitor import Monitor
from tui.training.watch import RunWatch


def test_nothing_new_is_no_view(home: Path) -> None:
    run = RecordedRun.after(100, home, state="stopped")
    watch = RunWatch(run.folder)
    assert watch.poll() is not None
    assert watch.poll() is None


def test_the_best_evaluation_is_kept_when_a_worse_one_follows(home: Path) -> None:
    run = RecordedRun(home)
    run.step = 10
    run.line(validation_loss=1.5, best=True)
    run.step = 20
    run.line(validation_loss=1.9)
    view = RunWatch(run.folder).poll()
    assert view and view.best and view.best.step == 10


def test_the_share_of_clipped_steps_counts_training_steps_only(home: Path) -> None:
    run = RecordedRun(home)
    for clipped in (True, False):
        run.step += 1
        run.line(loss=2.0, gradient_norm=1.0, clipped=clipped)
    run.line(validation_loss=2.0, gradient_norm=1.0)
    view = RunWatch(run.folder).poll()
    assert view and view.clipped == 0.5


def test_an_evaluation_leaves_no_gap_in_the_training_curve(home: Path) -> None:
    run = RecordedRun(home)
    for step in (1, 2, 3):
        run.step = step
        run.line(loss=2.0)
        run.line(validation_loss=2.1)
    view = RunWatch(run.folder).poll()
    assert view and not np.isnan(view.history.training.figures["loss"].values).any()


def test_a_long_history_comes_in_pieces(home: Path) -> None:
    run = RecordedRun.after(500, home)
    watch = RunWatch(run.folder, patience=-1.0)
    first, second = watch.poll(), watch.poll()
    assert first and not first.caught_up
    assert second and second.caught_up and second.last and second.last.step == 500


def test_a_folder_that_is_gone_is_a_problem_and_no_crash(home: Path) -> None:
    run = RecordedRun(home)
    watch = RunWatch(run.folder)
    watch.poll()
    run.folder.path.rename(home / "elsewhere")
    view = watch.poll()
    assert view and view.record is None and "model.json" in view.problem


def test_the_monitor_tells_of_an_end_once(home: Path) -> None:
    run = RecordedRun(home)
    run.status("training")
    monitor = Monitor()
    assert monitor.look().note == "● bard 34%"
    run.status("finished", progress=1.0)
    assert monitor.look().ended == {"bard": "bard has finished training."}
    assert monitor.look().ended == {}


def test_the_monitor_does_not_tell_of_what_ended_before_it_looked(home: Path) -> None:
    RecordedRun(home).status("finished")
    assert Monitor().look().ended == {}


def test_an_unchanged_library_is_not_read_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RecordedRun(home).status("stopped")
    add_corpus(home)
    watch = LibraryWatch()
    listing = watch.look()
    monkeypatch.setattr(Path, "read_bytes", None)
    assert watch.look() is listing
    assert list(listing.model) == ["bard"] and list(listing.corpus) == ["river"]


def test_of_many_models_only_the_one_that_has_changed_is_read_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [RecordedRun(home, name) for name in ("alder", "birch", "cedar")]
    for run in runs:
        run.status("stopped")
    watch = LibraryWatch()
    before = watch.look()
    runs[1].status("finished")
    read: list[str] = []
    read_bytes = Path.read_bytes

    def noted(path: Path) -> bytes:
        read.append(f"{path.parent.name}/{path.name}")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    after = watch.look()
    assert read == ["birch/status.json"]
    assert after.model["birch"].status.state == "finished"
    assert after.model["alder"] is before.model["alder"] and after.model["cedar"] is before.model["cedar"]


def test_a_text_that_is_changed_from_elsewhere_is_damaged(home: Path) -> None:
    corpus = add_corpus(home)
    watch = LibraryWatch()
    assert not watch.look().corpus["river"].problem
    corpus.text_path.write_text("changed")
    assert watch.look().corpus["river"].problem


def test_a_trainer_that_dies_is_noticed_though_it_writes_nothing(home: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    run = RecordedRun(home)
    run.status("training", pid=dead.pid)
    watch = LibraryWatch()
    watch.look()
    dead.wait()
    assert watch.look().model["bard"].status.state == "failed"


def test_a_model_that_comes_goes_or_is_damaged_is_noticed(home: Path) -> None:
    watch = LibraryWatch()
    assert watch.look().empty
    run = RecordedRun(home)
    assert list(watch.look().model) == ["bard"]
    run.folder.record_path.write_text("{")
    assert watch.look().model["bard"].problem
    run.folder.path.rename(home / "elsewhere")
    assert watch.look().empty


def test_a_model_on_a_disk_that_does_not_answer_hides_no_other(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RecordedRun(home).status("training")
    (home / "models" / "far").mkdir()
    stat = Path.stat

    def stale(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == "far" or path.parent.name == "far":
            raise OSError(errno.ESTALE, "Stale file handle")
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stale)
    assert Monitor().look().note == "● bard 34%"


@pytest.mark.parametrize("field", ["elapsed", "remaining", "loss", "validation_loss", "tokens_per_second", "step"])
@pytest.mark.parametrize("value", ["1e308", "-1e308", "9" * 400])
def test_a_line_with_a_number_of_no_run_ends_nothing(home: Path, field: str, value: str) -> None:
    run = RecordedRun.after(300, home)
    fields = {"step": 310, "tokens": 1, "time": 1, "elapsed": 20, "remaining": 1, "loss": 2, "validation_loss": 2}
    with run.folder.metrics_path.open("a") as file:
        for step in (310, 320, 330):
            line = {**fields, "step": step, field: value}
            file.write(json.dumps(line).replace(f'"{value}"', value) + "\n")
    view = RunWatch(run.folder).poll()
    assert view and view.health
