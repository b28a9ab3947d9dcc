"""How long a writer waits for the editor: key to paint by length of the text, opening, and text that streams in."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.app import App, ComposeResult
from textual.events import Key
from textual.pilot import Pilot

from engine.settings import Dials
from tests.bench._report import Figure, parser, report
from tui.manuscript.opening import Opened, open_document
from tui.manuscript.takes import Take
from tui.widgets.editor import Editor

KEYS = "the rain was over x\n"  # typed again and again; a newline moves everything below it
STREAM_SECONDS = 3.0
TOKENS_A_SECOND = 2000
TOKEN = "rain "
WRITES = 36  # a second: a little more often than it has to be painted
PAINTS = 30


class Desk(App[None]):
    """An editor that counts its frames: what reaches the driver after each update of the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.editor = Editor()
        self.frames = 0

    def compose(self) -> ComposeResult:
        yield self.editor

    def _display(self, screen, renderable) -> None:  # type: ignore[no-untyped-def]
        super()._display(screen, renderable)
        self.frames += 1


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--keys", type=int, default=300, help="keys at each place (default: 300)")
    chosen = options.parse_args()
    report(asyncio.run(measured(chosen.keys)), as_json=chosen.json)


async def measured(keys: int) -> list[Figure]:
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, size in (("10 KB", 10_000), ("1 MB", 1_000_000), ("5 MB", 5_000_000)):
            path = root / f"{size}.txt"
            path.write_text(prose(size))
            app = Desk()
            async with app.run_test(size=(120, 40)) as pilot:
                began = time.perf_counter()
                opened = open_document(path, root)
                app.editor.open(opened.manuscript)
                await painted(app, pilot)
                figures.append(Figure(f"open {name}", time.perf_counter() - began, "s", at_most=1.0))
                lines = len(opened.manuscript.body.lines)
                for place, line in (("top", 0), ("middle", lines // 2), ("end", lines - 1)):
                    app.editor.move_cursor((line, 0), center=True)
                    await painted(app, pilot)
                    waits, busy = await typed(app, opened, keys)
                    figures.append(Figure(f"key to paint, {name}, {place}, p50", 1e3 * waits[len(waits) // 2], "ms"))
                    worst = waits[int(len(waits) * 0.99)]
                    figures.append(Figure(f"key to paint, {name}, {place}, p99", 1e3 * worst, "ms", at_most=30.0))
                    figures.append(Figure(f"processor time of a key, {name}, {place}", 1e3 * busy, "ms"))
                figures.append(await undone(app, name))
                figures.append(await streamed(app, name))
            assert opened.journal is not None
            opened.journal.close(unsaved=True)
    return figures


async def painted(app: Desk, pilot: Pilot[None]) -> None:
    await pilot.pause()
    await pilot.pause(0.05)


async def typed(app: Desk, opened: Opened, keys: int) -> tuple[list[float], float]:
    """Seconds from each key to the frame that shows it, sorted, and processor time of a key, all told.

    Textual paints 60 times a second, so that a key waits for up to 17 ms. The journal is written meanwhile.
    """
    waits, busy = [], 0.0
    for number in range(keys):
        character = KEYS[number % len(KEYS)]
        name = {" ": "space", "\n": "enter"}.get(character, character)
        before, began, used = app.frames, time.perf_counter(), time.process_time()
        app.editor.post_message(Key(name, character))
        await until(lambda before=before: app.frames > before)  # type: ignore[misc]
        waits.append(time.perf_counter() - began)
        busy += time.process_time() - used
        if number % 20 == 0 and opened.journal is not None:
            await asyncio.to_thread(opened.journal.write, opened.journal.take())
    return sorted(waits), busy / keys


async def undone(app: Desk, name: str) -> Figure:
    waits = []
    for _ in range(20):
        before, began = app.frames, time.perf_counter()
        app.editor.undo()
        await until(lambda before=before: app.frames > before)  # type: ignore[misc]
        waits.append(time.perf_counter() - began)
    return Figure(f"undo, {name}, median", 1e3 * statistics.median(waits), "ms", at_most=30.0)


async def streamed(app: Desk, name: str) -> Figure:
    """Frames a second while text streams into the middle of the text."""
    editor = app.editor
    editor.move_cursor((len(editor.manuscript.body.lines) // 2, 0), center=True)
    await asyncio.sleep(0.2)
    editor.begin(editor.caret, Take("bard", 1, Dials()))
    before, began = app.frames, time.perf_counter()
    sent = 0
    while (passed := time.perf_counter() - began) < STREAM_SECONDS:
        due = int(passed * TOKENS_A_SECOND)
        editor.write(TOKEN * (due - sent) + ("\n" if sent // 500 != due // 500 else ""))
        sent = due
        await asyncio.sleep(max(0.0, 1 / WRITES - (time.perf_counter() - began - passed)))
    frames = (app.frames - before) / (time.perf_counter() - began)
    editor.drop()
    return Figure(f"frames a second at {TOKENS_A_SECOND:,} tokens a second, {name}", frames, "", at_least=PAINTS)


async def until(condition: Callable[[], bool]) -> None:
    limit = time.perf_counter() + 10
    while not condition():
        await asyncio.sleep(0.0005)
        if time.perf_counter() > limit:
            raise TimeoutError("no frame came")


def prose(size: int) -> str:
    """Paragraphs of many lengths, about `size` bytes."""
    sentence = "The river goes to the sea, and the sea comes back as rain, and nobody asks it why. "
    parts = []
    written = number = 0
    while written < size:
        parts.append(sentence * (1 + number % 7) + f"So it was {number}.\n")
        written += len(parts[-1])
        number += 1
    return "".join(parts)


if __name__ == "__main__":
    main()
