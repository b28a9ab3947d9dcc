"""How fast single tokens come, next to torch's own LSTM called in a loop, and how exact they are.

A model of 2 x 512 is trained for a moment first: kinds of weights are judged on weights that mean something.
All ratios are of medians of turns taken in one run.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from corpora.library import CorpusLibrary
from corpora.starters import add_starter
from corpora.tokenizers import Tokenizer, train_tokenizer
from engine import compiled
from engine.decoder import Decoder
from engine.device import cores
from engine.environment import service_environment
from engine.generation import Continuation
from engine.model import LanguageModel
from engine.packing import TOLERANCE, choose_packing, step_bytes, stepped_loss
from engine.products import available
from engine.settings import CELLS, Cell, Dials, ModelConfig, Packing, Peephole, TrainingConfig
from engine.shapes import Shape
from engine.snapshots import Snapshots
from engine.training import Trainer
from tests.bench._report import Figure, medians, parser, report, run_with

STEPS = 150  # of training before anything is measured
TIMED = 200  # tokens a turn
WIDE = 16  # streams whose steps are worth sharing among threads
DIALS = Dials(temperature=0.9, top_k=40, top_p=0.95, min_p=0.02, repetition=1.1)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--document", type=int, default=1_000_000, help="characters of the document that is edited")
    chosen = options.parse_args()
    run_with(service_environment())  # as the engine service runs
    with tempfile.TemporaryDirectory() as folder:
        text = add_starter(CorpusLibrary(Path(folder)), "manual").corpus.text_path.read_text("utf-8")
    tokenizer = train_tokenizer("char", [text])
    model, held_back = trained(text, tokenizer)
    packing = choose_packing(model, held_back)
    figures = [
        *exactness(),
        *losses(model, held_back),
        *speeds(model, packing, chosen.rounds),
        *sampler(model, tokenizer, packing, chosen.rounds),
        *prompts(model, tokenizer.encode(text).astype(np.int64), chosen.document, packing),
    ]
    report(figures, as_json=chosen.json)


def trained(text: str, tokenizer: Tokenizer) -> tuple[LanguageModel, np.ndarray[tuple[int], np.dtype[np.uint16]]]:
    """A model of 2 x 512, and text that it was not trained on."""
    torch.manual_seed(0)
    ids = tokenizer.encode(text).astype(np.uint16)
    cut = int(0.9 * len(ids))
    config = ModelConfig(cell="lstm", layers=2, hidden=512, embedding=64, vocabulary=tokenizer.vocabulary)
    torch.set_num_threads(cores())
    trainer = Trainer(
        LanguageModel(config),
        ids[:cut],
        TrainingConfig(steps=STEPS, learning_rate=4e-3),
        torch.device("cpu"),
        Shape(32, 48),
    )
    for step in range(STEPS):
        trainer.advance(step / STEPS)
    return trainer.model.eval(), ids[cut:]


@torch.no_grad()
def exactness() -> list[Figure]:
    """The largest difference of a logit between stepping in float32 and the training forward, random weights."""
    kinds: list[tuple[Cell, Peephole]] = [*((cell, "diagonal") for cell in CELLS), ("lstm-peephole", "full")]
    worst = 0.0
    for cell, peephole in kinds:
        for layers in (1, 2, 3):
            for batch in (1, 5):
                torch.manual_seed(layers)
                config = ModelConfig(cell=cell, peephole=peephole, layers=layers, hidden=256, vocabulary=90)
                model = LanguageModel(config).eval()
                ids = torch.randint(90, (100, batch))
                expected, _ = model(ids, model.zero_state(batch))
                decoder = Decoder(model)
                state = decoder.zero_state(batch)
                for row, wanted in zip(ids, expected, strict=True):
                    logits, state = decoder.step(row, state)
                    worst = max(worst, float((logits - wanted).abs().max()))
    return [Figure("float32 steps against the training forward, all cells", worst, "logits", at_most=1e-4)]


def losses(model: LanguageModel, held_back: np.ndarray[tuple[int], np.dtype[np.uint16]]) -> list[Figure]:
    """What each quicker kind adds to the bits a character, in percent."""
    exact = stepped_loss(Decoder(model), held_back)
    return [
        Figure(
            f"{packing} against float32 on validation text",
            100.0 * (stepped_loss(Decoder(model, packing=packing), held_back) / exact - 1.0),
            "% of the bits",
            at_most=100.0 * TOLERANCE,
        )
        for packing in available()[1:]
    ]


def speeds(model: LanguageModel, packing: Packing, rounds: int) -> list[Figure]:
    """Steps against nn.LSTM with one thread and with two, whichever is faster."""
    figures = []
    small = LanguageModel(ModelConfig(cell="lstm", layers=2, hidden=256, embedding=64, vocabulary=90)).eval()
    for name, made, batch, bound in (
        ("2 x 512, batch 1", model, 1, 6.0),
        ("2 x 256, batch 1", small, 1, 12.0),
        ("2 x 512, batch 32", model, 32, 3.0),
    ):
        kinds: dict[str, Packing] = {"float32": "float32", **{kind: kind for kind in available()[1:]}}
        turn = streaming if batch == 1 else partial(stepping, batch=batch)
        cases = {kind: turn(Decoder(made, packing=kinds[kind])) for kind in kinds}
        cases |= {f"nn.LSTM, {count} threads": looping(made, batch, count) for count in (1, 2)}
        found = medians(cases, rounds)
        rival = min(found[case] for case in cases if case.startswith("nn.LSTM"))
        used = packing if made is model or compiled.usable() else "float32"
        figures.append(Figure(f"{name}: {used} against nn.LSTM", rival / found[used], "x", at_least=bound))
        figures += [Figure(f"{name}: {kind}", batch / found[kind], "tokens/s") for kind in kinds]
        figures.append(Figure(f"{name}: nn.LSTM", batch / rival, "tokens/s"))
        if made is model and batch == 1:
            share = step_bytes(made) / found["float32"] / bandwidth(step_bytes(made), rounds)
            figures.append(Figure("2 x 512: share of the read bandwidth, float32", 100.0 * share, "%", at_least=65.0))
    return figures


def stepping(decoder: Decoder, batch: int) -> Callable[[], float]:
    """A turn: seconds a step."""
    ids = torch.zeros(batch, dtype=torch.int64)

    def turn() -> float:
        torch.set_num_threads(1 if batch < WIDE else cores())
        state = decoder.zero_state(batch)
        decoder.step(ids, state)
        began = time.perf_counter()
        for _ in range(TIMED):
            _, state = decoder.step(ids, state)
        return (time.perf_counter() - began) / TIMED

    return turn


def streaming(decoder: Decoder) -> Callable[[], float]:
    """A turn of one stream as `Continuation` steps it: seconds a step."""

    def turn() -> float:
        torch.set_num_threads(1)
        read = decoder.stream(decoder.zero_state())
        read(0)
        began = time.perf_counter()
        for _ in range(TIMED):
            read(0)
        return (time.perf_counter() - began) / TIMED

    return turn


def looping(model: LanguageModel, batch: int, threads: int) -> Callable[[], float]:
    """A turn of torch's own layers alone, one token a call: seconds a call."""
    config = model.config
    lstm = nn.LSTM(config.embedding, config.hidden, config.layers)
    x = torch.randn(1, batch, config.embedding)

    @torch.inference_mode()
    def turn() -> float:
        torch.set_num_threads(threads)
        state = (torch.zeros(config.layers, batch, config.hidden),) * 2
        lstm(x, state)
        began = time.perf_counter()
        for _ in range(TIMED // 4):
            _, state = lstm(x, state)
        return (time.perf_counter() - began) / (TIMED // 4)

    return turn


def bandwidth(size: int, rounds: int) -> float:
    """Bytes a second that one thread reads of so many: what a sum of them takes."""
    torch.set_num_threads(1)
    numbers = torch.ones(size // 4)
    times = []
    for _ in range(20 * rounds):
        began = time.perf_counter()
        numbers.sum()
        times.append(time.perf_counter() - began)
    return size / statistics.median(times)


def sampler(model: LanguageModel, tokenizer: Tokenizer, packing: Packing, rounds: int) -> list[Figure]:
    """A whole continuation with every dial turned, against the bare step of the same decoder."""
    figures = []
    for kind in dict.fromkeys(("float32", packing)):
        decoder = Decoder(model, packing=kind)

        def continuing(decoder: Decoder = decoder) -> float:
            continuation = iter(Continuation(decoder, tokenizer, "The ", dials=DIALS, seed=1, length=TIMED))
            next(continuation)  # reads the prompt
            began = time.perf_counter()
            tokens = sum(1 for _ in continuation)
            return (time.perf_counter() - began) / tokens

        found = medians({"step": streaming(decoder), "whole": continuing}, rounds)
        bound = 1.25 if kind == "float32" else None
        name = f"2 x 512: the whole sampler over the bare step, {kind}"
        figures.append(Figure(name, found["whole"] / found["step"], "x", at_most=bound))
    return figures


def prompts(
    model: LanguageModel, ids: np.ndarray[tuple[int], np.dtype[np.int64]], document: int, packing: Packing
) -> list[Figure]:
    """Reading a prompt against stepping through it, and reading on after an edit against reading as much anew."""
    torch.set_num_threads(cores())
    decoder, exact = Decoder(model, packing=packing), Decoder(model)
    text = torch.from_numpy(np.resize(ids, document))
    tail = document // 10

    def seconds(work: Callable[[], object]) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    reading = statistics.median(
        seconds(lambda: decoder.prefill(text[:2048, None], decoder.zero_state())) for _ in range(5)
    )
    one_by_one = statistics.median(streaming(exact)() for _ in range(5))
    torch.set_num_threads(cores())
    in_float32 = statistics.median(
        seconds(lambda: exact.prefill(text[:2048, None], exact.zero_state())) for _ in range(5)
    )
    torch.set_num_threads(cores())
    snapshots = Snapshots(decoder)
    snapshots.prefill(text)
    edited = text.clone()
    edited[-tail] = (edited[-tail] + 1) % model.config.vocabulary
    after = seconds(lambda: snapshots.prefill(edited))
    anew = seconds(lambda: Snapshots(decoder).prefill(edited[-tail:]))
    return [
        Figure(
            "2 x 512: reading a prompt, against stepping in float32", 2048 / reading * one_by_one, "x", at_least=5.0
        ),
        Figure(f"2 x 512: reading a prompt, {packing}", 2048 / reading, "tokens/s"),
        Figure("2 x 512: reading a prompt, float32", 2048 / in_float32, "tokens/s"),
        Figure(f"an edit {tail:,} before the end, against reading that much", after / anew, "x", at_most=1.2),
    ]


if __name__ == "__main__":
    main()
