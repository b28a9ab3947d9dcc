"""What is said of a run, on runs made for each rule."""

import math
import random
from collections.abc import Callable

import pytest

from engine.folder import now
from engine.health import WINDOW, Health, spoken
from engine.records import CorpusReference, MetricsLine, ModelRecord
from engine.settings import Cell, ModelConfig, TrainingConfig, Unit

EACH = 50  # steps between evaluations
SECONDS = 0.1  # a step


def falling(step: int) -> float:
    return 1.2 + 2.0 * math.exp(-step / 400)


def learnt(step: int) -> float:
    return 1.2 + 2.0 * math.exp(-step / 40)


def noisy(loss: Callable[[int], float], share: float, seed: int) -> Callable[[int], float]:
    """A loss that differs by chance, by this standard deviation as a share of it."""
    chance = random.Random(seed)
    return lambda step: loss(step) * (1.0 + chance.gauss(0.0, share))


def run(
    steps: int,
    validation: Callable[[int], float] = falling,
    *,
    training: Callable[[int], float] = falling,
    clipped: Callable[[int], bool] = lambda step: False,
    flow: dict[str, list[float]] | None = None,
) -> Health:
    """The health of a run whose losses are these."""
    health = Health()
    for step in range(1, steps + 1):
        loss, evaluated = training(step), step % EACH == 0
        finite = math.isfinite(loss)
        health.add(
            MetricsLine(
                step=step,
                tokens=step,
                time=0.0,
                elapsed=step * SECONDS,
                remaining=0.0,
                loss=loss if finite else None,
                validation_loss=validation(step) if evaluated else None,
                gradient_norm=1.0 if finite else None,
                gradient_flow=(flow or {}) if evaluated else {},
                clipped=clipped(step),
                skipped=0 if finite else 1,
            )
        )
    return health


def record(unit: Unit = "char", cell: Cell = "lstm") -> ModelRecord:
    return ModelRecord(
        name="bard",
        created=now(),
        model=ModelConfig(unit=unit, cell=cell),
        training=TrainingConfig(minutes=1),
        corpus=CorpusReference(slug="plays", name="plays", sha256="", characters=1),
    )


def rules(health: Health) -> list[str]:
    return [finding.rule for finding in health.findings(record())]


def test_before_three_evaluations_it_is_too_early_to_say() -> None:
    assert run(3 * EACH - 1).sentence() == "Too early to say."
    assert run(3 * EACH).sentence() != "Too early to say."


def test_the_pace_of_an_improving_run_is_told_per_minute() -> None:
    # 1 % goes each minute: 1 minute is 600 steps.
    health = run(3000, lambda step: 2.0 * 0.99 ** (step / 600))
    assert health.sentence() == "Still improving, 1.0 % per minute."


def test_a_pace_that_cannot_last_a_minute_is_no_figure() -> None:
    health = run(600, validation=lambda step: 3.0 * 0.5 ** (step * SECONDS / 30.0))
    assert health.sentence() == "Still improving, fast."


def test_a_slow_pace_is_told_per_hour() -> None:
    health = Health()
    for hour in range(8):
        loss = 2.0 * 0.98**hour
        health.add(MetricsLine(step=hour + 1, tokens=0, time=0, elapsed=hour * 3600.0, remaining=0, loss=2.0,
                               validation_loss=loss))  # fmt: skip
    assert health.sentence() == "Still improving, 2.0 % per hour."


def test_a_run_that_ended_while_improving_says_that_more_time_would_help() -> None:
    assert run(600).sentence(running=False).endswith("per minute: more time would help.")


def test_a_validation_loss_that_rises_while_the_training_loss_falls_is_overfitting_since_its_best() -> None:
    health = run(1000, lambda step: 1.5 + 1e-6 * (step - 500) ** 2, training=falling)
    assert health.sentence() == "Overfitting since step 500; the best weights are kept."


def test_one_bad_evaluation_is_no_overfitting() -> None:
    assert rules(run(500, lambda step: 5.0 if step == 500 else falling(step))) == ["improving"]


def test_both_losses_rising_is_losing_ground() -> None:
    def bowl(step: int) -> float:
        return 1.5 + 1e-6 * (step - 500) ** 2

    health = run(1000, bowl, training=bowl)
    assert health.sentence() == "Losing ground since step 500: try a lower learning rate."


