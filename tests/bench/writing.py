"""How long a writer waits at the Write screen: the real app in a terminal, with a real engine and a model of 2 x 512.

A key goes into a pseudo-terminal, and the time is taken when the frame that shows what it did has come out of it. The
document has a million characters, of prose that `_prose` makes up; the model is trained on some more of that. What of
a wait is the engine's is measured by `caret`.
"""

import os
import random
import re
import shutil
import statistics
import string
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from engine.settings import Dials
from tests.bench._prose import prose
from tests.bench._report import Figure, parser, report
from tests.bench._screen import Terminal
from tui.write_settings import WriteSettings, save_settings

COLUMNS, ROWS = 160, 45
DONE = re.compile("suggestion [0-9]+ of [0-9]+(?!…|[0-9])")  # all takes have come
DONE_BYTES = re.compile(rb"suggestion [0-9]+ of [0-9]+(?: \xc2\xb7[a-z ]*)?\x1b")  # the same in what is sent
SPEED = re.compile("([0-9,]+) tokens/s")
LOAD = re.compile("load: ([0-9]+) takes, ([0-9]+) tokens, ([0-9]+) pages")
MODEL = "own"
DIALS = Dials(temperature=0.8)
PAGES_TO_MIDDLE = 130
READ_THROUGH = 100_000  # characters of a document that the background reading has come through soon
STREAM = 5.0  # seconds
LINE = 50  # keys between two line ends


def main() -> None:
    options = parser(__doc__)
    options.set_defaults(rounds=3)
    options.add_argument("--home", type=Path, help="where the model is kept from one run to the next")
    options.add_argument("--steps", type=int, default=150, help="of training before anything is measured")
    options.add_argument("--keys", type=int, default=12, help="suggestions a round at each place")
    options.add_argument("--typed", type=int, default=300, help="keys typed while the engine works")
    options.add_argument("--each", action="store_true", help="also tell each wait for a suggestion")
    options.add_argument("--parts", default=",".join(PARTS), help="what is measured (default: %(default)s)")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = chosen.home or Path(folder)
        work = Path(folder) / "texts"
        work.mkdir()
        train(home, work, chosen.steps)
        figures: list[Figure] = []
        for part in chosen.parts.split(","):
            figures += PARTS[part](home, work, chosen)
    report(figures, as_json=chosen.json)


def train(home: Path, work: Path, steps: int) -> None:
    """The model, where it isn't there yet."""
    if (home / "models" / MODEL / "weights.safetensors").exists():
        return
    text = work / "read.txt"
    text.write_text(prose(400_000, seed=1))
    command = ("train", str(text), "--name", MODEL, "--steps", str(steps), "--cell", "lstm", "--layers", "2")
    subprocess.run(
        [sys.executable, "-P", "-m", "tui.cli", *command, "--hidden", "512", "--batch", "32", "--length", "48"],
        env={**os.environ, "PANTOUM_HOME": str(home)},
        check=True,
        capture_output=True,
    )


def forget(home: Path) -> None:
    """What earlier measurements left unsaved is not asked about."""
    shutil.rmtree(home / "documents", ignore_errors=True)


def desk(home: Path, document: Path, **settings: object) -> Terminal:
    """The app on a document, with the model and these settings."""
    forget(home)
    save_settings(WriteSettings(**{"model": MODEL, "dials": DIALS, **settings}), home)  # type: ignore[arg-type]
    return Terminal(["-m", "tui.cli", "write", str(document), "-m", MODEL], home, COLUMNS, ROWS)


def awake(terminal: Terminal) -> bool:
    """Whether the text is there and the model too."""
    return terminal.shows(MODEL) and terminal.shows("Continue") and not terminal.shows("waking")


# --- suggestions ---


def suggestions(home: Path, work: Path, chosen: Namespace) -> list[Figure]:
    """Tab to the first characters of a ghost, and to five takes of a sentence."""
    document = work / "novel.txt"
    document.write_text(prose(1_000_000, seed=2))
    first: dict[str, list[float]] = {"at the end": [], "in the middle": []}
    last: dict[str, list[float]] = {"at the end": [], "in the middle": []}
    quick = dict.fromkeys(first, 0)
    with desk(home, document) as terminal:
        terminal.settle(awake)
        for _ in range(chosen.rounds):
            for place in first:
                go(terminal, place)
                for number in range(chosen.keys):
                    one, all_, rough = suggested(terminal, number)
                    first[place].append(one)
                    last[place].append(all_)
                    quick[place] += rough
    if chosen.each:
        print(first, last, file=sys.stderr)
    figures = []
    for place in first:
        figures += [
            Figure(f"{place}: key to first ghost characters, p50", statistics.median(first[place]), "ms"),
            Figure(f"{place}: key to first ghost characters, p95", high(first[place], 95), "ms", at_most=60.0),
            Figure(f"{place}: key to 5 takes of a sentence, p50", statistics.median(last[place]), "ms", at_most=100.0),
            Figure(f"{place}: key to 5 takes of a sentence, p95", high(last[place], 95), "ms", at_most=250.0),
            Figure(f"{place}: suggestions from quick states", 100.0 * quick[place] / len(first[place]), "%"),
        ]
    return figures


