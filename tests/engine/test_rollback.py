"""What becomes of a run whose loss explodes, that learns nothing more, or that has an average to keep."""

import dataclasses
import math
from types import SimpleNamespace

import msgspec
import pytest
import torch

from engine.judging import Judge
from engine.lines import Evaluation
from engine.records import MetricsLine
from engine.rollback import STAY, Vitals, exploded, limit, observe
from engine.run import RETURNS
from engine.training import Step, Trainer
from tests.engine.conftest import Home


def after(losses: list[float]) -> Vitals:
    vitals = Vitals()
    for loss in losses:
        vitals = observe(vitals, loss, skipped=not math.isfinite(loss))
    return vitals


def test_a_loss_that_leaps_up_and_stays_has_exploded_and_one_that_comes_back_has_not() -> None:
    good = [3.0 - 0.01 * step for step in range(150)]
    high = 2 * limit(3.0)
    assert exploded(after([*good, *[high] * STAY]))
    assert not exploded(after([*good, *[high] * (STAY - 1)]))
    assert not exploded(after([*good, *[high] * (STAY - 1), 1.6, *[high] * (STAY - 1)]))


def test_steps_that_are_not_finite_count_as_exploded_from_the_first_on() -> None:
    assert exploded(after([math.nan] * STAY))
    assert exploded(after([3.0, math.inf, *[math.nan] * (STAY - 1)]))


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_an_ordinary_bad_run_is_no_explosion(noise: float) -> None:
    losses = [3.3 * math.exp(-step / 200) + 1.2 + noise * math.sin(step) for step in range(1000)]
    assert not exploded(after(losses))
    assert not exploded(after([*losses, *[1.6] * 500]))  # worse than it was, but no wreck


