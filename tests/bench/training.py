"""What a training step takes, next to torch's own layers, to the recurrent layers alone, and in memory.

Layers go forwards and backwards over random inputs. Ratios are of medians of turns taken in one run. The roofline is
what a large float32 product reaches with as many threads.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from engine.allocation import keep_freed
from engine.cells.layer import RecurrentLayer
from engine.cells.making import make_layer
from engine.device import cores
from engine.environment import trainer_environment
from engine.memory import activation_bytes, training_bytes
from engine.model import LanguageModel
from engine.precision import autocast, has_bf16
from engine.settings import Cell, ModelConfig, Peephole, Precision, TrainingConfig
from engine.shapes import Shape
from engine.training import Trainer
from tests.bench._memory import peak_of_run, peak_over_baseline
from tests.bench._report import Figure, medians, parser, report, run_with

PASSES = 3  # a turn, after one that isn't counted: in a training, a step comes after one like it
VOCABULARY = 90
KINDS: tuple[tuple[Cell, Peephole], ...] = (
    ("rnn-tanh", "diagonal"),
    ("rnn-relu", "diagonal"),
    ("gru", "diagonal"),
    ("lstm", "diagonal"),
    ("lstm-peephole", "diagonal"),
    ("lstm-peephole", "full"),
)
IN_BF16 = ("gru", "lstm", "lstm-peephole diagonal")
CPU = torch.device("cpu")
PRECISIONS: tuple[Precision, ...] = ("float32", "bf16") if has_bf16(CPU) else ("float32",)
WIDE = {
    "lstm 2 x 1024": ModelConfig(cell="lstm", layers=2, hidden=1024, embedding=64),
    "gru 2 x 768": ModelConfig(cell="gru", layers=2, hidden=768, embedding=64),
    "lstm 1 x 512 both ways": ModelConfig(cell="lstm", hidden=512, embedding=64, bidirectional=True),
}
GATES = {"rnn": 1, "rnn-tanh": 1, "rnn-relu": 1, "gru": 3}


def main() -> None:
    chosen = parser(__doc__).parse_args()
    run_with(trainer_environment())  # as a trainer runs
    keep_freed()
    torch.set_num_threads(cores())
    figures = [*layers(256, 32, 64, chosen.rounds), *layers(512, 32, 64, chosen.rounds)]
    figures += whole_steps(chosen.rounds)
    figures += memory()
    report(figures, as_json=chosen.json)


class InBF16(nn.Module):
    """torch's own LSTM as it computes in bfloat16, conversions included."""

    def __init__(self, core: nn.LSTM) -> None:
        super().__init__()
        self.core = core

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor]:
        """(T, B, I) → (T, B, H), float32 both."""
        weights = [weight.bfloat16() for weight in self.core.parameters()]
        state = torch.zeros(1, inputs.shape[1], self.core.hidden_size)
        before = (state.bfloat16(), state)
        outputs = torch.lstm(inputs.bfloat16(), before, weights, True, 1, 0.0, True, False, False)[0]
        return (outputs.float(),)


def layers(hidden: int, batch: int, length: int, rounds: int) -> list[Figure]:
    """Every cell of one width, with the bounds that it must keep against torch's layers."""
    ours: dict[str, RecurrentLayer] = {}
    for cell, peephole in KINDS:
        name = f"{cell} {peephole}" if cell == "lstm-peephole" else cell
        ours[name] = make_layer(ModelConfig(cell=cell, peephole=peephole, hidden=hidden), hidden)
    shape = (length, batch, hidden)
    cases = {name: passing(layer, shape, layer.zero_state(batch)) for name, layer in ours.items()}
    for theirs in (nn.GRU(hidden, hidden), nn.LSTM(hidden, hidden), nn.RNN(hidden, hidden)):
        cases[f"nn.{type(theirs).__name__}"] = passing(theirs, shape)
    large = torch.randn(2048, 2048)
    cases["roofline"] = lambda: timed(lambda: large @ large)
    in_bf16 = [name for name in ours if name in IN_BF16 and len(PRECISIONS) > 1]
    for name in in_bf16:
        cases[f"{name}, bf16"] = passing(ours[name], shape, ours[name].zero_state(batch), precision="bf16")
    if in_bf16:
        cases["nn.LSTM, bf16"] = passing(InBF16(nn.LSTM(hidden, hidden)), shape)
    found = medians(cases, rounds)
    peak = 2 * 2048**3 / found["roofline"]
    title = f"1 x {hidden}, B {batch}, T {length}"
    bounds = {"gru": 1.25} if hidden == 256 else {}
    diagonal, full = "lstm-peephole diagonal", "lstm-peephole full"
    lstm, seconds_of = found["nn.LSTM"], found.__getitem__
    figures = [
        Figure(f"{title}: gru against nn.GRU", found["nn.GRU"] / found["gru"], "x as fast", at_least=bounds.get("gru")),
        Figure(f"{title}: rnn-tanh against nn.RNN", found["nn.RNN"] / found["rnn-tanh"], "x as fast"),
        Figure(f"{title}: {diagonal} against nn.LSTM", seconds_of(diagonal) / lstm, "x its time", at_most=1.10),
        Figure(f"{title}: {full} against nn.LSTM", seconds_of(full) / lstm, "x its time"),
    ]
    for name in in_bf16:
        gain = found[name] / found[f"{name}, bf16"]
        figures.append(Figure(f"{title}: {name}, bf16 against float32", gain, "x as fast"))
        ratio = found[f"{name}, bf16"] / found["nn.LSTM, bf16"]
        bound = 1.10 if name == diagonal else None
        figures.append(Figure(f"{title}: {name}, bf16 against nn.LSTM in bf16", ratio, "x its time", at_most=bound))
    for name, seconds in found.items():
        if name != "roofline" and "bf16" not in name:
            gates = GATES.get(name.split()[0].removeprefix("nn.").lower(), 4)
            work = 12.0 * length * batch * gates * hidden * hidden  # forwards, and backwards twice; two matrices
            if name.endswith("full"):
                work += 18.0 * length * batch * hidden * hidden
            figures.append(Figure(f"{title}: {name}", 100.0 * work / seconds / peak, "% of the roofline"))
    return figures


