"""How cost grows: microseconds a token when one size of a model is changed and all others stay as they are.

Training is a whole step of the trainer; decoding a step of the decoder with weights of bytes, without the choice of a
token. Reading is what a prompt costs. `docs/performance.md` has the counts of operations to compare with.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from msgspec.structs import replace

from engine import compiled
from engine.decoder import Decoder
from engine.device import cores
from engine.environment import service_environment
from engine.model import LanguageModel
from engine.settings import ModelConfig, Packing, TrainingConfig
from engine.shapes import Shape
from engine.training import Trainer
from tests.bench._report import Figure, medians, parser, report, run_with

MODEL = ModelConfig(cell="lstm", layers=1, hidden=256, embedding=64, vocabulary=90)
SHAPE = Shape(16, 48)
WIDTHS = (128, 256, 512, 1024)
DEPTHS = (1, 2, 4)
VOCABULARIES = (90, 1_000, 5_000, 20_000)
BATCHES = (8, 16, 32, 64)
STREAMS = (1, 2, 4, 8, 16, 32)
WIDE = 16  # streams whose steps are worth sharing among threads
TEXTS = (2_000, 20_000, 200_000)
STEPS = 50  # a turn
Turn = Callable[[], float]


def main() -> None:
    chosen = parser(__doc__).parse_args()
    run_with(service_environment())  # as the engine service runs
    figures = []
    for kind, cases in (("training", training()), ("decoding", decoding()), ("reading", reading())):
        found = medians(cases, chosen.rounds)
        figures += [Figure(f"{kind}, {name}", 1e6 * seconds, "µs a token") for name, seconds in found.items()]
    report(figures, as_json=chosen.json)


def sizes() -> dict[str, ModelConfig]:
    """The models, each with one size changed."""
    made = {f"{hidden} units": replace(MODEL, hidden=hidden) for hidden in WIDTHS}
    made |= {f"{layers} layers": replace(MODEL, layers=layers) for layers in DEPTHS[1:]}
    return made | {f"{count:,} tokens of vocabulary": replace(MODEL, vocabulary=count) for count in VOCABULARIES[1:]}


def training() -> dict[str, Turn]:
    cases = {name: stepping(config, SHAPE) for name, config in sizes().items()}
    return cases | {f"{batch} streams": stepping(MODEL, Shape(batch, SHAPE.length)) for batch in BATCHES if batch != 16}


def stepping(config: ModelConfig, shape: Shape) -> Turn:
    """A turn: seconds a token of training steps."""
    tokens = np.random.default_rng(0).integers(0, config.vocabulary, 200_000).astype(np.uint16)
    settings = TrainingConfig(steps=1, ema=0.998)
    trainer = Trainer(LanguageModel(config), tokens, settings, torch.device("cpu"), shape)
    torch.set_num_threads(cores())
    trainer.advance(0.5)

    def turn() -> float:
        torch.set_num_threads(cores())
        began = time.perf_counter()
        for _ in range(5):
            trainer.advance(0.5)
        return (time.perf_counter() - began) / (5 * shape.batch * shape.length)

    return turn


def decoding() -> dict[str, Turn]:
    cases = {name: drawing(config, 1) for name, config in sizes().items()}
    return cases | {f"{streams} streams": drawing(MODEL, streams) for streams in STREAMS if streams > 1}


def made(config: ModelConfig) -> Decoder:
    packing: Packing = "int8" if compiled.usable() else "float32"
    return Decoder(LanguageModel(config).eval(), packing=packing)


def drawing(config: ModelConfig, streams: int) -> Turn:
    """A turn: seconds a token of steps of so many streams."""
    decoder = made(config)
    ids = torch.zeros(streams, dtype=torch.int64)

    def alone() -> float:
        torch.set_num_threads(1)
        read = decoder.stream(decoder.zero_state())
        read(0)
        began = time.perf_counter()
        for _ in range(STEPS):
            read(0)
        return (time.perf_counter() - began) / STEPS

    def together() -> float:
        torch.set_num_threads(1 if streams < WIDE else cores())
        state = decoder.zero_state(streams)
        decoder.step(ids, state)
        began = time.perf_counter()
        for _ in range(STEPS):
            _, state = decoder.step(ids, state)
        return (time.perf_counter() - began) / (STEPS * streams)

    return alone if streams == 1 else together


def reading() -> dict[str, Turn]:
    decoder = made(MODEL)
    ids = torch.from_numpy(np.random.default_rng(0).integers(0, MODEL.vocabulary, max(TEXTS)))

    def turn(length: int) -> float:
        torch.set_num_threads(cores())
        began = time.perf_counter()
        decoder.prefill(ids[:length, None], decoder.zero_state())
        return (time.perf_counter() - began) / length

    return {f"{length:,} tokens of text": partial(turn, length) for length in TEXTS}


if __name__ == "__main__":
    main()
