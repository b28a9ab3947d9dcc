"""Requests to a running trainer: in their order, none lost, whenever it looks."""

import time
from pathlib import Path

import msgspec
import pytest
import torch

from corpora.files import append_line
from engine.checkpoint import load_resume
from engine.control import Control
from engine.folder import ModelFolder
from engine.records import ControlLine, Request
from engine.training import Trainer
from engine.weights import load_weights
from tests.engine.conftest import Home


def asked(tmp_path: Path, *requests: Request) -> Control:
    folder = ModelFolder(tmp_path)
    for request in requests:
        folder.request(request)
    return Control(folder)


def test_a_look_for_a_stop_leaves_everything_else_to_be_done(tmp_path: Path) -> None:
    control = asked(tmp_path, "pause", "checkpoint")
    assert not control.stop_asked()
    assert control.requests() == ["pause", "checkpoint"]
    assert control.requests(now=True) == []


def test_what_is_kept_comes_before_what_is_asked_later(tmp_path: Path) -> None:
    control = asked(tmp_path, "checkpoint")
    control.keep(control.requests())
    ModelFolder(tmp_path).request("stop")
    assert control.requests(now=True) == ["checkpoint", "stop"]


def test_what_was_asked_of_an_earlier_trainer_is_history(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path)
    assert folder.asked() == 0
    folder.request("stop")
    control = Control(folder, folder.asked())
    folder.request("pause")
    assert control.requests() == ["pause"]


@pytest.mark.parametrize("wrong", [-3600.0, 3600.0])
def test_a_request_counts_whatever_the_clock_of_who_asks(
    fresh_home: Home, wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh_home.run_folder("poet", steps=24)
    append_line(folder.control_path, ControlLine(request="stop", time=time.time() + 3600.0))  # of an earlier trainer
    monkeypatch.setattr("engine.control.POLL", 0.0)
    advance = Trainer.advance

    def ask_then_advance(trainer: Trainer, progress: float) -> object:
        if trainer.step == 9:
            append_line(folder.control_path, ControlLine(request="stop", time=time.time() + wrong))
        return advance(trainer, progress)

    monkeypatch.setattr(Trainer, "advance", ask_then_advance)
    assert fresh_home.train(folder) == 0
    assert (folder.status().state, folder.status().step) == ("stopped", 10)


@pytest.mark.parametrize(
    ("requests", "state", "steps"),
    [
        (("pause", "stop"), "stopped", 10),
        (("pause", "resume"), "finished", 24),
        (("pause", "pause", "resume"), "finished", 24),
        (("pause", "resume", "checkpoint", "stop"), "stopped", 10),
    ],
)
def test_what_was_asked_before_a_pause_was_seen_still_counts(
    requests: tuple[Request, ...], state: str, steps: int, fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh_home.run_folder("poet", steps=24)
    monkeypatch.setattr("engine.control.POLL", 0.0)
    monkeypatch.setattr("engine.run.POLL", 0.0)
    advance = Trainer.advance

    def ask_then_advance(trainer: Trainer, progress: float) -> object:
        if trainer.step == 9:
            for request in requests:
                folder.request(request)
        return advance(trainer, progress)

    monkeypatch.setattr(Trainer, "advance", ask_then_advance)
    assert fresh_home.train(folder) == 0
    assert (folder.status().state, folder.status().step) == (state, steps)


def test_a_pause_asked_for_while_a_run_is_prepared_is_kept_for_its_first_step(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh_home.run_folder("poet", steps=4)
    monkeypatch.setattr("engine.control.POLL", 0.0)
    monkeypatch.setattr("engine.run.POLL", 0.0)
    states: list[str] = []
    monkeypatch.setattr("engine.recording.Recorder.say", asking_once(folder, "pause"))
    monkeypatch.setattr("engine.recording.Recorder.state", noting(states, folder))
    assert fresh_home.train(folder) == 0
    assert states == ["training", "paused", "training", "finished"]


def asking_once(folder: ModelFolder, request: Request) -> object:
    """In place of `Recorder.say`: asks when the first thing is said, which is while the run is prepared."""
    left = [request]

    def say(recorder: object, message: str) -> None:
        while left:
            folder.request(left.pop())

    return say


def noting(states: list[str], folder: ModelFolder) -> object:
    """In place of `Recorder.state`, which it calls: notes each state, and ends a pause."""
    from engine.recording import Recorder

    change = Recorder.state

    def state(recorder: Recorder, state: str, **said: str) -> None:
        states.append(state)
        change(recorder, state, **said)  # type: ignore[arg-type]
        if state == "paused":
            folder.request("resume")

    return state


def test_a_stop_keeps_in_mind_how_good_the_weights_are_that_it_kept(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("poet", steps=100)
    record = folder.record()
    training = msgspec.structs.replace(record.training, steps=None, minutes=10.0)
    folder.write_record(msgspec.structs.replace(record, training=training))
    assert fresh_home.train(folder, stop_after=40) == 0
    _, note = load_weights(folder, folder.record().model, torch.device("cpu"))
    assert note.step == 40  # of the evaluation that closes the run, which is on no schedule
    resume, _ = load_resume(folder)
    assert resume.best == pytest.approx(note.validation_loss)
