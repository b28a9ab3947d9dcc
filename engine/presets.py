"""From one dial, the time budget, to every setting of a run. Free of torch.

The table says how wide a model a budget can train on two cores; how often the text will be read in that time decides
the dropout. Both come from the experiments in ``docs/recipes.md``. Whatever the person sets is kept as set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

import msgspec
from msgspec.structs import replace

from corpora.errors import InputError
from engine.settings import Cell, ModelConfig, TrainingConfig, Unit

Config = TypeVar("Config", ModelConfig, TrainingConfig)

# torch's LSTM trains 1.5 times as fast on a CPU as its GRU; with a large output layer that matters less.
DEFAULT_CELL: dict[Unit, Cell] = {"char": "lstm", "word": "gru", "bpe": "gru"}
LAYER_SHARE: dict[Unit, float] = {"char": 1.0, "word": 0.7, "bpe": 0.7}  # of the time, what is left to the layers
STEPS_PER_MINUTE = 2500  # of a model of 256 units on two cores: to compare a budget in steps with one in minutes
WORK = 8e10  # floating point operations a second that two ordinary cores give to training
CHARACTERS_PER_TOKEN: dict[Unit, float] = {"char": 1.0, "word": 2.9, "bpe": 2.9}
RATE: dict[Unit, float] = {"char": 1.0, "word": 0.5, "bpe": 0.5}  # of the learning rate that suits characters
ADAPTIVE_FROM = 20_000  # tokens: above this an adaptive softmax more than pays for what it loses
SHORT = 50_000  # characters: below this a wide model only learns the text by heart
GATES: dict[Cell, int] = {"gru": 3, "lstm": 4, "lstm-peephole": 4, "rnn-tanh": 1, "rnn-relu": 1}
EXPECTED_VOCABULARY: dict[Unit, int] = {"char": 100, "word": 6000, "bpe": 2000}


@dataclass(frozen=True)
class Size:
    """A model's size, and the learning rate that suits it."""

    minutes: float  # the least budget for it, on two cores
    layers: int
    hidden: int
    learning_rate: float


