"""Why a plan is as it is: one line for each choice that was made for the person. Free of torch."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Literal

from engine.settings import Cell, ModelConfig, TrainingConfig, Unit

Bound = Literal["time", "text", "smallest", "largest"]  # what kept a model from being larger
ENOUGH = 40.0  # readings of a text, after which more of them only learn it by heart
SHORT = 50_000  # characters: a text that is said to be short
CELLS: dict[Cell, str] = {"lstm": "LSTM", "gru": "GRU"}
GRU_REASONS: dict[Unit, str] = {
    "char": "fewer weights than an LSTM.",
    "word": "fewer weights than an LSTM; with words the output takes time.",
    "bpe": "fewer weights than an LSTM; with pieces the output takes time.",
}


@dataclass(frozen=True)
class Grounds:
    """What a plan was made from."""

    characters: int  # of the text
    epochs: float  # how often the budget reads it
    bound: Bound
    bf16: bool  # whether this machine trains the layers quicker so
    given: Set[str]  # the settings that are the person's own, and not for us to explain


def reasons(model: ModelConfig, training: TrainingConfig, grounds: Grounds) -> tuple[str, ...]:
    """The lines, the size first; each begins with what was chosen."""
    given, lines = grounds.given, []
    if "hidden" not in given:
        lines.append(f"{model.hidden} units wide: {_width(training, grounds)}")
    if "layers" not in given:
        lines.append(
            "1 layer: in the same time, width teaches more than a second layer."
            if model.layers == 1
            else f"{model.layers} layers: at this width, another one teaches more than more width."
        )
    if "cell" not in given:
        reason = GRU_REASONS[model.unit] if model.cell == "gru" else "learns as well as any, and trains fastest."
        lines.append(f"{CELLS.get(model.cell, model.cell)} cell: {reason}")
    lines.append(_reading(model, grounds))
    if grounds.bf16 and "precision" not in given:
        lines.append("bfloat16 in the layers: quicker on this processor, and they learn the same.")
    if "batch" not in given:
        lines.append(f"{training.batch} streams at once: many small steps learn most in a given time.")
    if "length" not in given:
        lines.append(f"{training.length} tokens a step: gradients seldom reach further; the state goes on.")
    if "learning_rate" not in given:
        lines.append(f"Learning rate up to {training.learning_rate:g}: {_rate(training, grounds)}")
    if training.patience and "patience" not in given:
        lines.append("Ends before its time, once nothing better comes: the text is short for it.")
    if model.tied and "tied" not in given:
        lines.append("One table of vectors for input and output: examples of tokens are few.")
    if model.softmax == "adaptive" and "softmax" not in given:
        lines.append("Narrower vectors for rare words (adaptive softmax): much faster.")
    if grounds.characters < SHORT:
        lines.append("The text is short: a small model doesn't only learn it by heart.")
    return (*lines, *_idle(model, training, given))


def _idle(model: ModelConfig, training: TrainingConfig, given: Set[str]) -> Iterator[str]:
    """What was asked for and changes nothing."""
    if model.residual and model.layers == 1 and model.embedding != model.hidden:
        yield "No residual connection: the only layer is wider than what it reads."
    if model.layer_dropout and model.layers == 1:
        yield "No dropout between layers: there is one layer only."
    if "warmup" in given and training.schedule == "one-cycle":
        yield "No warm-up of its own: one-cycle rises in its own way."
    if training.precision == "bf16" and model.cell != "lstm":
        yield "bfloat16 in large output layers only: of the others, LSTMs alone use it."


def _width(training: TrainingConfig, grounds: Grounds) -> str:
    budget = _duration(training)
    return {
        "time": f"what {budget} can train well here; more time, more width.",
        "text": f"what {_size_of(grounds.characters)} teach; more learns by heart.",
        "smallest": f"the least that learns; {budget} can train no more here.",
        "largest": "the most that is planned; Advanced takes more.",
    }[grounds.bound]


def _reading(model: ModelConfig, grounds: Grounds) -> str:
    """Dropout follows from how often the text is read."""
    often = _readings(grounds.epochs)
    if "dropout" in grounds.given:
        return f"The text is {often} in that time."
    if model.dropout == 0.0:
        return f"No dropout: the text is {often}, too seldom to learn by heart."
    if model.weight_dropout > 0.0:
        return f"Dropout {model.dropout:g}, of weights and tokens too: the text is {often}."
    return f"Dropout {model.dropout:g}: the text is {often}, not to be learnt by heart."


def _readings(epochs: float) -> str:
    if epochs > ENOUGH:
        return f"read over {ENOUGH:.0f} times"
    if epochs >= 2.5:
        return f"read about {epochs:.0f} times"
    if epochs >= 1.5:
        return "read about twice"
    if epochs >= 0.75:
        return "read about once"
    return f"read to {max(0.01, epochs):.0%}"


def _rate(training: TrainingConfig, grounds: Grounds) -> str:
    if training.horizon < 1.0 and "horizon" not in grounds.given:
        return f"it falls until reading {grounds.epochs * training.horizon:,.0f}, which is enough."
    return "suits this size; it rises, then falls."


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
