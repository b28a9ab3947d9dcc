"""What two minutes of training reach: each unit trained by `pantoum train`, judged by `pantoum score`.

Reads the first 90 % of a text and scores the rest, whole, with the state carried over it. The bound is for Tiny
Shakespeare (``--text PATH``); without it the program trains on Python's own manual, which has no bound.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from corpora.library import CorpusLibrary
from corpora.starters import add_starter
from engine.settings import UNITS
from tests.bench._report import Figure, parser, report

BOUND = 1.62  # nats per character of Tiny Shakespeare's last tenth, after two minutes on two quiet cores
BENCHMARK_TEXT = Path("../shared/data/tinyshakespeare.txt")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--text", type=Path, default=BENCHMARK_TEXT, help="the text to train on")
    options.add_argument("--minutes", type=float, default=2.0, help="budget of each run (default: 2)")
    options.add_argument("--units", nargs="+", default=list(UNITS), choices=UNITS)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        text, bound = home / "text.txt", None
        if chosen.text.exists():
            text.write_text(chosen.text.read_text(encoding="utf-8"), encoding="utf-8")
            bound = BOUND if chosen.text.name == "tinyshakespeare.txt" and chosen.minutes <= 2.0 else None
        else:
            text.write_text(add_starter(CorpusLibrary(home), "manual").corpus.text_path.read_text("utf-8"), "utf-8")
        whole = text.read_text(encoding="utf-8")
        rest = home / "rest.txt"
        rest.write_text(whole[int(0.9 * len(whole)) :], encoding="utf-8")
        figures = [figure(home, text, rest, unit, chosen.minutes, bound) for unit in chosen.units]
    report(figures, as_json=chosen.json)


def figure(home: Path, text: Path, rest: Path, unit: str, minutes: float, bound: float | None) -> Figure:
    """Trains one unit and scores it on the rest, in nats per character so that units can be compared."""
    pantoum(home, "train", str(text), "--name", unit, "--unit", unit, "--minutes", str(minutes), "--seed", "1")
    score = json.loads(pantoum(home, "score", unit, str(rest), "--json"))
    nats = score["bits_per_character"] * math.log(2)
    return Figure(f"{unit}, {minutes:g} minutes", nats, "nats per character", at_most=bound)


def pantoum(home: Path, *arguments: str) -> str:
    """Runs a command in a home of its own; its output."""
    command = [sys.executable, "-P", "-m", "tui.cli", *arguments]
    environment = {**os.environ, "PANTOUM_HOME": str(home)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