def test_a_rectifier_driven_to_explode_comes_back_with_smaller_and_smaller_rates(
    fresh_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fresh_home.run_folder(
        "wild", steps=600, cell="rnn-relu", identity=True, learning_rate=30.0, clip=1e5, sample_length=0
    )
    assert fresh_home.train(folder) == 0, folder.log_path.read_text()
    record, lines = folder.record(), folder.metrics().read_all()
    returns = [notice for notice in record.notices if "half the learning rate" in notice]
    assert 1 <= len(returns) <= RETURNS
    assert min(line.learning_rate for line in lines if line.step > 300) < 30.0 / 2 ** len(returns)
    assert record.results is not None and lines[0].loss is not None
    assert record.results.validation_loss < lines[0].loss
    assert capsys.readouterr().err.count("half the learning rate") == len(returns)  # the trainer's stderr is its log


def test_a_run_that_learns_nothing_more_ends_before_its_budget_where_it_has_patience(fresh_home: Home) -> None:
    # A high rate without any decay: the short text is soon known by heart, and the validation loss rises.
    folder = fresh_home.run_folder("tired", steps=2000, patience=2, learning_rate=5e-2, weight_decay=0.0)
    assert fresh_home.train(folder) == 0, folder.log_path.read_text()
    status, record = folder.status(), folder.record()
    assert status.state == "finished"
    assert status.step < 2000
    assert any("nothing better" in notice for notice in record.notices)
    evaluations = [line for line in folder.metrics().read_all() if line.validation_loss is not None]
    assert [line.best for line in evaluations[-3:]] == [True, False, False]


def test_the_better_of_weights_and_their_average_is_kept(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("average", steps=200, ema=0.98, learning_rate=3e-2)
    assert fresh_home.train(folder) == 0, folder.log_path.read_text()
    lines = [line for line in folder.metrics().read_all() if line.validation_loss is not None]
    for line in lines:
        assert line.validation_loss == min(both(line))
    best = min(lines, key=lambda line: line.validation_loss or math.inf)
    results = folder.record().results
    assert results is not None
    assert results.step == best.step
    assert results.validation_loss == pytest.approx(best.validation_loss, rel=0.02)
    # A high rate leaves the weights noisy: their average has to have been better at least once, or it is no use.
    assert any(averaged < raw for raw, averaged in map(both, lines))


def test_a_run_whose_loss_never_was_finite_says_so(fresh_home: Home) -> None:
    folder = fresh_home.run_folder("hopeless", steps=30, cell="rnn-relu", learning_rate=1e4, clip=1e5, identity=True)
    assert fresh_home.train(folder) == 1
    assert "lower learning rate" in folder.status().error
    assert folder.record().results is None


def test_weights_that_are_no_numbers_are_never_kept(fresh_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    advance = Trainer.advance

    def spoiled(self: Trainer, progress: float) -> Step:
        with torch.no_grad():
            self.parameters[0][0, 0] = math.nan
        return advance(self, progress)

    monkeypatch.setattr(Trainer, "advance", spoiled)
    folder = fresh_home.run_folder("spoiled", steps=30, batch=8, length=16, sample_length=0)
    assert fresh_home.train(folder) == 1
    assert "lower learning rate" in folder.status().error
    assert not folder.weights_path.exists()


@pytest.mark.parametrize("what", ["weights", "states", "moments"])
def test_a_number_that_is_none_in_the_middle_of_a_run_is_outlived(
    what: str, fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = Trainer.advance

    def spoiled(self: Trainer, progress: float) -> Step:
        if self.step == 30:
            weights = self.parameters[1]
            places: dict[str, list[torch.Tensor]] = {
                "weights": [weights],
                "states": self.carried.tensors(),
                "moments": [self.optimizer.state[weights]["exp_avg"]],
            }
            with torch.no_grad():
                for each in places[what]:
                    each.view(-1)[0] = math.nan
        return advance(self, progress)

    monkeypatch.setattr(Trainer, "advance", spoiled)
    folder = fresh_home.run_folder("spoiled", steps=160, batch=8, length=16, ema=0.9, sample_length=0)
    assert fresh_home.train(folder) == 0, folder.log_path.read_text()
    record, lines = folder.record(), folder.metrics().read_all()
    assert record.results is not None and record.results.step > 80  # it went on to better weights than before
    assert lines[-1].loss is not None and lines[-1].averaged_validation_loss is not None
    if what in ("weights", "moments"):
        assert "half the learning rate" in record.notices[-1]


def test_a_side_that_explodes_alone_is_noticed(fresh_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    advance = Trainer.advance

    def spoiled(self: Trainer, progress: float) -> Step:
        step = advance(self, progress)
        if self.step < 60:
            return step
        return dataclasses.replace(step, losses={**step.losses, "back": 1e3})

    monkeypatch.setattr(Trainer, "advance", spoiled)
    folder = fresh_home.run_folder(
        "lopsided", steps=130, batch=4, length=8, hidden=16, bidirectional=True, sample_length=0
    )
    assert fresh_home.train(folder) == 0, folder.log_path.read_text()
    assert "half the learning rate" in folder.record().notices[-1]


def test_a_short_text_is_judged_while_it_is_not_known_by_heart_yet(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0  # a clock of its own: a step takes a hundredth of a second, an evaluation a twentieth
    advance, evaluate = Trainer.advance, Judge.evaluate

    def stepping(self: Trainer, progress: float) -> Step:
        nonlocal now
        now += 0.01
        return advance(self, progress)

    def judging(self: Judge, elapsed: float) -> Evaluation:
        nonlocal now
        now += 0.05
        return evaluate(self, elapsed)

    monkeypatch.setattr(Trainer, "advance", stepping)
    monkeypatch.setattr(Judge, "evaluate", judging)
    for module in ("run", "stopwatch"):
        monkeypatch.setattr(f"engine.{module}.time", SimpleNamespace(monotonic=lambda: now))
    folder = fresh_home.run_folder("short", steps=1, sample_length=0, ema=0.0)
    record = folder.record()
    # Three seconds, of which the rate follows its schedule in the first quarter.
    training = msgspec.structs.replace(record.training, steps=None, minutes=0.05, horizon=0.25)
    folder.write_record(msgspec.structs.replace(record, training=training))
    assert fresh_home.train(folder) == 0, folder.log_path.read_text()
    judged = [line.elapsed for line in folder.metrics().read_all() if line.validation_loss is not None]
    assert judged[0] < 0.1
    assert len([at for at in judged if at < 1.5]) >= 6
    assert len([at for at in judged if at >= 1.5]) <= 3


def both(line: MetricsLine) -> tuple[float, float]:
    assert line.raw_validation_loss is not None and line.averaged_validation_loss is not None
    return line.raw_validation_loss, line.averaged_validation_loss
