"""A disk that fills while a run trains: it holds, says so, goes on when there is room, and loses nothing."""

import errno
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora import files
from corpora.errors import InputError
from engine import checkpoint, launch, queueing, recording, room, weights
from engine.folder import ModelFolder
from engine.queueing import enqueue, queue, run_queue
from engine.recording import Recorder
from engine.records import Request, State, Status
from engine.training import Step, Trainer
from tests.engine.conftest import Home
from tests.engine.test_run import same_weights

Write = Callable[..., None]


class Disk:
    """Takes no new file and no line while it is full; what lies on it may be written over.

    It fills after a step of a run; `on_refusal` is called with the number of writes refused so far.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.refusals = 0
        self.on_refusal: Callable[[int], None] = lambda count: None
        for module, name in (
            (checkpoint, "write_tensors"),
            (weights, "write_tensors"),
            (recording, "append_line"),
            (files, "write_bytes"),
        ):
            patch.setattr(module, name, self._guarded(getattr(module, name)))
        self.fills_after: int | None = None  # step
        advance = Trainer.advance

        def filling(trainer: Trainer, progress: float) -> Step:
            taken = advance(trainer, progress)
            self.full = self.full or trainer.step == self.fills_after
            return taken

        patch.setattr(Trainer, "advance", filling)

    def _guarded(self, write: Write) -> Write:
        def guarded(path: Path, *values: object) -> None:
            if self.full:
                self.refusals += 1
                self.on_refusal(self.refusals)
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            write(path, *values)

        return guarded


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    monkeypatch.setattr(room, "RETRY", 0.0)
    monkeypatch.setattr(room, "POLL", 0.01)
    return Disk(monkeypatch)


@pytest.mark.parametrize("step", [1, 8, 12])
def test_a_run_on_a_full_disk_waits_for_room_and_loses_nothing(fresh_home: Home, disk: Disk, step: int) -> None:
    whole = fresh_home.run_folder("whole", steps=12)
    assert fresh_home.train(whole) == 0
    held = fresh_home.run_folder("held", steps=12)
    seen: list[Status] = []

    def make_room(refusals: int) -> None:
        seen.append(held.status())
        disk.full = seen[-1].state != "paused"  # until somebody has seen it

    disk.on_refusal = make_room
    disk.fills_after = step
    assert fresh_home.train(held) == 0, held.status()
    assert same_weights(whole, held)
    first, second = ([(x.step, x.loss, x.validation_loss) for x in f.metrics().read_all()] for f in (whole, held))
    assert first == second
    assert [x.text for x in whole.samples().read_all()] == [x.text for x in held.samples().read_all()]
    assert seen[-1].state == "paused"
    assert seen[-1].error.startswith("The disk is full: free some space, and training goes on by itself.")
    assert held.status().error == ""


def test_a_run_that_is_stopped_on_a_full_disk_says_what_was_kept_and_resumes_from_there(
    fresh_home: Home, disk: Disk
) -> None:
    whole = fresh_home.run_folder("whole", steps=12)
    assert fresh_home.train(whole) == 0
    folder = fresh_home.run_folder("stopped", steps=12)
    assert fresh_home.train(folder, stop_after=5) == 0

    def stop(refusals: int) -> None:
        if refusals == 4:
            folder.request("stop")

    disk.on_refusal = stop
    disk.fills_after = 8
    assert fresh_home.train(folder) == 1
    status = folder.status()
    assert (status.state, status.error) == (
        "failed",
        "The disk is full, so nothing after step 5 could be kept. Free some space, then resume.",
    )
    disk.full, disk.fills_after = False, None
    assert fresh_home.train(folder) == 0
    assert same_weights(whole, folder)


def test_a_run_without_a_checkpoint_says_that_nothing_could_be_kept(fresh_home: Home, disk: Disk) -> None:
    folder = fresh_home.run_folder("early", steps=12)
    disk.on_refusal = lambda refusals: folder.request("stop")
    disk.fills_after = 3
    assert fresh_home.train(folder) == 1
    assert "so nothing of this run could be kept" in folder.status().error


def test_best_weights_that_were_refused_are_not_lost(fresh_home: Home, disk: Disk) -> None:
    """They are those of the evaluation, not of the moment at which there is room again."""
    folder = fresh_home.run_folder("best", steps=12, ema=0.9)
    disk.on_refusal = lambda refusals: setattr(disk, "full", refusals < 6)
    disk.fills_after = 12
    assert fresh_home.train(folder) == 0
    record = folder.record()
    best = min(line.validation_loss for line in folder.metrics().read_all() if line.validation_loss is not None)
    assert record.results is not None
    assert record.results.validation_loss == pytest.approx(best, rel=0.05)


@pytest.mark.parametrize(
    ("asked", "state", "steps"),
    [(("pause",), "paused", 9), (("pause", "resume"), "finished", 12), (("resume",), "finished", 12)],
)
def test_what_is_asked_of_a_run_that_waits_for_room_is_done_afterwards(
    asked: tuple[Request, ...],
    state: State,
    steps: int,
    fresh_home: Home,
    disk: Disk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.run.POLL", 0.01)
    folder = fresh_home.run_folder("asked", steps=12)
    seen: list[tuple[str, int]] = []
    change = Recorder.state

    def noting(recorder: Recorder, state: State, *, error: str = "", message: str = "") -> None:
        seen.append((state, recorder._status.step))
        change(recorder, state, error=error, message=message)
        if state == "paused" and not error and asked[-1] == "pause":
            folder.request("stop")

    def refused(count: int) -> None:
        if count == 2:
            for request in asked:
                folder.request(request)
        disk.full = count < 6

    monkeypatch.setattr(Recorder, "state", noting)
    disk.on_refusal = refused
    disk.fills_after = 8
    assert fresh_home.train(folder) == 0
    waits = [step for what, step in seen if what == "paused"]
    assert len(waits) == (1 if asked == ("resume",) else 2)
    ended, at = seen[-1]
    assert ended == ("stopped" if state == "paused" else state)
    assert at in ((steps - 1, steps) if state == "paused" else (steps,))  # the status has it with the next heartbeat


def test_a_resume_that_is_asked_for_while_a_pause_waits_for_room_ends_the_pause(
    fresh_home: Home, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.run.POLL", 0.01)
    monkeypatch.setattr("engine.control.POLL", 0.0)
    folder = fresh_home.run_folder("paused", steps=12)
    folder.request("pause")
    monkeypatch.setenv("PANTOUM_ASKED", "0")
    waits: list[int] = []

    def refused(count: int) -> None:
        if count == 2:
            folder.request("resume")
        disk.full = count < 6

    def wait(trainer: Trainer) -> None:
        waits.append(1)
        assert len(waits) < 200, "it pauses for ever"

    monkeypatch.setattr(Trainer, "wait", wait)
    disk.on_refusal = refused
    disk.fills_after = 1
    assert fresh_home.train(folder) == 0
    assert folder.status().state == "finished"


@pytest.mark.parametrize("what", ["moved", "removed"])
def test_a_run_whose_folder_is_taken_away_ends(
    what: str, fresh_home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, seconds in (("RETRY", 0.0), ("POLL", 0.01), ("GONE", 0.05)):
        monkeypatch.setattr(room, name, seconds)
    folder = fresh_home.run_folder("gone", steps=1000)
    advance = Trainer.advance

    def taken(trainer: Trainer, progress: float) -> Step:
        if trainer.step == 5:
            if what == "moved":
                folder.path.rename(folder.path.with_name("elsewhere"))
            else:
                shutil.rmtree(folder.path)
        return advance(trainer, progress)

    monkeypatch.setattr(Trainer, "advance", taken)
    assert fresh_home.train(folder) == 1
    assert "was moved or removed, so nothing of this run could be kept" in capsys.readouterr().err
    assert not folder.path.exists()


def test_a_run_whose_disk_is_away_for_a_while_waits_for_it(fresh_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("RETRY", 0.0), ("POLL", 0.01), ("GONE", 0.0)):
        monkeypatch.setattr(room, name, seconds)
    folder = fresh_home.run_folder("away", steps=12)
    models, away = folder.path.parent, fresh_home.root / "away"
    advance, waited = Trainer.advance, Trainer.wait
    rests: list[int] = []

    def unplugged(trainer: Trainer, progress: float) -> Step:
        if trainer.step == 5:
            models.rename(away)
        return advance(trainer, progress)

    def plugged_in(trainer: Trainer) -> None:
        rests.append(1)
        if len(rests) == 5:
            away.rename(models)
        waited(trainer)

    monkeypatch.setattr(Trainer, "advance", unplugged)
    monkeypatch.setattr(Trainer, "wait", plugged_in)
    assert fresh_home.train(folder) == 0
    assert folder.status().state == "finished"


def test_a_killed_trainer_that_waited_for_room_is_told_as_killed(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("killed", steps=12)
    folder.write_status(Status(state="paused", host="elsewhere", started=1.0, error="The disk is full."))
    os.utime(folder.status_path, (1.0, 1.0))
    status = folder.status()
    assert status.state == "failed"
    assert status.error.startswith("The trainer was killed or its machine went away. Resume")
    assert "The disk is full." in status.error


def test_a_trainer_can_be_asked_to_stop_where_its_folder_takes_no_request(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh_home.run_folder("deaf", steps=12)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ModelFolder, "request", refuse)
    with pytest.raises(OSError, match="No space left"):
        launch.ask_to_stop(folder)
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append(pid))
    monkeypatch.setattr(ModelFolder, "status", lambda _: Status(state="training", host=socket.gethostname(), pid=7))
    launch.ask_to_stop(folder)
    assert sent == [7]


def test_a_queue_waits_for_room_instead_of_failing_its_runs(fresh_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fresh_home.run_folder("waits", steps=12)
    enqueue(folder)
    rests: list[int] = []

    def start(folder: ModelFolder) -> int:
        if len(rests) < 3:
            raise InputError("The disk is full: free some space.") from OSError(errno.ENOSPC, "No space left")
        folder.write_status(Status(state="finished"))
        return 1

    monkeypatch.setattr(queueing, "start_trainer", start)

    def rest() -> None:
        assert queue(fresh_home.root) == [folder] or folder.status().state == "queued"
        rests.append(1)

    assert run_queue(fresh_home.root, rest=rest)
    assert len(rests) == 3
    assert folder.status().state == "finished"
