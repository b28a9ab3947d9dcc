"""How much memory a training needs, from its settings alone. Free of torch.

What must be held between forwards and backwards, in float32 numbers a token: the embedded token, each layer's gates,
states and outputs, and the logits with their gradient. Going backwards, one layer at a time adds the gradients of its
gates and of its outputs. An evaluation reads more tokens at once than a step, and holds what one layer makes of them.
`docs/performance.md` has the derivation, `tests.bench.training` compares it with what the operating system counts.
"""

import itertools
import math

from corpora.errors import InputError
from engine.parameters import cutoffs, parameters
from engine.settings import Cell, ModelConfig, TrainingConfig

NUMBER = 4  # bytes
# What going backwards through a cell needs of each unit and token: gates, states, and products that can't be undone.
KEPT: dict[Cell, int] = {"rnn-tanh": 1, "rnn-relu": 1, "gru": 5, "lstm": 6, "lstm-peephole": 7}
# Gradients of a cell's sums, likewise: a GRU's recurrent candidate has one of its own.
SUMS: dict[Cell, int] = {"rnn-tanh": 1, "rnn-relu": 1, "gru": 4, "lstm": 4, "lstm-peephole": 4}
COPIES = 6  # of the weights: themselves, gradient (or, later, a decoder's), two moments, average, the last good ones
PROCESS = 540 << 20  # bytes that Python, torch and numba take themselves
SPARE = 1.3  # what a measured run may need over the least: memory that is given back is not always used again
ROOM = 256 << 20  # bytes that an evaluation takes at most for what it reads at once
STREAMS, CHUNK, PIECE = 32, 256, 1024  # of an evaluation: streams, their tokens read at once, and those read both ways


def activation_bytes(model: ModelConfig, batch: int, length: int) -> int:
    """The least that one training step of so many streams and tokens holds besides weights, in bytes."""
    H = model.hidden
    width = model.embedding + model.layers * KEPT[model.cell] * H + 2 * logits(model)
    backwards = (SUMS[model.cell] + 1) * H
    directions = 3 if model.bidirectional else 1  # the two-sided loss reads back once more
    return int(NUMBER * batch * length * (directions * width + backwards))


def read_at_once(model: ModelConfig) -> int:
    """Tokens that an evaluation may read at once: what it holds of them takes no more than `ROOM`."""
    return max(1, ROOM // _reading_bytes(model, 1))


def streams_at_once(model: ModelConfig) -> int:
    """Streams of which an evaluation may hold a piece as both directions have read it: within `ROOM` as well."""
    return max(1, ROOM // _piece_bytes(model))


def logits(model: ModelConfig) -> float:
    """Logits that a token's loss needs, in the mean. Of an adaptive softmax those of the head, and of a cluster where
    the token is in it: as often as Zipf's law has it for a vocabulary in the order of its frequencies."""
    V = model.vocabulary
    if model.softmax == "full" or V < 2:
        return V
    ends = [*cutoffs(V), V]
    clusters = itertools.pairwise(ends)
    return ends[0] + 2 + sum((end - start) * math.log(end / start) / math.log(V) for start, end in clusters)


def training_bytes(model: ModelConfig, training: TrainingConfig) -> int:
    """What a training process will need at its largest, in bytes: in a step or in an evaluation."""
    part = -(-training.batch // training.accumulate)
    step = activation_bytes(model, part, training.length)
    evaluation = _reading_bytes(model, min(read_at_once(model), STREAMS * CHUNK))
    if model.bidirectional:
        evaluation += _piece_bytes(model) * min(streams_at_once(model), STREAMS)
    return int(PROCESS + SPARE * (NUMBER * COPIES * parameters(model) + max(step, evaluation)))


def check_memory(model: ModelConfig, training: TrainingConfig, free: int | None, kind: str = "memory") -> None:
    """Raises `InputError` where a training can't fit into so many free bytes of this kind; None: nobody knows."""
    needed = training_bytes(model, training)
    if free is not None and needed > free:
        raise InputError(
            f"This training needs about {_gigabytes(needed)} of {kind}, and {_gigabytes(free)} are free: "
            f"{_shape(model, training)}"
        )


def full(model: ModelConfig, training: TrainingConfig, kind: str = "memory") -> str:
    """What is said where memory of this kind was refused though a training was let begin."""
    needed = _gigabytes(training_bytes(model, training))
    return f"The {kind} is full. This training needs about {needed} of it: {_shape(model, training)}"


def _reading_bytes(model: ModelConfig, tokens: int) -> int:
    """What reading so many tokens at once takes, without going back: what a layer makes, its inputs and outputs."""
    return int(NUMBER * tokens * (model.embedding + (KEPT[model.cell] + 3) * model.hidden + 2 * logits(model)))


def _piece_bytes(model: ModelConfig) -> int:
    """The outputs of both directions for one stream's piece, and one's turned round."""
    return 3 * NUMBER * model.hidden * PIECE


def _shape(model: ModelConfig, training: TrainingConfig) -> str:
    return (
        f"{training.batch} streams of {training.length} tokens through {model.layers} x {model.hidden} units and "
        f"{model.vocabulary:,} tokens of vocabulary. Use a smaller --batch, --length or --hidden, or --accumulate."
    )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size < 1e10 else f"{size / 1e9:.0f} GB"
