"""How far gradients reach: the norm of dL_t/dh_{t-k} by k, before and after a short training, of each cell.

Small models of one layer learn Python's own manual, characters, for some hundred steps; the norms are means over
streams of the validation text, with respect to the hidden state h and an LSTM's cell c. A line of blocks shows them on
one logarithmic scale for the whole table, k = 0 at its left; the half-life is the first k whose norm is below half of
that at 0. The figures have no bound: they are what an architecture is like.
"""

import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from corpora.library import CorpusLibrary
from corpora.starters import add_starter
from corpora.tokenizers import train_tokenizer
from corpora.tokens import TokenSplit, tokenize, training_chunks
from engine.device import threads
from engine.gradient_flow import LENGTH, STREAMS, excerpts, gradient_flow
from engine.model import LanguageModel
from engine.settings import Cell, ModelConfig, TrainingConfig
from engine.shapes import Shape
from engine.training import Trainer
from tests.bench._report import parser

CELLS: tuple[Cell, ...] = ("rnn-tanh", "rnn-relu", "gru", "lstm", "lstm-peephole")
SHOWN = (0, 1, 2, 4, 8, 16, 32, 64)
BLOCKS = "▁▂▃▄▅▆▇█"  # each is ten times the one before it
EVERY = 3  # k of which one block is shown
WIDTH = 1 + LENGTH // EVERY
SPARK = f"k = 0 to {LENGTH}"
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Flow:
    """The norms of one layer's h or c, k = 0, 1, …"""

    cell: str
    part: str
    when: str
    norms: list[float]

    @property
    def half_life(self) -> int | None:
        """The first k at which less than half of the gradient is left; None where there is none."""
        return next((k for k, norm in enumerate(self.norms) if norm < 0.5 * self.norms[0]), None)

    def as_dict(self) -> dict[str, object]:
        """The flow as the JSON output has it."""
        return {
            "name": f"{self.cell}, {self.part}, {self.when} training",
            "value": self.half_life,
            "unit": "tokens to half of the gradient",
            "norms": self.norms,
        }


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--steps", type=int, default=300, help="of training (default: 300)")
    options.add_argument("--hidden", type=int, default=96, help="units of the layer (default: 96)")
    options.add_argument("--cells", nargs="+", default=list(CELLS), choices=CELLS)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = add_starter(CorpusLibrary(Path(folder)), "manual").corpus
        tokenizer = train_tokenizer("char", training_chunks(corpus, 0.1))
        split = tokenize(corpus, tokenizer, validation=0.1)
        flows = [
            flow
            for cell in chosen.cells
            for flow in trained(config_of(cell, tokenizer.vocabulary, chosen.hidden), split, chosen.steps)
        ]
    if chosen.json:
        print(json.dumps([flow.as_dict() for flow in flows], indent=2))
    else:
        show(flows)


def config_of(cell: Cell, vocabulary: int, hidden: int) -> ModelConfig:
    return ModelConfig(
        cell=cell, vocabulary=vocabulary, hidden=hidden, embedding=min(64, hidden), identity=cell == "rnn-relu"
    )


def trained(config: ModelConfig, split: TokenSplit, steps: int) -> list[Flow]:
    """The flows of a model as it begins, and after so many steps."""
    torch.manual_seed(1)
    # A rate that the identity of a rectifier survives too.
    training = TrainingConfig(steps=steps, length=LENGTH, learning_rate=2e-3, seed=1)
    trainer = Trainer(LanguageModel(config), split.train, training, CPU, Shape(training.batch, training.length))
    before = flows_of(trainer.model, split, "before")
    with threads(1):  # such small steps only wait for a second one
        for step in range(steps):
            trainer.advance(step / steps)
    return before + flows_of(trainer.model, split, "after")


def flows_of(model: LanguageModel, split: TokenSplit, when: str) -> list[Flow]:
    inputs, targets = excerpts(split.validation, CPU)
    found = gradient_flow(model, inputs, targets, model.zero_state(STREAMS))
    return [Flow(model.config.cell, part, when, norms) for part, norms in found.items()]


def show(flows: Sequence[Flow]) -> None:
    """The table, and what its scale is."""
    top = max((norm for flow in flows for norm in flow.norms), default=0.0)
    width = max(len(flow.cell) for flow in flows)
    print(f"{'norm at k =':<{width + 11}}" + "".join(f"{k:>9}" for k in SHOWN) + f"  {SPARK:<{WIDTH}}  half-life")
    for flow in flows:
        symbol = "c" if flow.part.endswith("cell") else "h"
        shown = "".join(f"{figure(flow.norms, k):>9}" for k in SHOWN)
        half = f"over {LENGTH}" if flow.half_life is None else str(flow.half_life)
        print(f"{flow.cell:<{width}}  {symbol}  {flow.when:<6}{shown}  {sparkline(flow.norms, top)}  {half:>9}")
    print(f"A full block is {top:.1g}; each block lower is ten times less.")


def figure(norms: Sequence[float], k: int) -> str:
    """The norm at k; nothing where the gradient had overflowed."""
    return f"{norms[k]:.1e}" if k < len(norms) else "-"


def sparkline(norms: Sequence[float], top: float) -> str:
    """The norms as blocks, the largest of the table as a full one; blank below the lowest."""
    return "".join(block(norm, top) for norm in norms[::EVERY]).ljust(WIDTH)


def block(norm: float, top: float) -> str:
    """The block for a norm."""
    below = math.log10(top / norm) if norm > 0.0 else math.inf  # in powers of ten
    return BLOCKS[len(BLOCKS) - 1 - int(below)] if below < len(BLOCKS) else " "


if __name__ == "__main__":
    main()
