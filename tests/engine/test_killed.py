"""A run that was killed goes on as if it hadn't been: with the same weights, and never with worse ones than it had."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest
import torch

from engine.evaluation import Losses
from engine.folder import ModelFolder
from engine.judging import Judge
from engine.records import Results
from engine.rollback import Vitals
from engine.run import Run
from engine.training import Step, Trainer
from engine.weights import WeightsNote, load_weights
from tests.engine.conftest import Home
from tests.engine.test_run import same_weights

KILL = """
import os, signal, sys
from engine import trainer
from engine.training import Trainer
advance = Trainer.advance
def dying(self, progress):
    if self.step == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return advance(self, progress)
Trainer.advance = dying
trainer.main([sys.argv[1]])
"""


class Killed(BaseException):
    """What no handler of the trainer's catches: as if the process had ended just there."""


@contextmanager
def killed_at(step: int, before: dict[int, Callable[[], object]]) -> Iterator[None]:
    """A trainer inside the block is killed when so many steps are taken; after some, other things happen first."""
    advance = Trainer.advance

    def dying(self: Trainer, progress: float) -> Step:
        if self.step == step:
            raise Killed
        if self.step in before:
            before[self.step]()
        return advance(self, progress)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Trainer, "advance", dying)
        patch.setattr("engine.control.POLL", 0.0)
        yield


def note(folder: ModelFolder) -> WeightsNote:
    return load_weights(folder, folder.record().model, torch.device("cpu"))[1]


def results(folder: ModelFolder) -> Results:
    """Without what the clock says."""
    found = folder.record().results
    assert found is not None
    return msgspec.structs.replace(found, elapsed=0.0)


def curve(folder: ModelFolder) -> list[tuple[int, float | None, float | None]]:
    return [(line.step, line.loss, line.validation_loss) for line in folder.metrics().read_all()]


def test_a_process_that_was_killed_and_resumed_trains_what_an_uninterrupted_one_does(fresh_home: Home) -> None:
    whole, folder = (fresh_home.run_folder(name, steps=40, ema=0.9, sample_length=0) for name in ("whole", "killed"))
    assert fresh_home.train(whole) == 0
    assert fresh_home.train(folder, stop_after=13) == 0
    died = subprocess.run([sys.executable, "-P", "-c", KILL, str(folder.path), "29"], check=False, timeout=60)
    assert died.returncode == -9
    assert note(folder).step > 13  # better weights than the checkpoint knows of
    assert fresh_home.train(folder) == 0
    assert same_weights(whole, folder)
    assert results(whole) == results(folder)
    assert curve(whole) == curve(folder)


@pytest.mark.parametrize("lost", [False, True])
def test_a_run_goes_back_to_the_weights_that_it_had_though_it_was_killed_after_better_ones(
    lost: bool, fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explodes(vitals: Vitals) -> bool:
        return vitals.steps == 13

    monkeypatch.setattr("engine.run.exploded", explodes)
    whole, folder = (fresh_home.run_folder(name, steps=40, sample_length=0) for name in ("whole", "killed"))
    assert fresh_home.train(whole) == 0
    with killed_at(19, {11: lambda: folder.request("checkpoint")}):
        fresh_home.train(folder)
    assert folder.resume_path.exists() and note(folder).step > 12
    if lost:
        folder.weights_path.unlink()
    assert fresh_home.train(folder, stop_after=1) == 0
    assert note(folder).step <= 13
    assert fresh_home.train(folder) == 0
    assert same_weights(whole, folder)
    assert results(whole) == results(folder)
    assert curve(whole) == curve(folder)


def test_weights_that_a_budget_in_minutes_found_after_its_last_checkpoint_are_kept(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fresh_home.run_folder("hasty", steps=1, sample_length=0, ema=0.0)
    record = folder.record()
    training = msgspec.structs.replace(record.training, steps=None, minutes=10.0)
    folder.write_record(msgspec.structs.replace(record, training=training))
    found = {4: 3.0, 8: 2.0, 12: 2.5}  # by step
    monkeypatch.setattr(Run, "_evaluation_is_due", lambda run: run.trainer.step in found)
    monkeypatch.setattr(Judge, "_losses", lambda judge: Losses(found.get(judge.trainer.step, 2.7)))
    with killed_at(10, {5: lambda: folder.request("checkpoint")}):
        fresh_home.train(folder)
    assert (note(folder).step, note(folder).validation_loss) == (8, 2.0)
    found_after = next(line.elapsed for line in folder.metrics().read_all() if line.step == 8)
    weights = folder.weights_path.read_bytes()
    del found[8]
    assert fresh_home.train(folder, stop_after=8) == 0
    assert folder.weights_path.read_bytes() == weights
    after = folder.record().results
    assert after is not None and (after.step, after.elapsed) == (8, found_after)


def test_best_weights_that_somebody_removed_are_written_again(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("robbed", steps=20, sample_length=0)
    kept: list[WeightsNote] = []

    def rob() -> None:
        kept.append(note(folder))
        folder.weights_path.unlink()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Judge, "_losses", lambda judge: Losses(2.0 + judge.trainer.step))  # ever worse
        with killed_at(9, {6: rob}):
            fresh_home.train(folder)
    assert note(folder) == kept[0] and kept[0].step == 1
