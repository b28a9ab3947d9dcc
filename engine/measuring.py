"""Measures how fast a device trains: ``python -m engine.measuring DEVICE`` prints the numbers of a `Speed`.

The work is that of a real step, forward and backward through an LSTM of 256 units with a small output layer, so that
what the numbers promise is what a run will get. What a GPU waits for in such a step is told from that of a wider one.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
import numpy as np
import torch

from corpora.errors import InputError
from engine.allocation import keep_freed
from engine.cells.halves import has_unit
from engine.device import choose_device, cores
from engine.model import LanguageModel
from engine.precision import has_bf16
from engine.presets import layer_operations, output_operations
from engine.settings import DEVICES, ModelConfig, Precision, TrainingConfig
from engine.shapes import Shape
from engine.speed import Speed
from engine.training import Trainer

Result = TypeVar("Result")
SECONDS = 2.0
TURN = 8  # steps in a row: one after each would find the caches full of the other's numbers
# Inputs lose features, so that they are read as vectors: a table of so few tokens (`engine.cells.beginning`) would save
# a third of the products, and promise that to words too.
MODEL = ModelConfig(cell="lstm", vocabulary=100, hidden=256, embedding=128, input_dropout=0.1)
# A GPU spends most of a step of that on starting its kernels: of a wide model, on computing.
WIDE = msgspec.structs.replace(MODEL, hidden=2048)
COMPUTING = 0.1  # share of a step of that, at least: two times that are nearly the same would promise wonders
SHAPE = Shape(16, 48)


def measure(device: torch.device) -> Speed:
    """Over the median steps, of two trainers in turns: on a CPU in float32 and in what is quicker there, elsewhere of
    two widths."""
    if device.type != "cpu":
        narrow, wide = _times([_trainer(device, "auto"), _trainer(device, "auto", WIDE)])
        return speed_of_widths(narrow, wide)
    precisions: list[Precision] = ["float32", "bf16"] if has_bf16(device) else ["float32"]
    return speed_of_precisions(*_times([_trainer(device, precision) for precision in precisions]), on_unit=has_unit())


def _times(trainers: Sequence[Trainer]) -> list[float]:
    """Seconds that a step of each takes."""
    for trainer in trainers:
        for _ in range(3):
            trainer.advance(0.5)
    times: list[list[float]] = [[] for _ in trainers]
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or len(times[0]) < 5:
        for trainer, taken in zip(trainers, times, strict=True):
            for _ in range(TURN):
                began = time.perf_counter()
                trainer.advance(0.5)
                taken.append(time.perf_counter() - began)
    return [statistics.median(taken) for taken in times]


def speed_of_precisions(usual: float, bf16: float | None = None, *, on_unit: bool = False) -> Speed:
    """From the seconds of a step of `MODEL`; only its layers are quicker in bfloat16."""
    tokens = SHAPE.batch * SHAPE.length
    layers, output = tokens * layer_operations(MODEL), tokens * output_operations(MODEL, MODEL.vocabulary)
    speed = (layers + output) / usual
    if bf16 is None or bf16 >= usual:
        return Speed(speed)
    return Speed(speed, layers / (bf16 - output / speed), on_unit)


def speed_of_widths(narrow: float, wide: float) -> Speed:
    """From the seconds of a step of `MODEL` and of `WIDE`: what grows with the operations, and what doesn't."""
    less, more = _operations(MODEL), _operations(WIDE)
    grown = max(wide - narrow, COMPUTING * wide)
    speed = max(more / wide, (more - less) / grown)
    return Speed(speed, latency=max(0.0, wide - more / speed) / (SHAPE.length * MODEL.layers))


def _operations(model: ModelConfig) -> float:
    """Of a step."""
    return SHAPE.batch * SHAPE.length * (layer_operations(model) + output_operations(model, model.vocabulary))


def _trainer(device: torch.device, precision: Precision, model: ModelConfig = MODEL) -> Trainer:
    tokens = np.random.default_rng(0).integers(0, model.vocabulary, 50_000).astype(np.uint16)
    return Trainer(LanguageModel(model), tokens, TrainingConfig(steps=1, precision=precision), device, SHAPE)


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
    keep_freed()
    speed, share = with_share(lambda: measure(device))
    # Of a GPU's work a processor does little, however much of it is free.
    numbers = (speed.usual, speed.bf16, int(speed.on_unit), speed.latency)
    print(*numbers, share if device.type == "cpu" else 1.0)  # noqa: T201
    return 0


def with_share(work: Callable[[], Result]) -> tuple[Result, float]:
    """What `work` gives, and how much of all cores this process had meanwhile, from 0 to 1: less on a busy machine."""
    began, used = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.process_time() - used) / (time.perf_counter() - began) / cores()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
