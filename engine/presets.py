"""From one dial, the time budget, to every setting of a run. Free of torch."""

from dataclasses import dataclass

from engine.settings import Cell, Device, ModelConfig, TrainingConfig, Unit


@dataclass(frozen=True)
class Plan:
    """What will be trained, and in one line each why."""

    model: ModelConfig
    training: TrainingConfig
    reasons: tuple[str, ...]


def plan(
    *,
    characters: int,
    unit: Unit = "char",
    minutes: float | None = None,
    steps: int | None = None,
    cell: Cell | None = None,
    layers: int | None = None,
    hidden: int | None = None,
    seed: int = 0,
    device: Device = "auto",
) -> Plan:
    """Settings for a text of so many characters and a budget in minutes or steps; what is given is kept as given.

    Raises `InputError` for values that can't work.
    """
    model = ModelConfig(unit=unit, cell=cell or "gru", layers=layers or 1, hidden=hidden or 256)
    training = TrainingConfig(minutes=minutes, steps=steps, seed=seed, device=device)
    model.check()
    training.check()
    return Plan(model, training, ())
