"""The cutting of a text into parallel streams, and the schedule over a budget."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.schedule import Budget, learning_rate, momentum
from engine.settings import Schedule, TrainingConfig
from engine.shapes import MIN_STEPS, Shape, fit
from engine.streams import Streams


def test_each_stream_reads_its_stretch_as_one_text_and_targets_are_the_next_tokens() -> None:
    tokens = np.arange(41, dtype=np.uint16)
    streams = Streams(tokens, Shape(batch=4, length=3), seed=0)
    read = [streams.next().ahead for _ in range(streams.steps_per_epoch)]
    for stream in range(4):
        inputs = [int(i) for block in read for i in block[:-1, stream]]
        assert inputs == list(range(stream * 10, stream * 10 + len(inputs)))
    for block in read:
        assert (block[1:] == (block[:-1] + 1) % 41).all()


def test_a_bidirectional_model_reads_each_stream_from_both_ends_and_beyond_its_window() -> None:
    tokens = np.arange(41, dtype=np.uint16)
    streams = Streams(tokens, Shape(batch=4, length=3), seed=0, beyond=2)
    read = [streams.next() for _ in range(streams.steps_per_epoch)]
    for stream in range(4):
        backwards = [int(i) for windows in read if windows.back is not None for i in windows.back[:-1, stream]]
        assert backwards == list(range(stream * 10 + 9, stream * 10 + 9 - len(backwards), -1))
    for windows in read:
        assert windows.back is not None and windows.beyond is not None
        assert (windows.back[1:] == (windows.back[:-1] - 1) % 41).all()
        assert (torch.cat((windows.ahead, windows.beyond)).diff(dim=0) % 41 == 1).all()


def test_two_ranks_read_together_what_one_reads_with_twice_the_batch() -> None:
    tokens = np.random.default_rng(1).integers(0, 99, 400).astype(np.uint16)
    whole = Streams(tokens, Shape(batch=4, length=5), seed=2, beyond=3)
    halves = [Streams(tokens, Shape(batch=4, length=5), seed=2, beyond=3, rank=rank, ranks=2) for rank in range(2)]
    for _ in range(50):
        expected, (one, two) = whole.next(), (half.next() for half in halves)
        for name in ("ahead", "back", "beyond"):
            assert torch.equal(getattr(expected, name), torch.cat((getattr(one, name), getattr(two, name)), dim=1))


def test_every_epoch_after_the_first_begins_at_another_place() -> None:
    streams = Streams(np.arange(1000, dtype=np.uint16), Shape(batch=4, length=10), seed=3)
    starts = []
    for _ in range(4):
        assert streams.at_epoch_start()
        starts.append(int(streams.next().ahead[0, 0]))
        while not streams.at_epoch_start():
            streams.next()
    assert starts[0] == 0
    assert len(set(starts)) == 4


def test_seeking_to_a_place_gives_the_batches_that_followed_it() -> None:
    tokens = np.random.default_rng(0).integers(0, 50, 500).astype(np.uint16)
    streams, again = (Streams(tokens, Shape(batch=3, length=7), seed=5) for _ in range(2))
    for _ in range(40):
        streams.next()
    again.seek(streams.epoch, streams.column)
    for _ in range(60):
        assert torch.equal(streams.next().ahead, again.next().ahead)


@given(st.integers(3, 100_000), st.integers(1, 512), st.integers(1, 512))
def test_a_fitted_shape_never_exceeds_what_was_asked_nor_what_the_text_can_feed(n: int, b: int, t: int) -> None:
    shape = fit(n, b, t)
    assert 1 <= shape.batch <= b
    assert 1 <= shape.length <= t
    assert shape.batch * shape.length * MIN_STEPS <= max(n - 1, MIN_STEPS)


def test_a_long_text_keeps_the_shape_that_was_asked_for() -> None:
    assert fit(1_000_000, 16, 48) == Shape(16, 48)


def test_the_rate_warms_up_to_its_peak_and_falls_to_its_final_share() -> None:
    config = TrainingConfig(steps=10, learning_rate=1.0, warmup=0.1, final_learning_rate=0.02)
    assert learning_rate(config, 0.0) == pytest.approx(0.01)
    assert learning_rate(config, 0.05) == pytest.approx(0.5)
    assert learning_rate(config, 0.1) == pytest.approx(1.0)
    assert learning_rate(config, 1.0) == pytest.approx(0.02)
    rates = [learning_rate(config, x / 100) for x in range(10, 101)]
    assert rates == sorted(rates, reverse=True)


def test_a_budget_counts_steps_or_seconds_but_never_both() -> None:
    steps = Budget.of(TrainingConfig(steps=200))
    assert steps.progress(50, elapsed=1e9) == 0.25
    assert steps.remaining(50, 0.0, seconds_per_step=2.0) == 300.0
    minutes = Budget.of(TrainingConfig(minutes=2))
    assert minutes.progress(10**9, elapsed=30.0) == 0.25
    assert minutes.remaining(1, 30.0, seconds_per_step=99.0) == 90.0
    assert minutes.progress(1, elapsed=500.0) == 1.0


def test_one_cycle_rises_for_three_tenths_and_momentum_goes_the_other_way() -> None:
    config = TrainingConfig(steps=10, learning_rate=1.0, schedule="one-cycle", final_learning_rate=0.01, beta1=0.95)
    points = [n / 100 for n in range(101)]
    rates = [learning_rate(config, point) for point in points]
    momenta = [momentum(config, point) for point in points]
    assert rates[0] == pytest.approx(1 / 25)
    assert max(rates) == rates[30] == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0.01)
    assert momenta[0] == momenta[100] == pytest.approx(0.95)
    assert min(momenta) == momenta[30] == pytest.approx(0.85)
    assert momentum(TrainingConfig(steps=10, beta1=0.9), 0.3) == 0.9


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle"])
def test_a_schedule_with_a_horizon_ends_there_and_stays(schedule: Schedule) -> None:
    whole = TrainingConfig(steps=10, learning_rate=1.0, schedule=schedule, final_learning_rate=0.02)
    half = TrainingConfig(steps=10, learning_rate=1.0, schedule=schedule, final_learning_rate=0.02, horizon=0.5)
    for point in (0.0, 0.01, 0.1, 0.25, 0.5):
        assert learning_rate(half, point) == pytest.approx(learning_rate(whole, 2 * point))
        assert momentum(half, point) == pytest.approx(momentum(whole, 2 * point))
    assert learning_rate(half, 0.8) == learning_rate(half, 0.5) == pytest.approx(0.02)
