"""How long a person waits: the version, the app's first paint, the engine's first token. Each in fresh processes."""

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pexpect

from corpora.library import CorpusLibrary
from corpora.starters import add_starter
from tests.bench._report import Figure, medians, parser, report

COMMAND = (sys.executable, "-P", "-m", "tui.cli")
PAINTED = b"Library"  # a word of the first screen


def main() -> None:
    options = parser(__doc__)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PANTOUM_HOME"] = folder
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as `make` does: a start doesn't compile what the last one did
        add_starter(CorpusLibrary(Path(folder)), "manual")
        run("train", "python-s-manual", "--name", "small", "--steps", "30")
        cases: dict[str, Callable[[], float]] = {
            "pantoum --version": lambda: timed("--version"),
            "first paint": first_paint,
            "first token, from a cold start": lambda: timed("sample", "small", "-n", "1"),
        }
        found = medians(cases, chosen.rounds)
    figures = [
        Figure("pantoum --version", found["pantoum --version"], "s", at_most=0.15),
        Figure("first paint", found["first paint"], "s", at_most=0.4),
        Figure("first token, from a cold start", found["first token, from a cold start"], "s", at_most=3.0),
    ]
    report(figures, as_json=chosen.json)


def run(*arguments: str) -> None:
    subprocess.run([*COMMAND, *arguments], check=True, capture_output=True)


def timed(*arguments: str) -> float:
    """Seconds that a command takes from start to end."""
    began = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - began


def first_paint() -> float:
    """Seconds from starting the app in a terminal of its own until words of its first screen have been written."""
    began = time.perf_counter()
    app = pexpect.spawn(COMMAND[0], list(COMMAND[1:]), dimensions=(24, 80), timeout=30)
    seen = b""
    try:
        while PAINTED not in seen:
            if not select.select([app.child_fd], [], [], 30.0)[0]:
                raise TimeoutError("the app painted nothing within 30 seconds")
            seen += os.read(app.child_fd, 65536)
        return time.perf_counter() - began
    finally:
        app.close(force=True)


if __name__ == "__main__":
    main()
