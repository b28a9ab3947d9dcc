"""What the tests of the app's shell, Library and Train screens share: a running app, waiting for a condition."""

import html
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, Static

from corpora.library import Corpus, CorpusLibrary
from tui.app import PantoumApp
from tui.widgets.message_line import MessageLine
from tui.widgets.news_line import NewsLine

SIZES = [(80, 24), (160, 45)]
CELL = 12.2  # width of a character in Textual's screenshots
_TEXT = re.compile(r'<text [^>]*?x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>')
PATIENCE = 60.0  # seconds until a condition that does not come true fails the test
VERSE = "The river goes to the sea, and the sea comes back as rain.\nNobody asks it why.\n"


@dataclass
class Driver:
    """A running app."""

    app: PantoumApp
    pilot: Pilot[None]

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Lets the app run until the condition holds."""
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < limit, f"{what or 'the condition'} did not come true; the screen:\n{self.shown()}"
            await self.pilot.pause(0.02)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def shows(self, text: str) -> None:
        """Waits until the screen shows this text."""
        await self.until(lambda: text in self.shown(), f"{text!r} on the screen")

    async def says(self, text: str) -> None:
        """Waits until the message line says this."""
        await self.until(lambda: text in self.message, f"the message {text!r}")

    async def enter(self, field: str, text: str) -> None:
        """Puts the text into an Input as if it had been pasted there."""
        widget = self.app.screen.query_one(field, Input)
        widget.focus()
        widget.value = text
        await self.pilot.pause()

    def shown(self) -> str:
        """The screen as text, runs of spaces as one."""
        lines: dict[float, str] = {}
        for x, y, text in _TEXT.findall(self.app.export_screenshot()):
            line = lines.get(float(y), "").ljust(round(float(x) / CELL))
            lines[float(y)] = line + html.unescape(text).replace("\u00a0", " ")
        return "\n".join(re.sub(" +", " ", line) for _, line in sorted(lines.items()))

    @property
    def message(self) -> str:
        return self.app.screen_stack[0].query_one(MessageLine).text

    @property
    def news(self) -> str:
        """What the mode's own screen says of what happened elsewhere."""
        return "\n".join(self.app.screen_stack[0].query_one(NewsLine).sentences)

    def text_of(self, selector: str) -> str:
        """What a Static shows."""
        return str(self.app.screen.query_one(selector, Static).render())


@asynccontextmanager
async def running(size: tuple[int, int] = (80, 24), mode: str = "library") -> AsyncIterator[Driver]:
    """The app in `mode`, past its first look at the library."""
    app = PantoumApp(mode=mode)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driver(app, pilot)


def write_text(path: Path, *, lines: int = 40) -> Path:
    """A small text file that is long enough to be learned from; each path's text is its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{path.stem} {line}: {VERSE}" for line in range(lines)), encoding="utf-8")
    return path


def add_corpus(home: Path, name: str = "river") -> Corpus:
    """A corpus in the library of `home`."""
    return CorpusLibrary(home).add([write_text(home / "files" / f"{name}.txt")], name=name).corpus
