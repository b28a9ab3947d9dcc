"""From one dial, the time budget, to every setting of a run. Free of torch.

A budget on a machine of a measured speed is a number of operations. A size is worth training where the budget lets it
read some tokens for each of its weights, and where the text has some characters for them; the largest such size is
taken. How often it will read the text decides the dropout. The figures come from the experiments in
``docs/recipes.md``. Whatever the person sets is kept as set.
"""

import functools
import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from corpora.errors import InputError
from corpora.vocabulary import CHARACTERS, DIGITS, default_bpe, default_words
from engine.environment import kernels_wanted
from engine.parameters import layer_weights
from engine.reasons import ENOUGH, Bound, Grounds, reasons
from engine.settings import Cell, ModelConfig, Precision, TrainingConfig, Unit
from engine.shapes import Shape, fit
from engine.speed import Speed

Config = TypeVar("Config", ModelConfig, TrainingConfig)

# torch's LSTM trains 1.5 times as fast on a CPU as its GRU. With a large output layer that matters less, unless the
# LSTM is quicker still, in bfloat16.
DEFAULT_CELL: dict[Unit, Cell] = {"char": "lstm", "word": "gru", "bpe": "gru"}
SPEED = Speed(1.2e11)  # what two ordinary cores give to training
CHARACTERS_PER_TOKEN: dict[Unit, float] = {"char": 1.0, "word": 2.9, "bpe": 2.9}
TOKENS_PER_WEIGHT: dict[Unit, float] = {"char": 4.6, "word": 3.0, "bpe": 3.0}  # to be read in a budget
WEIGHTS_PER_CHARACTER = 1.4  # of the text, at most: more only learn it by heart
ANY_TEXT = 400_000  # weights that even the shortest text gets: fewer learnt it no better
RATE: dict[Unit, float] = {"char": 1.0, "word": 0.33, "bpe": 0.33}  # of the learning rate that suits characters
CHARACTER_VECTOR = 64  # numbers: twice as many say no more of an alphabet, and cost a fifth of the time
ALPHABET = 100  # distinct characters, where nobody has counted them
TIED_FROM = 1000  # characters in an alphabet: from here on it is treated as a vocabulary of words is
ADAPTIVE_FROM = 10_000  # tokens: from here on an adaptive softmax more than pays for what it loses
AVERAGE = 0.998  # decay of the weights' moving average
CLIP_BY_VALUE = 0.1  # some four times a step's largest gradient, as the norm's 1 is of its norm
SETTLING = 20.0  # seconds that the rate's schedule lasts at least: in the first of them a trainer is still warming up
PATIENCE = 20  # evaluations: as many as there are while the rate follows its schedule
# The dropout that some number of readings wants, and what each doubling of them adds.
DROPOUT: dict[Unit, tuple[float, float, float]] = {
    "char": (12.0, 0.15, 0.2),
    "word": (3.3, 0.3, 0.15),
    "bpe": (5.5, 0.2, 0.15),
}
# That suits some 0.8 weights for each character of a text; each doubling of these adds so much, as more weights learn
# more by heart.
SUITED, CROWDED, ROOM = 0.8, 0.1, (0.1, 8.0)
OFTEN, FULL = 25.0, 5.0  # readings, and weights for each character, from which on more than outputs is dropped
# Time an operation takes on a CPU, next to torch's LSTM, which reaches 95 % of what the cores can do in float32; and
# what it takes in compiled kernels.
SLOWNESS: dict[Cell, float] = {"gru": 1.5, "lstm": 1.0, "lstm-peephole": 1.55, "rnn-tanh": 1.9, "rnn-relu": 1.9}
COMPILED_SLOWNESS: dict[Cell, float] = {**SLOWNESS, "gru": 1.15, "lstm-peephole": 1.1}


@dataclass(frozen=True)
class Size:
    """A model's size, and the learning rate that suits it."""

    layers: int
    hidden: int
    learning_rate: float


