"""What timings of steps say of a device."""

import pytest

from engine.measuring import MODEL, SHAPE, WIDE, speed_of_precisions, speed_of_widths
from engine.presets import token_seconds
from engine.settings import ModelConfig
from engine.speed import Speed

TOKENS = SHAPE.batch * SHAPE.length


def step(model: ModelConfig, speed: Speed) -> float:
    """The seconds of a step as plans count them."""
    return TOKENS * token_seconds(model, model.vocabulary, speed, "auto", SHAPE.batch)


@pytest.mark.parametrize("true", [Speed(1e12, latency=2e-4), Speed(4e13, latency=5e-5), Speed(3e12)])
def test_two_widths_tell_what_a_device_computes_and_what_it_waits_for(true: Speed) -> None:
    found = speed_of_widths(step(MODEL, true), step(WIDE, true))
    assert found.usual == pytest.approx(true.usual)
    assert found.latency == pytest.approx(true.latency, abs=1e-9)


@pytest.mark.parametrize(("narrow", "wide"), [(0.010, 0.010), (0.010, 0.009), (0.010, 0.01001)])
def test_a_device_too_fast_to_tell_mostly_waits_and_promises_no_wonders(narrow: float, wide: float) -> None:
    found = speed_of_widths(narrow, wide)
    assert step(MODEL, found) == pytest.approx(narrow, rel=0.2)
    assert step(WIDE, found) == pytest.approx(wide, rel=0.01)
    assert step(ModelConfig(cell="lstm", vocabulary=100, hidden=8192), found) > 1.5 * wide


def test_a_device_that_is_quicker_with_a_narrow_model_waits_for_nothing() -> None:
    found = speed_of_widths(0.0001, 0.1)
    assert found.latency == 0.0
    assert step(WIDE, found) == pytest.approx(0.1)


def test_on_a_cpu_nothing_is_waited_for_and_only_layers_are_quicker_in_bfloat16() -> None:
    found = speed_of_precisions(0.02, 0.012)
    assert found.latency == 0.0
    assert step(MODEL, found) == pytest.approx(0.012)
    assert step(MODEL, Speed(found.usual)) == pytest.approx(0.02)
    assert speed_of_precisions(0.02, 0.03) == speed_of_precisions(0.02) == Speed(found.usual)
