"""What a run will need, told before it starts: parameters, memory, time for one reading of the text. Free of torch."""

from dataclasses import dataclass

import msgspec

from engine.memory import NUMBER, training_bytes
from engine.parameters import parameters
from engine.presets import (
    ALPHABET,
    SPEED,
    expected_vocabulary,
    fitting_shape,
    streams_of_a_part,
    token_seconds,
    training_tokens,
)
from engine.settings import ModelConfig, TrainingConfig
from engine.speed import Speed

CHECKPOINT = 4  # numbers in a checkpoint for each parameter: itself, two moments, its average
CURVES = 4 << 20  # bytes of metrics and samples over a budget, roughly


@dataclass(frozen=True)
class Estimate:
    """Of one run on this machine."""

    parameters: int
    memory: int  # bytes of the training process at its largest
    epoch: float  # seconds for one reading of the text, without evaluations
    budget: float  # seconds, estimated for a budget in steps
    disk: int  # bytes of the model folder while a checkpoint is replaced

    @property
    def epochs(self) -> float:
        """How often the budget lets it read the text."""
        return self.budget / self.epoch


def estimate(
    model: ModelConfig,
    training: TrainingConfig,
    *,
    characters: int,
    alphabet: int | None = None,
    speed: Speed | None = None,
) -> Estimate:
    """For so many characters; `speed` is what `engine.speed` measured; without it, two ordinary cores are assumed."""
    expected = expected_vocabulary(model.unit, characters, alphabet or ALPHABET)
    vocabulary = model.vocabulary or training.vocabulary_cap or expected
    sized = msgspec.structs.replace(model, vocabulary=vocabulary)
    tokens = training_tokens(characters, model.unit, training)
    shape = fitting_shape(characters, model.unit, training)
    at_once = streams_of_a_part(shape, training)
    seconds = token_seconds(sized, vocabulary, speed or SPEED, training.precision, at_once)
    budget = 60.0 * (training.minutes or 0.0)
    if training.steps is not None:
        budget = seconds * training.steps * shape.batch * shape.length
    count = parameters(sized)
    disk = NUMBER * count * (1 + 2 * CHECKPOINT) + CURVES
    return Estimate(count, training_bytes(sized, training), seconds * tokens, budget, disk)