def test_a_flat_noisy_loss_is_a_plateau_and_neither_losing_ground_nor_overfitting() -> None:
    """The best of many evaluations is best by chance, and later ones lie above it."""
    said: list[str] = []
    for seed in range(20):
        said += rules(run(40 * EACH, noisy(learnt, 0.01, seed), training=learnt))
    assert said.count("plateau") >= 18
    assert not {"losing", "overfitting"} & set(said)


def test_noise_does_not_hide_a_run_that_really_gets_worse() -> None:
    def bowl(step: int) -> float:
        return 1.5 + 4e-7 * (step - 500) ** 2

    assert rules(run(1500, noisy(bowl, 0.003, seed=3), training=bowl))[0] == "losing"


def test_a_flat_end_is_a_plateau_with_how_long_it_lasts() -> None:
    assert run(3000, learnt).sentence() == "On a plateau: nothing gained in the last 2 minutes."


def test_a_loss_that_never_fell_is_hardly_learning() -> None:
    health = run(500, lambda step: 3.0 - 1e-5 * step, training=lambda step: 3.0)
    assert health.sentence() == "Hardly learning since step 50: try another learning rate."


def test_a_loss_that_leaps_up_and_stays_has_exploded_until_it_is_back() -> None:
    exploded = run(500, training=lambda step: 9.0 if step > 400 else falling(step))
    assert rules(exploded)[0] == "exploded"
    assert "step 4" in exploded.sentence()
    back = run(800, training=lambda step: 9.0 if 400 < step <= 450 else falling(step))
    assert rules(back)[0] == "improving"


@pytest.mark.parametrize(("share", "said"), [(0.6, True), (0.4, False)])
def test_gradients_that_are_clipped_in_most_steps_are_told_with_what_to_do(share: float, said: bool) -> None:
    health = run(500, clipped=lambda step: step % 10 < 10 * share)
    assert ("gradients clipped in 60 % of steps: try half the learning rate" in health.sentence()) == said


def test_clipping_that_is_over_is_not_told_any_more() -> None:
    assert "clipped" in rules(run(300, clipped=lambda step: step < 300))
    assert "clipped" not in rules(run(300 + WINDOW, clipped=lambda step: step < 300))


def test_skipped_steps_are_counted_and_a_single_one_is_not_spoken_of() -> None:
    assert "skipped" not in rules(run(500, training=lambda step: math.nan if step == 480 else falling(step)))
    health = run(500, training=lambda step: math.nan if step > 495 else falling(step))
    assert f"5 of the last {WINDOW} steps skipped" in health.sentence()


def decaying(keep: float) -> list[float]:
    return [0.5 * keep**k for k in range(65)]


def test_gradients_that_vanish_are_told_in_the_words_of_the_unit() -> None:
    short = {"layer 1": decaying(0.6)}  # below a hundredth after 10 tokens
    health = run(500, flow=short)
    vanish = "recurrent gradients vanish after about 10 characters"
    assert vanish in health.sentence(record())
    assert f"{vanish}: a GRU or an LSTM reaches further" in health.sentence(record(cell="rnn-tanh"))
    assert "vanish" not in health.sentence(record("word"))  # ten words are a sentence
    assert "about 3 words" in run(500, flow={"layer 1": decaying(0.2)}).sentence(record("word"))


def test_the_longest_way_back_counts() -> None:
    flow = {"layer 1": decaying(0.3), "layer 1 cell": decaying(0.95)}
    assert rules(run(500, flow=flow)) == ["improving"]


def test_gradients_that_grow_on_their_way_back_are_told() -> None:
    assert "gradients grow" in run(500, flow={"layer 1": decaying(1.2)}).sentence()


def test_nothing_is_remembered_but_a_bounded_window() -> None:
    health = run(3000, clipped=lambda step: True, flow={"layer 1": decaying(0.9)})
    held = [value for value in vars(health).values() if hasattr(value, "__len__")]
    assert held and max(map(len, held)) <= WINDOW


def test_findings_are_spoken_as_one_sentence() -> None:
    health = run(500, clipped=lambda step: True)
    assert spoken(health.findings()) == health.sentence()
    assert health.sentence().count(".") <= 2 and health.sentence()[0].isupper()
    assert spoken(()) == ""