def exact(home: Path, work: Path, chosen: Namespace) -> list[Figure]:
    """The same at the end of a document that the engine has read through, so that only the keys are to be read."""
    document = work / "read-through.txt"
    document.write_text(prose(READ_THROUGH, seed=6))
    first, last = [], []
    with desk(home, document) as terminal:
        terminal.settle(awake)
        go(terminal, "at the end")
        began, quick = time.perf_counter(), True
        while quick:
            if time.perf_counter() > began + 120:
                raise TimeoutError("the document was not read in two minutes")
            terminal.collect(2.0)
            _, _, quick = suggested(terminal, 0)
        for number in range(chosen.keys * chosen.rounds):
            one, all_, quick = suggested(terminal, number)
            if not quick:
                first.append(one)
                last.append(all_)
    return [
        Figure("from exact states: key to first ghost characters, p50", statistics.median(first), "ms"),
        Figure("from exact states: key to first ghost characters, p95", high(first, 95), "ms", at_most=60.0),
        Figure("from exact states: key to 5 takes of a sentence, p50", statistics.median(last), "ms", at_most=100.0),
        Figure("from exact states: key to 5 takes of a sentence, p95", high(last, 95), "ms", at_most=250.0),
        Figure("from exact states: of all suggestions there", 100.0 * len(first) / (chosen.keys * chosen.rounds), "%"),
    ]


def go(terminal: Terminal, place: str) -> None:
    terminal.press("ctrl+end")
    terminal.collect(0.3)
    if place == "in the middle":
        for _ in range(PAGES_TO_MIDDLE):
            terminal.press("\x1b[5~")
            terminal.collect(0.01)
    terminal.settle(lambda shown: shown.slanted == 0)
    terminal.collect(1.0)  # a person looks where that is


def suggested(terminal: Terminal, number: int) -> tuple[float, float, bool]:
    """Types a character, and asks: milliseconds to a ghost's first characters and to all takes; whether it is quick."""
    typed = "and so it was that the others went on with "
    terminal.press(typed[number % len(typed)])
    terminal.collect(0.1 + 0.3 * (number * 0.618 % 1))
    for _ in terminal.frames():
        pass
    assert terminal.slanted == 0
    pressed = terminal.press("tab")
    terminal.collect_until(DONE_BYTES.search)
    terminal.collect(0.02)  # the rest of that frame
    first = last = 0.0
    for at in terminal.frames():
        if not first and terminal.slanted:
            first = at
        if not last and any(DONE.search(line) for line in terminal.lines):
            last = at
    quick = terminal.shows("from the last page")
    terminal.press("escape")
    terminal.settle(lambda shown: shown.slanted == 0)
    return 1000 * (first - pressed), 1000 * (last - pressed), quick


# --- typing ---


def typing(home: Path, work: Path, chosen: Namespace) -> list[Figure]:
    """Keys while 32 takes, a stream and the surprisal of a page are being worked on."""
    document = work / "typed.txt"
    document.write_text(prose(1_000_000, seed=3))
    forget(home)
    save_settings(WriteSettings(model=MODEL, dials=DIALS), home)
    with Terminal(["-m", "tests.bench._loaded", str(document), MODEL], home, COLUMNS, ROWS) as terminal:
        terminal.settle(awake)
        terminal.press("ctrl+end")
        terminal.press("x")  # the load begins with the first key
        terminal.settle(lambda shown: found(shown, LOAD) and int(found(shown, LOAD)[0]) > 0)
        terminal.press("enter")
        terminal.collect(0.5)
        before, began = found(terminal, LOAD), time.perf_counter()
        waits = typed(terminal, chosen.typed)
        terminal.settle(lambda shown: found(shown, LOAD) != before, 5.0)
        spent = time.perf_counter() - began
        takes, tokens, pages = (
            (int(now) - int(then)) / spent for now, then in zip(found(terminal, LOAD), before, strict=True)
        )
    return [
        Figure("while the engine works: key to paint, p50", statistics.median(waits), "ms"),
        Figure("while the engine works: key to paint, p99", high(waits, 99), "ms", at_most=30.0),
        Figure("while the engine works: longest", max(waits), "ms"),
        Figure("meanwhile: takes, of a batch of 32", takes, "/s"),
        Figure("meanwhile: characters of a stream", tokens, "/s"),
        Figure("meanwhile: pages coloured", pages, "/s"),
    ]


