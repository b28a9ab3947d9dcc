"""What `pantoum export` and `pantoum replay` do."""

import sys
import time
from collections import deque
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from corpora.errors import InputError
from corpora.files import write_bytes
from corpora.paths import expanded, gone, resolved, there
from tui.commandline.output import is_terminal, line
from tui.exporting import documents
from tui.exporting.replay import Moment, Recording, replay

LETTER = 0.06  # seconds for a typed letter at speed 1
FRAME = 1 / 30  # seconds


def export(file: Path, kind: str, output: Path | None) -> None:
    """Raises `InputError` where there is no such text or format, or the result can't be written."""
    file = expanded(file)
    suffix = next((each.suffix for each in documents.FORMATS if each.name == kind), "")
    data = documents.export(documents.read_document(file), kind, file.name)
    if output == Path("-"):
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    path = expanded(output or Path(file.stem + suffix))
    if output is None and not gone(path):
        raise InputError(f"{path} exists already. Say with -o where to write.")
    _refuse_unwritable(path, file)
    try:
        write_bytes(resolved(path), data)
    except OSError as error:
        raise InputError(f"{path} can't be written ({error.strerror or error}).") from error
    line(f"{file.name} as {kind}: {path}")


def _refuse_unwritable(path: Path, text: Path) -> None:
    """Raises `InputError` for the text itself, and for what is no file to be replaced."""
    if not there(path):
        return
    if there(text) and path.samefile(text):
        raise InputError(f"{path} is the text itself. Say with -o where else to write.")
    if not path.is_file():
        raise InputError(f"{path} is not a file. Say with -o where to write; -o - is standard output.")


def play(file: Path, speed: float, rest: float) -> None:
    """Raises `InputError` for what is no replay, and for a speed that is none."""
    if not 0.01 <= speed <= 10_000 or not 0 <= rest <= 3600:
        raise InputError("The speed is between 0.01 and 10,000, the longest pause between 0 and 3,600 seconds.")
    recording = _recording(expanded(file))
    console = Console()
    moment: Moment | None = None
    if not is_terminal(sys.stdout):
        moment = next(iter(deque(recording.play(), maxlen=1)), None)
        sys.stdout.write(moment.text.text if moment is not None else recording.head.start)
        return
    at, step, drawn = 0.0, 0, 0.0
    with Live(console=console, auto_refresh=False, screen=True) as live:
        for moment in recording.play():
            wait = LETTER if moment.step == step else max(0.0, moment.at - at)
            at, step = moment.at, moment.step
            time.sleep(min(wait / speed, rest))
            if time.monotonic() - drawn >= FRAME:
                live.update(_frame(moment, recording, console), refresh=True)
                drawn = time.monotonic()
        if moment is not None:
            live.update(_frame(moment, recording, console), refresh=True)
            time.sleep(rest)
    line(moment.text.text if moment is not None else recording.head.start)


def _recording(file: Path) -> Recording:
    try:
        head = file.open("rb").read(64) if file.suffix == ".jsonl" else b""
        if b'"replay"' in head:
            return Recording(file.read_bytes(), file.name)
    except OSError as error:
        raise InputError(f"{file} can't be read ({error.strerror or error}).") from error
    return Recording(replay(documents.read_document(file), file.name), file.name)


def _frame(moment: Moment, recording: Recording, console: Console) -> Group:
    """As many lines as fit, the changed place among them."""
    rows = max(1, console.height - 2)
    row, column = moment.place
    top = max(0, row - rows // 2)
    shown = Text(no_wrap=False)
    for number, content in enumerate(moment.text.lines[top : top + rows], top):
        if number == row:
            content = content[max(0, column - 2000) :]
            caret = min(column, 2000)
            shown.append(content[:caret]).append("▏", "bold yellow").append(content[caret : caret + 2000])
        else:
            shown.append(content[:2000])
        shown.append("\n")
    lines = shown.wrap(console, console.width)
    caret_row = next((at for at, each in enumerate(lines) if "▏" in each.plain), 0)
    first = max(0, min(caret_row - rows // 2, len(lines) - rows))
    minutes, seconds = divmod(int(moment.at), 60)
    status = f"{minutes}:{seconds:02}  step {moment.step:,} of {len(recording.events):,}  {moment.who}"
    return Group(Text("\n").join(lines[first : first + rows]), Text(status, "reverse"))
