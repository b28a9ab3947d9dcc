"""What each dial does to a distribution, and what a draw does with it."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.errors import InputError
from engine.sampling import Row, discourage, draw_at, shape
from engine.settings import Dials

PROBABILITIES = np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32)
LOGITS: Row = np.log(PROBABILITIES)


def row_of(values: list[float]) -> Row:
    return np.array(values, dtype=np.float32)


logits = st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=40).map(row_of)
dials = st.builds(
    Dials,
    temperature=st.floats(0, 10),
    top_k=st.integers(0, 50),
    top_p=st.floats(0.01, 1.0),
    min_p=st.floats(0, 0.99),
)


def kept(dials: Dials) -> list[int]:
    return [int(i) for i in shape(LOGITS, dials).nonzero()[0]]


@given(logits, dials)
def test_whatever_the_dials_the_result_is_a_distribution_that_keeps_the_likeliest(row: Row, d: Dials) -> None:
    result = shape(row, d)
    assert result.min() >= 0
    assert float(result.sum()) == pytest.approx(1.0, abs=1e-4)
    assert result[row.argmax()] > 0


def test_at_temperature_one_without_filters_the_model_is_left_as_it_is() -> None:
    assert np.allclose(shape(LOGITS, Dials(temperature=1.0)), PROBABILITIES)


def test_a_temperature_raises_probabilities_to_its_inverse_power() -> None:
    powers = PROBABILITIES**2
    assert np.allclose(shape(LOGITS, Dials(temperature=0.5)), powers / powers.sum(), atol=1e-6)


def test_temperature_zero_always_takes_the_likeliest() -> None:
    assert shape(LOGITS, Dials(temperature=0.0)).tolist() == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("temperature", [1e-3, 1e-6, 1e-9, 1e-300])
def test_a_tiny_temperature_does_not_overflow(temperature: float) -> None:
    result = shape(row_of([900.0, 899.0]), Dials(temperature=temperature))
    assert result.tolist() == [1.0, 0.0]


def test_top_k_keeps_the_k_likeliest() -> None:
    assert kept(Dials(temperature=1.0, top_k=2)) == [0, 1]


def test_top_k_keeps_no_more_than_k_where_probabilities_round_to_the_same() -> None:
    row = row_of([0.0, 1e-8, 0.0, 2e-8])
    assert [int(i) for i in shape(row, Dials(temperature=1.0, top_k=1)).nonzero()[0]] == [3]
    assert [int(i) for i in shape(row, Dials(temperature=1.0, top_k=3)).nonzero()[0]] == [0, 1, 3]


def test_top_p_keeps_the_smallest_set_that_reaches_p() -> None:
    assert kept(Dials(temperature=1.0, top_p=0.5)) == [0]
    assert kept(Dials(temperature=1.0, top_p=0.51)) == [0, 1]
    assert kept(Dials(temperature=1.0, top_p=0.94)) == [0, 1, 2]


def test_min_p_keeps_what_is_at_least_that_share_of_the_likeliest() -> None:
    assert kept(Dials(temperature=1.0, min_p=0.25)) == [0, 1, 2]
    assert kept(Dials(temperature=1.0, min_p=0.7)) == [0]


def test_typical_keeps_what_is_nearest_to_the_expected_surprisal_even_without_the_likeliest() -> None:
    # The entropy is 1.14 nats; the four cost 0.69, 1.20, 1.90 and 3.00.
    assert kept(Dials(temperature=1.0, typical=0.2)) == [1]
    assert kept(Dials(temperature=1.0, typical=0.5)) == [0, 1]
    assert kept(Dials(temperature=1.0, typical=0.9)) == [0, 1, 2]


@given(logits, dials, st.floats(0.01, 1.0))
def test_with_typical_too_the_result_is_a_distribution(row: Row, d: Dials, typical: float) -> None:
    result = shape(row, msgspec.structs.replace(d, typical=typical))
    assert result.min() >= 0
    assert float(result.sum()) == pytest.approx(1.0, abs=1e-4)
    without = msgspec.structs.replace(d, top_p=1.0, min_p=0.0)  # which judge what typical leaves
    kept_without = shape(row, without) > 0
    assert kept_without[shape(row, msgspec.structs.replace(without, typical=typical)) > 0].all()


def test_draws_follow_the_distribution() -> None:
    generator = np.random.default_rng(0)
    distribution = PROBABILITIES
    n = 4000
    counts = np.bincount([draw_at(distribution[None], generator.random(1))[0] for _ in range(n)], minlength=4)
    for count, p in zip(counts.tolist(), distribution.tolist(), strict=True):
        assert abs(count - n * p) < 5 * math.sqrt(n * p * (1 - p))


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_a_token_without_probability_is_never_drawn(seed: int, size: int) -> None:
    weights = np.zeros(size, dtype=np.float32)
    weights[seed % size] = 1.0
    assert draw_at(weights[None], np.random.default_rng(seed).random(1))[0] == seed % size


@pytest.mark.parametrize(
    "wrong",
    [
        Dials(repetition=0.5),
        Dials(temperature=-1),
        Dials(temperature=math.nan),
        Dials(top_p=0.0),
        Dials(min_p=1.0),
        Dials(top_k=-1),
        Dials(typical=0.0),
    ],
)
def test_a_dial_out_of_range_is_refused_by_name(wrong: Dials) -> None:
    with pytest.raises(InputError, match=r"repetition|temperature|top-p|min-p|top-k|typical"):
        wrong.check()


rows = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.lists(st.floats(-9, 9, width=32), min_size=n, max_size=n), min_size=1, max_size=5)
)


@given(rows, dials)
def test_many_rows_are_shaped_as_each_alone(lists: list[list[float]], d: Dials) -> None:
    block = np.array(lists, dtype=np.float32)
    assert np.allclose(shape(block, d), np.stack([shape(row, d) for row in block]), atol=1e-6)


def test_draws_from_many_rows_follow_each_rows_distribution() -> None:
    n = 4000
    block = np.tile(np.stack((PROBABILITIES, row_of([0.0, 1.0, 0.0, 0.0]))), (n, 1))
    drawn = draw_at(block, np.random.default_rng(0).random(len(block)))
    assert (drawn[1::2] == 1).all()
    counts = np.bincount(drawn[::2], minlength=4)
    for count, p in zip(counts.tolist(), block[0].tolist(), strict=True):
        assert abs(count - n * p) < 5 * math.sqrt(n * p * (1 - p))


def test_a_token_that_came_a_moment_ago_is_so_many_times_less_likely() -> None:
    odds = shape(discourage(LOGITS + np.float32(7.0), [1, 1, 2], Dials(repetition=3.0)), Dials(temperature=1.0))
    wanted = PROBABILITIES / row_of([1.0, 3.0, 3.0, 1.0])
    assert np.allclose(odds, wanted / wanted.sum())


def test_without_a_penalty_the_logits_are_left_as_they_are() -> None:
    assert discourage(LOGITS, [1, 2], Dials()) is LOGITS
