"""Measures how fast a device trains: ``python -m engine.measuring DEVICE`` prints the numbers of a `Speed`.

The work is that of a real step, forward and backward through an LSTM of 256 units with a small output layer, so that
what the numbers promise is what a run will get.
"""

import statistics
import sys
import time

import numpy as np
import torch

from corpora.errors import InputError
from engine.device import choose_device, cores
from engine.model import LanguageModel
from engine.precision import has_bf16
from engine.presets import layer_operations, output_operations
from engine.settings import DEVICES, ModelConfig, Precision, TrainingConfig
from engine.shapes import Shape
from engine.speed import Speed
from engine.training import Trainer

SECONDS = 2.0
TURN = 8  # steps in a row: one after each would find the caches full of the other's numbers
MODEL = ModelConfig(cell="lstm", vocabulary=100, hidden=256, embedding=128)
SHAPE = Shape(16, 48)


def measure(device: torch.device) -> Speed:
    """Over the median steps. On a CPU, float32 and what is quicker there take turns; elsewhere ``auto`` is usual."""
    usual: Precision = "float32" if device.type == "cpu" else "auto"
    trainers = {usual: _trainer(device, usual)}
    if device.type == "cpu" and has_bf16(device):
        trainers["bf16"] = _trainer(device, "bf16")
    for trainer in trainers.values():
        for _ in range(3):
            trainer.advance(0.5)
    times: dict[Precision, list[float]] = {precision: [] for precision in trainers}
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or len(times[usual]) < 5:
        for precision, trainer in trainers.items():
            for _ in range(TURN):
                began = time.perf_counter()
                trainer.advance(0.5)
                times[precision].append(time.perf_counter() - began)
    return _speed(*(statistics.median(each) for each in times.values()))


def _speed(usual: float, bf16: float | None = None) -> Speed:
    """From the seconds of a step; only its layers are quicker in bfloat16."""
    tokens = SHAPE.batch * SHAPE.length
    layers, output = tokens * layer_operations(MODEL), tokens * output_operations(MODEL, MODEL.vocabulary)
    speed = (layers + output) / usual
    if bf16 is None or bf16 >= usual:
        return Speed(speed)
    return Speed(speed, layers / (bf16 - output / speed))


def _trainer(device: torch.device, precision: Precision) -> Trainer:
    tokens = np.random.default_rng(0).integers(0, MODEL.vocabulary, 50_000).astype(np.uint16)
    return Trainer(LanguageModel(MODEL), tokens, TrainingConfig(steps=1, precision=precision), device, SHAPE)


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
    speed = measure(device)
    print(speed.usual, speed.bf16)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
