"""What budgets reach: models trained by `pantoum train`, judged by `pantoum score`, in nats per character.

Each reads the first 90 % of a text; the rest is scored whole, with the state carried over it. Cases:

    presets   what the presets make of 95 seconds, of 10 and of 30 minutes, in characters
    plain     one minute of the preset, and of a plain nn.LSTM of 320 without any of our choices
    units     two minutes of characters, words and pieces of words
    time      every cell, one layer of 256, for one minute each
    size      every cell at 600 thousand parameters, for 2,000 steps each

The bounds are for Tiny Shakespeare (``--text PATH``); without it the program trains on Python's own manual, which has
none. 95 seconds are what nanoGPT's documented CPU configuration takes on two cores for 1.874.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpora.library import CorpusLibrary
from corpora.starters import add_starter
from engine.settings import UNITS
from tests.bench._report import Figure, parser, report

BENCHMARK_TEXT = Path("../shared/data/tinyshakespeare.txt")
SECONDS_95 = 95 / 60
PARAMETERS = 600_000
CELLS: tuple[tuple[str, ...], ...] = (
    ("rnn-tanh",),
    ("rnn-relu",),
    ("rnn-relu", "--identity"),
    ("gru",),
    ("lstm",),
    ("lstm-peephole",),
    ("lstm-peephole", "--peephole", "full"),
)
PLAIN: tuple[str, ...] = (
    *("--cell", "lstm", "--layers", "1", "--hidden", "320", "--embedding", "128", "--untied", "--softmax", "full"),
    *("--learning-rate", "8e-3", "--dropout", "0", "--weight-dropout", "0", "--embedding-dropout", "0"),
    *("--ema", "0", "--restart", "0", "--horizon", "1", "--precision", "float32"),
)


@dataclass(frozen=True)
class Case:
    """One training: its name, its options, and the bound in nats per character of Tiny Shakespeare."""

    name: str
    options: tuple[str, ...]
    bound: float | None = None


def cases(kinds: list[str]) -> Iterator[Case]:
    """All cases of these kinds."""
    if "presets" in kinds:
        for minutes, bound in ((SECONDS_95, 1.50), (10.0, 1.46), (30.0, None)):
            name = "95 seconds" if minutes < 2 else f"{minutes:g} minutes"
            yield Case(f"preset, {name}", ("--minutes", f"{minutes:.4f}"), bound)
    if "plain" in kinds:
        yield Case("preset, 1 minute", ("--minutes", "1"))
        yield Case("plain LSTM of 320, 1 minute", ("--minutes", "1", *PLAIN))
    if "units" in kinds:
        for unit in UNITS:
            yield Case(f"{unit}, 2 minutes", ("--unit", unit, "--minutes", "2"), 1.62)
    if "time" in kinds:
        for cell in CELLS:
            options = ("--cell", *cell, "--hidden", "256", "--layers", "1", "--dropout", "0")
            yield Case(f"{' '.join(cell)}, 1 minute", (*options, "--minutes", "1"))
    if "size" in kinds:
        for cell in CELLS:
            options = ("--cell", *cell, "--hidden", str(width(cell)), "--layers", "1", "--dropout", "0")
            yield Case(f"{' '.join(cell)}, 2,000 steps at equal size", (*options, "--steps", "2000"))


def width(cell: tuple[str, ...]) -> int:
    """The width H at which one layer on 128 inputs, with 80 tokens, has `PARAMETERS`."""
    gates = {"rnn-tanh": 1, "rnn-relu": 1, "gru": 3}.get(cell[0], 4)
    peepholes = 3 if "full" in cell else 0

    def parameters(hidden: int) -> int:
        return gates * hidden * (128 + hidden + 2) + peepholes * hidden * hidden + 80 * (hidden + 1) + 80 * 128

    return min(range(64, 1024, 4), key=lambda hidden: abs(parameters(hidden) - PARAMETERS))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--text", type=Path, default=BENCHMARK_TEXT, help="the text to train on")
    kinds = ("presets", "plain", "units", "time", "size")
    options.add_argument("--cases", nargs="+", default=["units"], choices=kinds, help="what to run (default: units)")
    options.add_argument("--only", default="", help="only cases whose name contains this")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        text = home / "text.txt"
        bounded = chosen.text.exists() and chosen.text.name == "tinyshakespeare.txt"
        if chosen.text.exists():
            text.write_text(chosen.text.read_text(encoding="utf-8"), encoding="utf-8")
        else:
            text.write_text(add_starter(CorpusLibrary(home), "manual").corpus.text_path.read_text("utf-8"), "utf-8")
        whole = text.read_text(encoding="utf-8")
        rest = home / "rest.txt"
        rest.write_text(whole[int(0.9 * len(whole)) :], encoding="utf-8")
        figures = []
        for number, case in enumerate(cases(chosen.cases)):
            if chosen.only in case.name:
                figures.append(figure(home, text, rest, number, case, bounded=bounded))
                print(f"{figures[-1].name}: {figures[-1].value:.4f}", file=sys.stderr, flush=True)
    report(figures, as_json=chosen.json)


def figure(home: Path, text: Path, rest: Path, number: int, case: Case, *, bounded: bool) -> Figure:
    """Trains one model and scores it on the rest, in nats per character so that units can be compared."""
    name = f"case {number}"
    pantoum(home, "train", str(text), "--name", name, "--seed", "1", *case.options)
    score = json.loads(pantoum(home, "score", name, str(rest), "--json"))
    nats = score["bits_per_character"] * math.log(2)
    return Figure(case.name, nats, "nats per character", at_most=case.bound if bounded else None)


def pantoum(home: Path, *arguments: str) -> str:
    """Runs a command in a home of its own; its output."""
    command = [sys.executable, "-P", "-m", "tui.cli", *arguments]
    environment = {**os.environ, "PANTOUM_HOME": str(home)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
