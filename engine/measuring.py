"""Measures how fast a device trains: ``python -m engine.measuring DEVICE`` prints operations a second.

The work is that of a real step, forward and backward through an LSTM of 256 units with a small output layer, so that
what the number promises is what a run will get.
"""

import statistics
import sys
import time

import numpy as np
import torch

from corpora.errors import InputError
from engine.device import choose_device, cores
from engine.model import LanguageModel
from engine.presets import operations
from engine.settings import DEVICES, ModelConfig, TrainingConfig
from engine.streams import Shape
from engine.training import Trainer

SECONDS = 1.5
MODEL = ModelConfig(cell="lstm", vocabulary=100, hidden=256, embedding=128)
SHAPE = Shape(16, 48)


def measure(device: torch.device) -> float:
    """Floating point operations a second over the median step."""
    tokens = np.random.default_rng(0).integers(0, MODEL.vocabulary, 50_000).astype(np.uint16)
    trainer = Trainer(LanguageModel(MODEL), tokens, TrainingConfig(steps=1), device, SHAPE)
    for _ in range(3):
        trainer.advance(0.5)
    times: list[float] = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or len(times) < 5:
        began = time.perf_counter()
        trainer.advance(0.5)
        times.append(time.perf_counter() - began)
    return operations(MODEL, MODEL.vocabulary) * SHAPE.batch * SHAPE.length / statistics.median(times)


def main(arguments: list[str]) -> int:
    """The process's entry: one argument, the device."""
    asked = arguments[0] if arguments else "auto"
    try:
        if asked not in DEVICES:
            raise InputError(f"{asked!r} is no device. Use one of {', '.join(DEVICES)}.")
        device = choose_device(asked)
    except InputError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    torch.set_num_threads(cores())
    print(measure(device))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