SIZES = (
    Size(1, 128, 1e-2),
    Size(1, 192, 1e-2),
    Size(1, 256, 1e-2),
    Size(1, 320, 1e-2),
    Size(1, 384, 9e-3),
    Size(1, 512, 6e-3),
    Size(1, 640, 4e-3),
    Size(1, 768, 4e-3),
    Size(2, 640, 3e-3),
    Size(2, 768, 3e-3),
    Size(2, 1024, 2e-3),
    Size(2, 1536, 1.5e-3),
    Size(3, 2048, 1e-3),
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
    speed: Speed | None = None,
    alphabet: int | None = None,
    **chosen: object,
) -> Plan:
    """Settings for a text of so many characters, so many of them distinct, and a budget in minutes or steps.

    `speed` is what `engine.speed` measured of this machine; without it, two ordinary cores are assumed.
    `chosen` is what the person set, by its name in `ModelConfig` or `TrainingConfig`; it is kept as set, and None
    counts as not set. Raises `InputError` for values that can't work.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    for_model = {name: given.pop(name) for name in ModelConfig.__struct_fields__ if name in given}
    training = _with(TrainingConfig(minutes=minutes, steps=steps), given)
    training.check()
    vocabulary = training.vocabulary_cap or expected_vocabulary(unit, characters, alphabet or ALPHABET)
    planning = _Planning(characters, training, speed or SPEED, vocabulary)
    # What the person gave of the size itself is left out of the choice: a narrow model is no reason for more layers.
    settled = {"cell": "lstm" if planning.quick("lstm") else DEFAULT_CELL[unit], **for_model}
    free = {name: value for name, value in settled.items() if name not in ("layers", "hidden", "embedding")}
    fitting = [size for size in SIZES if planning.is_worth(_sized(unit, size, vocabulary, free))]
    size = fitting[-1] if fitting else SIZES[0]
    model = _sized(unit, size, vocabulary, settled)
    model.check()
    if for_model.get("peephole") == "full" and model.cell != "lstm-peephole":
        raise InputError("Only lstm-peephole has peepholes.")
    epochs = planning.epochs(model)
    drops = _dropouts(unit, epochs, layer_weights(model) / max(1, characters))
    if unit == "char" and vocabulary < TIED_FROM and "dropout" not in for_model:
        # Vectors that are learnt from so many examples each gain nothing from losing parts; where much is dropped they
        # are harmed, and layers are quicker where a token is the same in every stream (`engine.cells.beginning`).
        drops["input_dropout"] = 0.0
    model = _with(model, {name: share for name, share in drops.items() if name not in for_model})
    if "learning_rate" not in given:
        training = replace(training, learning_rate=size.learning_rate * RATE[unit])
    if "ema" not in given:
        training = replace(training, ema=AVERAGE)
    if "clip" not in given and training.clip_by == "value":
        training = replace(training, clip=CLIP_BY_VALUE)
    if "horizon" not in given and epochs > ENOUGH:
        # With a rate that follows a budget this long, it would still be high when the text is known by heart, and the
        # best weights would be those of a run that had hardly begun to settle.
        training = replace(training, horizon=_horizon(epochs, minutes))
        if minutes is not None and "patience" not in given:
            training = replace(training, patience=PATIENCE)
    model.check()
    training.check()
    bound = _bound(size, fitting, lambda larger: planning.has_time(_sized(unit, larger, vocabulary, free)))
    grounds = Grounds(characters, epochs, bound, planning.quick(model.cell), {*for_model, *given})
    return Plan(model, training, reasons(model, training, grounds))


def _bound(size: Size, fitting: Sequence[Size], has_time: Callable[[Size], bool]) -> Bound:
    """What kept the model from being larger than this."""
    if not fitting:
        return "smallest"
    if size == SIZES[-1]:
        return "largest"
    return "text" if has_time(SIZES[SIZES.index(size) + 1]) else "time"


@dataclass(frozen=True)
class _Planning:
    characters: int
    training: TrainingConfig
    speed: Speed
    vocabulary: int

    def quick(self, cell: Cell) -> bool:
        """Whether layers of this kind train in bfloat16 here, and quicker."""
        return self.speed.layers(cell, self.training.precision) > self.speed.usual

    def tokens(self, model: ModelConfig) -> float:
        """What the budget lets this model read."""
        training, shape = self.training, fitting_shape(self.characters, model.unit, self.training)
        if training.steps is not None:
            return float(training.steps * shape.batch * shape.length)
        at_once = streams_of_a_part(shape, training)
        seconds = token_seconds(model, self.vocabulary, self.speed, training.precision, at_once)
        return 60.0 * (training.minutes or 0.0) / seconds

    def is_worth(self, model: ModelConfig) -> bool:
        """Whether the budget lets this model read enough for its weights, and the text has enough for them."""
        room = max(ANY_TEXT, WEIGHTS_PER_CHARACTER * self.characters)
        return self.has_time(model) and layer_weights(model) <= room

    def has_time(self, model: ModelConfig) -> bool:
        """Whether the budget lets this model read enough for its weights."""
        # A sign of a large alphabet says as much as a word.
        unit: Unit = "word" if self.vocabulary >= TIED_FROM else model.unit
        return self.tokens(model) >= TOKENS_PER_WEIGHT[unit] * layer_weights(model)

    def epochs(self, model: ModelConfig) -> float:
        """How often this model reads the text in the budget, roughly."""
        return self.tokens(model) / training_tokens(self.characters, model.unit, self.training)


def _horizon(epochs: float, minutes: float | None) -> float:
    """The share of a budget in which a text is read so often that more readings only teach it by heart."""
    least = 0.0 if minutes is None else SETTLING / (60.0 * minutes)
    return min(1.0, max(ENOUGH / epochs, least))


def expected_vocabulary(unit: Unit, characters: int, alphabet: int) -> int:
    """Tokens that a tokenizer of this unit will have, roughly."""
    if unit == "char":
        return min(alphabet, CHARACTERS) + DIGITS
    if unit == "word":
        return default_words(characters) + DIGITS
    return default_bpe(characters)


def training_tokens(characters: int, unit: Unit, training: TrainingConfig) -> float:
    """Tokens of the part of a text that is trained on, roughly."""
    return max(1.0, characters * (1.0 - training.validation) / CHARACTERS_PER_TOKEN[unit])


def fitting_shape(characters: int, unit: Unit, training: TrainingConfig) -> Shape:
    """The streams that such a text will be read as: fewer than asked for, where it is short."""
    return fit(max(2, int(training_tokens(characters, unit, training))), training.batch, training.length)


def streams_of_a_part(shape: Shape, training: TrainingConfig) -> int:
    """Streams that are computed together: a batch may be taken in parts."""
    return max(1, shape.batch // training.accumulate)


def token_seconds(model: ModelConfig, vocabulary: int, speed: Speed, precision: Precision, batch: int) -> float:
    """What training takes for a token on a machine of this speed, with so many streams computed at once."""
    layers, output = layer_operations(model), output_operations(model, vocabulary)
    waits = model.layers * (3 if model.bidirectional else 1)  # one after another, each for all streams
    return layers / speed.layers(model.cell, precision) + output / speed.usual + speed.latency * waits / batch


def layer_operations(model: ModelConfig) -> float:
    """Floating point operations that training spends on a token in the recurrent layers; a slow cell's count more."""
    # Forward, and backward by inputs and by weights: 2 operations a weight each. The two-sided loss of a
    # bidirectional model reads back once more.
    return 6.0 * layer_weights(model) * _slowness()[model.cell] * (1.5 if model.bidirectional else 1.0)


