"""What the one dial decides."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.errors import InputError
from engine.estimates import estimate
from engine.parameters import layer_weights
from engine.presets import ADAPTIVE_FROM, CHARACTERS_PER_TOKEN, SETTLING, SPEED, plan, token_seconds
from engine.reasons import ENOUGH
from engine.settings import UNITS, ModelConfig, Unit
from engine.speed import Speed


@given(
    st.integers(200, 10**9),
    st.sampled_from(UNITS),
    st.one_of(st.tuples(st.floats(0.05, 6000), st.none()), st.tuples(st.none(), st.integers(1, 10**7))),
)
def test_every_text_and_budget_gets_settings_that_work_and_reasons(
    characters: int, unit: Unit, budget: tuple[float | None, int | None]
) -> None:
    made = plan(characters=characters, unit=unit, minutes=budget[0], steps=budget[1])
    made.model.check()
    made.training.check()
    assert str(made.model.hidden) in made.reasons[0]
    assert len(made.reasons) >= 2


def test_a_larger_budget_never_plans_a_smaller_model() -> None:
    sizes = [
        (made.model.layers * made.model.hidden**2)
        for made in (plan(characters=10**6, minutes=m) for m in (0.5, 1, 2, 5, 10, 20, 45, 120, 480))
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_a_text_read_more_often_gets_more_dropout() -> None:
    rare, often = (plan(characters=n, minutes=20).model.dropout for n in (50_000_000, 300_000))
    assert rare < often


def test_what_goes_into_the_first_layer_is_dropped_of_words_and_not_of_letters() -> None:
    assert plan(characters=300_000, minutes=20).model.drop("input") == 0.0
    assert plan(characters=300_000, minutes=20).model.drop("output") > 0.0
    assert plan(characters=300_000, minutes=20, alphabet=3000).model.drop("input") > 0.0  # Chinese characters
    assert plan(characters=300_000, unit="word", minutes=20).model.drop("input") > 0.0
    assert plan(characters=300_000, minutes=20, dropout=0.3).model.drop("input") == 0.3  # as it was asked for
    assert plan(characters=300_000, minutes=20, input_dropout=0.2).model.drop("input") == 0.2


def test_more_weights_for_the_same_readings_get_more_dropout() -> None:
    narrow, wide = (plan(characters=10**6, steps=13_000, hidden=hidden).model.dropout for hidden in (320, 640))
    assert 0.0 < narrow < wide


def test_two_minutes_of_characters_get_the_lstm_that_measured_best() -> None:
    made = plan(characters=1_115_394, minutes=2)
    assert (made.model.cell, made.model.layers, made.model.hidden, made.model.dropout) == ("lstm", 1, 384, 0.0)


def test_where_a_text_is_short_the_rate_settles_before_the_budget_is_spent() -> None:
    made = plan(characters=20_000, minutes=60)
    assert made.training.minutes == 60
    assert made.training.horizon < 0.2
    assert any("is enough" in reason for reason in made.reasons)
    assert plan(characters=10**7, minutes=60).training.horizon == 1.0
    assert plan(characters=20_000, minutes=60, horizon=0.5).training.horizon == 0.5


@pytest.mark.parametrize(("characters", "minutes"), [(2_000, 1), (2_000, 480), (20_000, 5), (200_000, 480)])
def test_the_rate_settles_after_forty_readings_or_twenty_seconds(characters: int, minutes: float) -> None:
    made = plan(characters=characters, minutes=minutes)
    seconds = token_seconds(made.model, made.model.vocabulary or 110, SPEED, "auto", made.training.batch)
    forty = ENOUGH * seconds * 0.9 * characters
    assert 60.0 * minutes * made.training.horizon == pytest.approx(max(forty, SETTLING), rel=0.1)


def test_steps_of_a_tiny_text_are_counted_as_large_as_it_can_feed() -> None:
    made = plan(characters=2000, unit="word", steps=200)
    tokens = 0.9 * 2000 / CHARACTERS_PER_TOKEN["word"]  # some 620, which 6 streams of 48 read in two steps
    readings = 200 * 6 * 48 / tokens
    assert made.training.horizon == pytest.approx(ENOUGH / readings)
    assert estimate(made.model, made.training, characters=2000).epochs == pytest.approx(readings)


def test_a_run_that_has_more_time_than_its_text_can_use_may_end_before_it() -> None:
    made = plan(characters=20_000, minutes=60)
    assert made.training.patience > 0
    assert any(reason.startswith("Ends before its time") for reason in made.reasons)
    for other in (
        plan(characters=20_000, minutes=60, patience=0),
        plan(characters=20_000, steps=100_000),
        plan(characters=10**7, minutes=60),
    ):
        assert other.training.patience == 0
        assert not any(reason.startswith("Ends before its time") for reason in other.reasons)


def test_values_are_clipped_at_far_less_than_a_norm_is() -> None:
    norm, value, own = (
        plan(characters=10**6, minutes=2, **chosen).training.clip
        for chosen in ({}, {"clip_by": "value"}, {"clip_by": "value", "clip": 3.0})
    )
    assert (norm, own) == (1.0, 3.0)
    assert 0.02 < value < 0.5


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"residual": True, "layers": 1}, "No residual connection"),
        ({"layer_dropout": 0.2, "layers": 1}, "No dropout between layers"),
        ({"warmup": 0.1, "schedule": "one-cycle"}, "No warm-up of its own"),
        ({"precision": "bf16", "cell": "gru"}, "bfloat16 in large output layers only"),
    ],
)
def test_a_setting_that_changes_nothing_is_said_to(chosen: dict[str, Any], said: str) -> None:
    reasons = plan(characters=10**6, minutes=2, **chosen).reasons
    assert reasons[-1].startswith(said)
    assert all(len(reason) <= 75 for reason in reasons)  # which is a line of the form
    used: tuple[dict[str, Any], ...] = (
        {"residual": True, "layers": 2},
        {"residual": True, "layers": 1, "hidden": 64, "embedding": 64},
        {"layer_dropout": 0.2, "layers": 2},
        {"warmup": 0.1},
        {"precision": "bf16", "cell": "lstm"},
    )
    for other in used:
        assert not any(reason.startswith(said) for reason in plan(characters=10**6, minutes=2, **other).reasons)


def test_a_faster_machine_plans_a_larger_model_for_the_same_budget() -> None:
    slow, fast = (plan(characters=10**7, minutes=10, speed=Speed(speed)).model.hidden for speed in (2e10, 5e12))
    assert slow < fast


def test_a_machine_that_trains_quicker_in_bfloat16_plans_a_larger_lstm_and_says_so() -> None:
    usual, quick = (plan(characters=10**7, minutes=10, speed=speed) for speed in (Speed(1e11), Speed(1e11, 4e11)))
    assert usual.model.hidden < quick.model.hidden
    said = [reason for reason in quick.reasons if reason.startswith("bfloat16 in the layers")]
    assert len(said) == 1
    assert not {*said} & {*usual.reasons}
    assert plan(characters=10**6, minutes=10, unit="word", speed=Speed(1e11, 4e11)).model.cell == "lstm"
    assert plan(characters=10**6, minutes=10, unit="word", speed=Speed(1e11)).model.cell == "gru"
    choices: tuple[dict[str, Any], ...] = ({"precision": "float32"}, {"cell": "gru"})
    for chosen in choices:
        made = plan(characters=10**7, minutes=10, speed=Speed(1e11, 4e11), **chosen)
        assert made.model == plan(characters=10**7, minutes=10, speed=Speed(1e11), **chosen).model
        assert not {*said} & {*made.reasons}


def test_a_gpu_that_mostly_waits_reads_as_often_with_a_wider_model_and_plans_it() -> None:
    # A step of 16 x 48 takes 10 ms in any layer, which computing hardly adds to.
    waiting = Speed(1e14, latency=0.01 / 48)
    tokens = {
        hidden: 1.0 / token_seconds(ModelConfig(cell="lstm", hidden=hidden), 110, waiting, "auto", 16)
        for hidden in (256, 1024)
    }
    assert tokens[256] == pytest.approx(16 * 48 / 0.01, rel=0.05)
    assert tokens[1024] == pytest.approx(tokens[256], rel=0.05)
    # The same small model on a device that is said to compute as slowly as it starts its kernels.
    slow = Speed(tokens[256] * 6 * layer_weights(ModelConfig(cell="lstm", hidden=256)))
    quick, before = (plan(characters=10**8, minutes=60, speed=speed).model for speed in (waiting, slow))
    assert (quick.hidden, quick.layers) > (before.hidden, before.layers)


def test_an_alphabet_of_thousands_is_treated_as_words_are() -> None:
    latin, chinese = (plan(characters=10**6, minutes=2, alphabet=size).model for size in (90, 6000))
    assert (latin.tied, chinese.tied) == (False, True)
    assert chinese.embedding == chinese.hidden


def test_a_vocabulary_as_large_as_the_benchmark_says_gets_the_adaptive_softmax() -> None:
    small, large = (
        plan(characters=10**7, unit="word", minutes=10, vocabulary_cap=cap) for cap in (5_000, ADAPTIVE_FROM)
    )
    assert (small.model.softmax, small.model.tied) == ("full", True)
    assert (large.model.softmax, large.model.tied) == ("adaptive", False)
    kept = plan(characters=10**7, unit="word", minutes=10, vocabulary_cap=ADAPTIVE_FROM, tied=True)
    assert (kept.model.softmax, kept.model.tied) == ("full", True)


def test_a_setting_that_does_not_exist_is_our_mistake_and_one_of_the_wrong_kind_the_person_s() -> None:
    with pytest.raises(TypeError, match="hiden"):
        plan(characters=10**6, minutes=2, hiden=3)
    with pytest.raises(InputError, match="wrong kind"):
        plan(characters=10**6, minutes=2, hidden="wide")


def test_what_the_person_sets_is_kept() -> None:
    made = plan(characters=10**6, minutes=2, cell="lstm", layers=3, hidden=77, seed=9)
    assert (made.model.cell, made.model.layers, made.model.hidden, made.training.seed) == ("lstm", 3, 77, 9)


def test_each_choice_has_its_reason_and_what_the_person_set_has_none() -> None:
    ours = " ".join(plan(characters=10**6, minutes=20).reasons)
    for choice in ("512 units", "1 layer:", "LSTM cell:", "ropout", "16 streams", "48 tokens", "Learning rate up to"):
        assert choice in ours
    assert all(len(reason) <= 75 for reason in plan(characters=10**6, minutes=20).reasons)
    theirs = plan(characters=10**6, minutes=20, cell="gru", dropout=0.3, learning_rate=1e-3, batch=8, layers=1).reasons
    assert [reason.partition(" ")[0] for reason in theirs] == [str(made_width(theirs)), "The", "48"]


def made_width(reasons: tuple[str, ...]) -> int:
    return int(reasons[0].split(" units wide")[0])


@pytest.mark.parametrize(
    ("characters", "minutes", "why"),
    [
        (10**7, 5, "what 5 minutes can train well here"),
        (60_000, 120, "what 60 thousand characters teach"),
        (10**6, 0.01, "the least that learns"),
    ],
)
def test_the_width_says_whether_time_or_text_keep_it_from_being_larger(
    characters: int, minutes: float, why: str
) -> None:
    assert why in plan(characters=characters, minutes=minutes).reasons[0]


def test_the_largest_model_that_is_planned_says_that_it_is() -> None:
    assert "the most that is planned" in plan(characters=10**10, minutes=10**5, speed=Speed(1e15)).reasons[0]


def test_a_short_text_gets_a_small_model_and_is_told_why() -> None:
    made = plan(characters=5_000, minutes=120)
    assert made.model.hidden <= 256
    assert "short" in made.reasons[-1]


@pytest.mark.parametrize(
    ("minutes", "steps", "hidden"),
    [
        (None, None, None),
        (1.0, 5, None),
        (-1.0, None, None),
        (None, 0, None),
        (float("nan"), None, None),
        (1.0, None, 9999),
    ],
)
def test_settings_that_cannot_work_are_refused_with_a_sentence(
    minutes: float | None, steps: int | None, hidden: int | None
) -> None:
    with pytest.raises(InputError, match=r"\.$"):
        plan(characters=10**6, minutes=minutes, steps=steps, hidden=hidden)
