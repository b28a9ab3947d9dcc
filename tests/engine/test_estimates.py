"""What is told before a start, next to what the models really have."""

import msgspec
import pytest

from engine.estimates import estimate
from engine.model import LanguageModel, count_parameters
from engine.parameters import parameters
from engine.presets import plan
from engine.settings import CELLS, ModelConfig, TrainingConfig
from engine.speed import Speed

SMALL = ModelConfig(vocabulary=90, hidden=24, embedding=16)
VARIANTS = [
    *(msgspec.structs.replace(SMALL, cell=cell, layers=2) for cell in CELLS),
    msgspec.structs.replace(SMALL, cell="lstm-peephole", peephole="full"),
    msgspec.structs.replace(SMALL, tied=True),
    msgspec.structs.replace(SMALL, tied=True, embedding=24, layer_norm=True, layers=3),
    msgspec.structs.replace(SMALL, bidirectional=True, layer_norm=True, layers=2),
    msgspec.structs.replace(SMALL, bidirectional=True, tied=True),
    msgspec.structs.replace(SMALL, softmax="adaptive", vocabulary=500),
]


@pytest.mark.parametrize("config", VARIANTS, ids=lambda config: " ".join(map(str, msgspec.structs.astuple(config)[:9])))
def test_parameters_are_counted_exactly_without_building_the_model(config: ModelConfig) -> None:
    assert parameters(config) == count_parameters(LanguageModel(config))


def test_a_reading_takes_longer_on_a_slower_machine_and_of_a_longer_text() -> None:
    made = plan(characters=500_000, minutes=5)

    def epoch(characters: int, speed: float) -> float:
        return estimate(made.model, made.training, characters=characters, speed=Speed(speed)).epoch

    assert epoch(500_000, 5e10) == pytest.approx(2 * epoch(500_000, 1e11))
    assert epoch(1_000_000, 1e11) == pytest.approx(2 * epoch(500_000, 1e11), rel=0.01)


def test_the_budget_in_steps_is_told_in_readings_too() -> None:
    training = TrainingConfig(steps=1000, batch=10, length=100, validation=0.5)
    found = estimate(SMALL, training, characters=2_000_000)
    assert found.epochs == pytest.approx(1.0)
