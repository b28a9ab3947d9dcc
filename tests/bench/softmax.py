"""From which vocabulary on an adaptive softmax pays: training steps with it and with a full, tied one, side by side.

Tokens are drawn from Zipf's law, as words roughly are. The preset takes the adaptive softmax from
`engine.presets.ADAPTIVE_FROM` tokens on, where it has to be clearly faster.
"""

import time
from functools import partial

import numpy as np
import torch

from engine.device import cores
from engine.model import LanguageModel
from engine.presets import ADAPTIVE_FROM
from engine.settings import ModelConfig, TrainingConfig
from engine.shapes import Shape
from engine.training import Trainer
from tests.bench._report import Figure, medians, parser, report

SIZES = (2_000, 5_000, 10_000, 20_000, 40_000)
STEPS = 3  # a timing
CPU = torch.device("cpu")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--hidden", type=int, default=256, help="width of the layer (default: 256)")
    chosen = options.parse_args()
    torch.set_num_threads(cores())
    figures = []
    for vocabulary in sorted({*SIZES, ADAPTIVE_FROM}):
        full, adaptive = (trainer(vocabulary, chosen.hidden, adaptive=kind) for kind in (False, True))
        times = medians({"full": partial(seconds, full), "adaptive": partial(seconds, adaptive)}, chosen.rounds)
        gain = times["full"] / times["adaptive"]
        bound = 1.5 if vocabulary >= ADAPTIVE_FROM else None
        figures.append(Figure(f"{vocabulary:,} tokens, adaptive", gain, "times as fast as full", at_least=bound))
    report(figures, as_json=chosen.json)


def trainer(vocabulary: int, hidden: int, *, adaptive: bool) -> Trainer:
    """A model of one GRU layer on a text of this vocabulary, warmed up."""
    torch.manual_seed(0)
    config = ModelConfig(
        unit="word",
        cell="gru",
        vocabulary=vocabulary,
        hidden=hidden,
        embedding=hidden,
        softmax="adaptive" if adaptive else "full",
        tied=not adaptive,
    )
    frequencies = 1.0 / (np.arange(vocabulary) + 2.7)
    tokens = np.random.default_rng(0).choice(vocabulary, 100_000, p=frequencies / frequencies.sum()).astype(np.uint16)
    model = LanguageModel(config)
    model.start_from_frequencies(torch.from_numpy(np.bincount(tokens, minlength=vocabulary)))
    made = Trainer(model, tokens, TrainingConfig(steps=1), CPU, Shape(16, 48))
    seconds(made)
    return made


def seconds(made: Trainer) -> float:
    """What a step takes."""
    began = time.perf_counter()
    for _ in range(STEPS):
        made.advance(0.5)
    return (time.perf_counter() - began) / STEPS


if __name__ == "__main__":
    main()