def typed(terminal: Terminal, count: int) -> list[float]:
    """Types random letters at about twelve keys a second; milliseconds to the frame that shows each."""
    draw = random.Random(5)
    waits: list[float] = []
    while len(waits) < count:
        line, pressed = "", []
        for _ in range(LINE):
            line += draw.choice(string.ascii_letters)
            pressed.append(terminal.press(line[-1]))
            terminal.collect(draw.uniform(0.05, 0.12))
        shown = 0
        while shown < len(line):
            terminal.collect(0.5)
            for at in terminal.frames():
                while shown < len(line) and terminal.shows(line[: shown + 1]):
                    waits.append(1000 * (at - pressed[shown]))
                    shown += 1
            if time.perf_counter() > pressed[-1] + 20:
                raise TimeoutError("a key was lost. The screen:\n" + "\n".join(terminal.lines))
        terminal.press("enter")
        terminal.collect(0.2)
    return waits


# --- streaming ---


def streaming(home: Path, work: Path, chosen: Namespace) -> list[Figure]:
    """Frames a second while the model writes as fast as it can, and at 2,000 tokens a second."""
    document = work / "streamed.txt"
    figures: list[Figure] = []
    for name, pace in (("2,000 tokens a second", 2000.0), ("as fast as it goes", 0.0)):
        document.write_text(prose(1_000_000, seed=4))
        dials = msgspec.structs.replace(DIALS, pace=pace)
        rates, speeds = [], []
        with desk(home, document, dials=dials, length=100_000) as terminal:
            terminal.settle(awake)
            for _ in range(chosen.rounds):
                rate, speed = streamed(terminal)
                rates.append(rate)
                speeds.append(speed)
        figures += [
            Figure(f"frames a second at {name}", statistics.median(rates), "", at_least=30.0),
            Figure(f"tokens a second at {name}", statistics.median(speeds), ""),
        ]
    return figures


def streamed(terminal: Terminal) -> tuple[float, float]:
    """Frames that brought more text, a second; and the tokens a second that the status line tells of."""
    terminal.press("ctrl+end")
    terminal.press("enter")
    terminal.settle(lambda shown: shown.slanted == 0)
    terminal.press("ctrl+g")
    terminal.collect_until(lambda data: b"tokens/s" in data)
    for _ in terminal.frames():
        pass
    terminal.collect(1.0)  # what came while that was drawn
    began = time.perf_counter()
    terminal.collect(STREAM)
    terminal.press("escape")
    terminal.collect(1.0)
    before, frames, speed = page(terminal), 0, 0.0
    for at in terminal.frames():
        if began < at <= began + STREAM and (now := page(terminal)) != before:
            before, frames = now, frames + 1
            speed = float(found(terminal, SPEED)[0].replace(",", ""))  # over the last second
    terminal.settle(lambda shown: shown.shows("take 1 of 1"))
    terminal.press("tab")
    return frames / STREAM, speed


def page(terminal: Terminal) -> list[str]:
    return [line[: COLUMNS - 50] for line in terminal.lines[: ROWS - 2]]


# --- opening ---


def opening(home: Path, work: Path, chosen: Namespace) -> list[Figure]:
    """From the last key of the dialog that asks for a file to the first page of it."""
    forget(home)
    known: list[float] = []
    unknown: list[float] = []
    for number in range(chosen.rounds):
        document = work / f"long-{number}.txt"
        text = prose(5_000_000, seed=5 + number)
        document.write_text(text)
        for times in (unknown, known):
            with Terminal(["-m", "tui.cli", "write"], home, COLUMNS, ROWS, cwd=work) as terminal:
                terminal.settle(awake)
                times.append(opened(terminal, document, text[1:40]))
                terminal.collect(2.0)  # its journal is written
    return [
        Figure("a document of 5 MB opens", statistics.median(unknown), "s", at_most=1.0),
        Figure("a document of 5 MB opens again", statistics.median(known), "s", at_most=1.0),
    ]


def opened(terminal: Terminal, document: Path, begins: str) -> float:
    terminal.press("ctrl+o")
    terminal.settle(lambda shown: shown.shows("Open a text"))
    terminal.press("tab")  # from the list to the name
    terminal.collect(0.1)
    for character in document.name:
        terminal.press(character)
        terminal.collect(0.05)
    terminal.settle(lambda shown: shown.shows(document.name))
    pressed = terminal.press("enter")
    terminal.collect_until(lambda data: begins.encode() in data)
    terminal.collect(0.1)
    return next(at for at in terminal.frames() if terminal.shows(begins)) - pressed


def found(terminal: Terminal, pattern: re.Pattern[str]) -> tuple[str, ...]:
    """The groups of the first match on the screen, or nothing."""
    matches = (pattern.search(line) for line in terminal.lines)
    return next((match.groups() for match in matches if match is not None), ())


def high(values: list[float], percent: float) -> float:
    return float(np.percentile(values, percent))


PARTS: dict[str, Callable[..., list[Figure]]] = {
    "suggestions": suggestions,
    "exact": exact,
    "typing": typing,
    "streaming": streaming,
    "opening": opening,
}

if __name__ == "__main__":
    main()