SIZES = (
    Size(0.0, 1, 192, 8e-3),
    Size(1.0, 1, 256, 8e-3),
    Size(2.0, 1, 320, 8e-3),
    Size(5.0, 1, 384, 6e-3),
    Size(15.0, 1, 512, 5e-3),
    Size(45.0, 2, 512, 4e-3),
    Size(240.0, 2, 768, 3e-3),
)


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
    speed: float | None = None,
    **chosen: object,
) -> Plan:
    """Settings for a text of so many characters and a budget in minutes or steps.

    `speed` is what `engine.speed` measured of this machine; without it, two ordinary cores are assumed.
    `chosen` is what the person set, by its name in `ModelConfig` or `TrainingConfig`; it is kept as set, and None
    counts as not set. Raises `InputError` for values that can't work.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    for_model = {name: given.pop(name) for name in ModelConfig.__struct_fields__ if name in given}
    training = _with(TrainingConfig(minutes=minutes, steps=steps), given)
    training.check()
    model = _with(ModelConfig(unit=unit), for_model)
    budget = minutes if minutes is not None else (steps or 0) / STEPS_PER_MINUTE
    size = _size(budget * LAYER_SHARE[unit], characters)
    derived: dict[str, object] = {
        "cell": DEFAULT_CELL[unit],
        "layers": size.layers,
        "hidden": size.hidden,
        "tied": unit != "char" and model.softmax == "full",
    }
    width = cast(int, for_model.get("hidden", size.hidden))
    derived["embedding"] = min(128, width) if unit == "char" else width
    model = _with(model, {**derived, **for_model})
    model.check()
    epochs = _epochs(model, training, budget, characters, speed or WORK)
    if "dropout" not in for_model:
        model = replace(model, dropout=_dropout(unit, epochs))
    if "learning_rate" not in given:
        training = replace(training, learning_rate=size.learning_rate * RATE[unit])
    model.check()
    training.check()
    reasons = _reasons(model, epochs, characters, _duration(training), chosen="dropout" in for_model)
    return Plan(model, training, reasons)


def _with(config: Config, values: Mapping[str, object]) -> Config:
    """The settings with these values. Raises `InputError` for a value of the wrong kind, `TypeError` for a name."""
    if unknown := set(values) - set(config.__struct_fields__):
        raise TypeError(f"no such setting: {', '.join(sorted(unknown))}")
    try:
        return msgspec.convert(msgspec.structs.asdict(config) | dict(values), type(config))
    except msgspec.ValidationError as error:
        raise InputError(f"A setting has a value of the wrong kind: {error}.") from error


def _size(minutes: float, characters: int) -> Size:
    """The largest size that the budget can train and that the text can fill."""
    size = max((size for size in SIZES if size.minutes <= minutes), key=lambda size: size.minutes)
    if characters < SHORT and size.hidden > 192:
        return Size(size.minutes, 1, 192, SIZES[0].learning_rate)
    return size


def _epochs(model: ModelConfig, training: TrainingConfig, minutes: float, characters: int, speed: float) -> float:
    """How often the text is read in the budget, roughly."""
    tokens = characters * (1.0 - training.validation) / CHARACTERS_PER_TOKEN[model.unit]
    if training.steps is not None:
        read = float(training.steps * training.batch * training.length)
    else:
        read = 60.0 * minutes * speed / operations(model)
    return read / max(1.0, tokens)


def operations(model: ModelConfig) -> float:
    """Floating point operations that training spends on a token."""
    gates = GATES[model.cell]
    inputs = model.embedding + (model.layers - 1) * model.hidden
    weights = gates * model.hidden * (inputs + model.layers * model.hidden)
    weights += (model.vocabulary or EXPECTED_VOCABULARY[model.unit]) * model.embedding
    # Forward, and backward by inputs and by weights: 2 operations a weight each.
    return 6.0 * weights


def _dropout(unit: Unit, epochs: float) -> float:
    """More dropout the oftener the text is read: what is read once or twice can't be learnt by heart."""
    if unit == "char":
        return 0.0 if epochs < 6 else 0.1 if epochs < 12 else 0.25 if epochs < 40 else 0.4
    return 0.1 if epochs < 2 else 0.2 if epochs < 8 else 0.35 if epochs < 20 else 0.5


def _reasons(model: ModelConfig, epochs: float, characters: int, budget: str, *, chosen: bool) -> tuple[str, ...]:
    """One line for each choice; `chosen` says that the dropout is the person's own."""
    depth = "1 layer" if model.layers == 1 else f"{model.layers} layers"
    if epochs < 0.75:
        reading = f"About {max(0.01, epochs):.0%} of the text is read"
    else:
        reading = f"The text is read about {epochs:.0f} times" if epochs >= 1.5 else "The text is read about once"
    lines = [
        f"{model.cell.upper()}, {depth} of {model.hidden}: what {budget} can train on {_size_of(characters)}.",
        f"{reading} in that time{'' if chosen else f', so dropout is {model.dropout:g}'}.",
    ]
    if model.tied:
        lines.append("Input and output share one table of vectors: a large vocabulary has few examples of each token.")
    if characters < SHORT:
        lines.append("The text is short: the model is kept small, so that it does not only learn it by heart.")
    return tuple(lines)


def _duration(training: TrainingConfig) -> str:
    if training.steps is not None:
        return f"{training.steps:,} steps"
    minutes = training.minutes or 0.0
    if minutes < 1:
        return f"{60 * minutes:.0f} seconds"
    if minutes < 90:
        return f"{minutes:g} minute" + ("s" if minutes != 1 else "")
    return f"{minutes / 60:g} hours"


def _size_of(characters: int) -> str:
    if characters < 1_000_000:
        return f"{max(1, characters // 1000):,} thousand characters"
    return f"{characters / 1e6:.1f} million characters"
