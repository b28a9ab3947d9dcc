"""The queue: one run after another, whoever dies meanwhile."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from corpora.errors import InputError
from engine import queueing
from engine.folder import ModelFolder, ModelLibrary
from engine.queueing import dequeue, enqueue, ensure_runner, queue, run_queue
from engine.records import RUNNING, CorpusReference, State, Status
from engine.settings import ModelConfig, TrainingConfig
from tests.engine.conftest import Home
from tests.engine.test_run import wait_for_state, wait_until


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path))
    return tmp_path


def make(root: Path, name: str, state: State = "prepared", *, step: int = 0) -> ModelFolder:
    folder = ModelLibrary(root).create(
        name,
        model=ModelConfig(),
        training=TrainingConfig(steps=10),
        corpus=CorpusReference(slug="plays", name="plays", sha256="", characters=1),
    )
    folder.write_status(Status(state=state, step=step))
    return folder


def slugs(folders: list[ModelFolder]) -> list[str]:
    return [folder.slug for folder in folders]


def alive(folder: ModelFolder, state: State) -> None:
    """Writes what a trainer that lives would."""
    now = time.time()
    folder.write_status(Status(state=state, pid=os.getpid(), host=socket.gethostname(), started=now, heartbeat=now))


def test_what_was_queued_first_comes_first(root: Path) -> None:
    for name in ("willow", "alder", "birch"):
        enqueue(make(root, name))
    assert slugs(queue(root)) == ["willow", "alder", "birch"]


def test_a_run_that_is_taken_out_can_be_queued_again_and_keeps_where_it_was(root: Path) -> None:
    fresh, stopped = make(root, "fresh"), make(root, "stopped", "stopped", step=7)
    for folder in (fresh, stopped):
        enqueue(folder)
        dequeue(folder)
    assert (fresh.status().state, stopped.status().state, stopped.status().step) == ("prepared", "stopped", 7)
    enqueue(fresh)
    assert slugs(queue(root)) == ["fresh"]


@pytest.mark.parametrize(("state", "said"), [("finished", "extend"), ("queued", "already in the queue")])
def test_what_can_not_wait_is_refused_in_words(root: Path, state: State, said: str) -> None:
    with pytest.raises(InputError, match=said):
        enqueue(make(root, "bard", state))


def test_a_run_that_waits_on_another_machine_is_that_machines(root: Path) -> None:
    folder = make(root, "bard")
    enqueue(folder)
    folder.write_status(msgspec.structs.replace(folder.status(), host="elsewhere", machine="another"))
    assert queue(root) == []


def test_a_run_waits_on_though_the_network_has_renamed_the_machine(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = "0123456789abcdef"
    monkeypatch.setattr(queueing, "machine", lambda: mark)
    monkeypatch.setattr("engine.machine.machine", lambda: mark)
    other, waiting = make(root, "other"), make(root, "bard")
    enqueue(waiting)
    alive(other, "training")
    for folder in (other, waiting):
        folder.write_status(msgspec.structs.replace(folder.status(), host="laptop.cafe", machine=mark))
    assert slugs(queue(root)) == ["bard"]
    trainers = Trainers()

    def rest() -> None:
        if trainers.now:
            trainers.rest()
        other.write_status(Status(state="finished"))

    run_with(monkeypatch, root, rest, trainers)
    assert trainers.beside == [0]  # it waited for the other, whose machine this is


def test_a_run_that_was_queued_before_machines_had_marks_waits_on(root: Path) -> None:
    folder = make(root, "bard")
    enqueue(folder)
    folder.write_status(msgspec.structs.replace(folder.status(), machine=""))
    assert slugs(queue(root)) == ["bard"]


class Trainers:
    """Takes the place of `start_trainer`: a run ends when the runner rests."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.beside: list[int] = []
        self.now: ModelFolder | None = None

    def __call__(self, folder: ModelFolder) -> int:
        self.beside.append(sum(entry.status.state in RUNNING for entry in ModelLibrary().list()))
        self.started.append(folder.slug)
        self.now = folder
        alive(folder, "training")
        return 1

    def rest(self) -> None:
        assert self.now is not None
        self.now.write_status(Status(state="failed" if self.now.slug == "alder" else "finished"))


def run_with(monkeypatch: pytest.MonkeyPatch, root: Path, rest: Callable[[], None], start: Trainers) -> None:
    monkeypatch.setattr(queueing, "start_trainer", start)
    assert run_queue(root, rest=rest)


def test_runs_are_started_one_after_another_and_a_failed_one_holds_nobody_up(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("willow", "alder", "birch"):
        enqueue(make(root, name))
    trainers = Trainers()
    run_with(monkeypatch, root, trainers.rest, trainers)
    assert trainers.started == ["willow", "alder", "birch"]
    assert trainers.beside == [0, 0, 0]
    assert queue(root) == []


def test_a_run_that_somebody_started_beside_the_queue_is_waited_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make(root, "other")
    alive(other, "paused")
    enqueue(make(root, "bard"))
    trainers = Trainers()
    rests: list[str] = []

    def rest() -> None:
        rests.append(",".join(trainers.started))
        other.write_status(Status(state="stopped"))
        if trainers.now:
            trainers.rest()

    run_with(monkeypatch, root, rest, trainers)
    assert rests[0] == "" and trainers.started == ["bard"]


def test_a_damaged_run_fails_with_its_sentence_and_the_next_is_started(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged, whole = make(root, "damaged"), make(root, "whole")
    for folder in (damaged, whole):
        enqueue(folder)
    damaged.record_path.write_text("{")
    trainers = Trainers()
    run_with(monkeypatch, root, trainers.rest, trainers)
    assert trainers.started == ["whole"]
    assert damaged.status().state == "failed" and "model.json" in damaged.status().error


def test_there_is_one_runner_at_a_time_and_none_without_a_queue(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not ensure_runner(root)
    for name in ("bard", "later"):
        enqueue(make(root, name))
    trainers = Trainers()
    seen: list[bool] = []

    def rest() -> None:
        seen.append(run_queue(root) or ensure_runner(root))
        trainers.rest()

    run_with(monkeypatch, root, rest, trainers)
    assert seen and not any(seen)
    assert trainers.started == ["bard", "later"]


@pytest.mark.slow
def test_killed_runner_and_killed_trainer_lose_nothing(fresh_home: Home) -> None:
    first = fresh_home.run_folder("first", steps=1_000_000)
    second, third = (fresh_home.run_folder(name, steps=12) for name in ("second", "third"))
    for folder in (first, second, third):
        enqueue(folder)
    runner = subprocess.Popen([sys.executable, "-P", "-m", "engine.queueing", str(fresh_home.root)])
    wait_until(lambda: first.status().state == "training" and first.status().step > 0, "the first run")
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert first.status().state == "training"  # it needs no runner
    assert slugs(queue(fresh_home.root)) == ["second", "third"]
    os.kill(first.status().pid, signal.SIGKILL)
    wait_for_state(first, "failed")
    assert "Resume" in first.status().error
    assert ensure_runner(fresh_home.root)
    for folder in (second, third):
        wait_until(lambda folder=folder: folder.status().state == "finished", f"{folder.slug} to finish")  # type: ignore[misc]
    assert second.metrics().read_all()[-1].time <= third.metrics().read_all()[0].time
    assert queue(fresh_home.root) == []