@functools.cache
def _slowness() -> dict[Cell, float]:
    return COMPILED_SLOWNESS if kernels_wanted() and importlib.util.find_spec("numba") else SLOWNESS


def output_operations(model: ModelConfig, vocabulary: int) -> float:
    """The same in the output layer; a bidirectional model makes three predictions."""
    width = model.embedding if model.tied else model.hidden
    half = 0.5 if model.softmax == "adaptive" else 1.0
    return 6.0 * vocabulary * width * half * (3 if model.bidirectional else 1)


def _sized(unit: Unit, size: Size, vocabulary: int, given: Mapping[str, object]) -> ModelConfig:
    """The model at this size, but for what the person has given. Raises `InputError` for values of the wrong kind."""
    base = _with(ModelConfig(unit=unit), given)
    words = unit != "char" or vocabulary >= TIED_FROM  # few examples of most tokens
    adaptive = unit == "word" and vocabulary >= ADAPTIVE_FROM and not base.tied
    hidden = base.hidden if "hidden" in given else size.hidden
    derived: dict[str, object] = {
        "layers": size.layers,
        "hidden": hidden,
        "softmax": "adaptive" if adaptive else "full",
        "tied": words and not adaptive and base.softmax != "adaptive",
        "embedding": hidden if words else min(CHARACTER_VECTOR, hidden),
    }
    return _with(base, {**derived, **given})


def _with(config: Config, values: Mapping[str, object]) -> Config:
    """The settings with these values. Raises `InputError` for a value of the wrong kind, `TypeError` for a name."""
    if unknown := set(values) - set(config.__struct_fields__):
        raise TypeError(f"no such setting: {', '.join(sorted(unknown))}")
    try:
        return msgspec.convert(msgspec.structs.asdict(config) | dict(values), type(config))
    except msgspec.ValidationError as error:
        raise InputError(f"A setting has a value of the wrong kind: {error}.") from error


def _dropouts(unit: Unit, epochs: float, crowd: float) -> dict[str, float]:
    """More of it the oftener the text is read, and the more weights there are for a character of it (`crowd`): so much
    that the validation loss is at its lowest at the end.

    What is read a few times can't be learnt by heart; each doubling after that wants 0.15 or 0.2 more, up to 0.4. A
    very short text that is read very often loses recurrent weights and whole tokens as well; longer ones learn far too
    slowly with that.
    """
    known, start, slope = DROPOUT[unit]
    readings = min(epochs, ENOUGH)  # after these the rate is low
    share = start + slope * math.log2(max(readings, 1e-3) / known)
    if unit == "char":
        share += CROWDED * math.log2(min(max(crowd, ROOM[0]), ROOM[1]) / SUITED)
    often = readings >= OFTEN and crowd >= FULL
    share = min(0.5 if often else 0.4, max(0.0, share))
    return {
        "dropout": round(20.0 * share) / 20.0,
        "weight_dropout": 0.3 if often else 0.0,
        "embedding_dropout": 0.1 if often else 0.0,
    }