def passing(
    layer: nn.Module, shape: tuple[int, int, int], *state: object, precision: Precision = "float32"
) -> Callable[[], float]:
    """A turn: seconds that a layer takes forwards and backwards."""
    inputs = torch.randn(shape, requires_grad=True)
    outputs = layer(inputs, *state)[0]
    towards = torch.randn_like(outputs)

    def once() -> None:
        with autocast(CPU, precision):
            outputs = layer(inputs, *state)[0]
        torch.autograd.backward(outputs, towards)

    return lambda: timed(once)


def timed(work: Callable[[], object]) -> float:
    work()
    began = time.perf_counter()
    for _ in range(PASSES):
        work()
    return (time.perf_counter() - began) / PASSES


def whole_steps(rounds: int) -> list[Figure]:
    """A whole step of the trainer against its recurrent layers alone, ours and torch's."""
    figures = []
    cases: list[tuple[Cell, int, int, Shape]] = [
        ("lstm", 1, 320, Shape(24, 32)),
        ("lstm", 1, 512, Shape(16, 48)),
        ("gru", 1, 256, Shape(32, 64)),
        ("lstm", 2, 512, Shape(16, 48)),
    ]
    for cell, depth, hidden, shape in cases:
        config = ModelConfig(cell=cell, layers=depth, hidden=hidden, embedding=64, vocabulary=VOCABULARY)
        tokens = np.random.default_rng(0).integers(0, VOCABULARY, 200_000).astype(np.uint16)
        name = f"{cell} {depth} x {hidden}, B {shape.batch}, T {shape.length}"
        found: dict[str, float] = {}
        for precision in PRECISIONS:
            training = TrainingConfig(steps=1, ema=0.998, precision=precision)
            trainer = Trainer(LanguageModel(config), tokens, training, CPU, shape)
            stack, inputs = trainer.model.ahead, (shape.length, shape.batch, 64)
            core = passing(stack, inputs, stack.zero_state(shape.batch), precision=precision)
            theirs = passing(torchs(cell, depth, hidden, precision), inputs)
            times = medians({"step": stepping(trainer), "core": core, "torch": theirs}, 3 * rounds)
            over, share = times["step"] / times["core"], times["step"] / times["torch"]
            figures.append(
                Figure(f"whole step over its recurrent layers, {name}, {precision}", over, "x", at_most=1.10)
            )
            figures.append(
                Figure(f"whole step over torch's layers alone, {name}, {precision}", share, "x", at_most=1.10)
            )
            found[precision] = times["step"]
        if len(found) > 1:
            gain = found["float32"] / found["bf16"]
            figures.append(Figure(f"whole step in bf16 over one in float32, {name}", gain, "x as fast"))
    return figures


def torchs(cell: Cell, depth: int, hidden: int, precision: Precision) -> nn.Module:
    """torch's own layers, on inputs of 64 numbers, in the precision; its GRU has float32 only that is quick."""
    if cell == "gru":
        return nn.GRU(64, hidden, depth)
    if precision == "float32":
        return nn.LSTM(64, hidden, depth)
    return Sequence([InBF16(nn.LSTM(64 if layer == 0 else hidden, hidden)) for layer in range(depth)])


class Sequence(nn.Module):
    """Layers one after another."""

    def __init__(self, layers: list[InBF16]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor]:
        """(T, B, I) → (T, B, H)."""
        for layer in self.layers:
            (inputs,) = layer(inputs)
        return (inputs,)


def stepping(trainer: Trainer) -> Callable[[], float]:
    """A turn: seconds a step."""
    return lambda: timed(lambda: trainer.advance(0.5))


def memory() -> list[Figure]:
    """What the operating system counts that a step needs, over the formula's figure for its activations."""
    figures = []
    cells: list[Cell] = ["lstm", "gru", "lstm-peephole"]
    for cell in cells:
        config = ModelConfig(cell=cell, layers=2, hidden=512, embedding=128, vocabulary=VOCABULARY)
        batch, length = 64, 256
        least = activation_bytes(config, batch, length)
        ratio = statistics.median(peak_over_baseline(config, batch, length) for _ in range(3)) / least
        figures.append(Figure(f"memory of a step over the least, {cell} 2 x 512, B 64, T 256", ratio, "x", at_most=1.3))
    return figures + whole_runs()


def whole_runs() -> list[Figure]:
    """What whole runs with evaluations, checkpoints and results need, over what a training is refused by."""
    figures = []
    for name, config in WIDE.items():
        training = TrainingConfig(steps=3, ema=0.998)
        peak, model = peak_of_run(config, training)
        ratio = peak / training_bytes(model, training)
        figures.append(Figure(f"memory of a whole run over the formula, {name}", ratio, "x", at_most=1.0))
    return figures


if __name__ == "__main__":
    main()
