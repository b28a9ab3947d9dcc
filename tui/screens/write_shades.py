"""The Write screen's colours that the engine knows of: how surprising each word is, and what was copied."""

import asyncio
from pathlib import Path
from typing import TypeVar

from textual import on

from corpora.errors import InputError
from engine.client import EngineClient, EngineError, Outdated
from engine.protocol import CopiedParams, Place, SurprisalParams
from tui.engine_link import EngineLink
from tui.manuscript.lines import Change, Lines, Location
from tui.manuscript.spans import Spans
from tui.manuscript.surprise import Spread, word_within
from tui.screens.write_branches import COLOURS, WriteBranches
from tui.waiting import give_up
from tui.widgets.editor import Editor

REST = 0.3  # seconds that text and page rest before the page is asked about
BESIDE = 0.5  # pages above and below the one that is shown that are asked about too
LONGEST = 20_000  # characters asked about at once
WORDS = 5_000  # whose bits are kept: the document's spread is theirs
COPIES = 2_000  # lines of copied passages that are kept
COPY = 25  # characters in a row that count as copied

T = TypeVar("T")


class WriteShades(WriteBranches):
    """Asks about the page once it rests. What was found moves with the text until it is asked about anew."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self.colourings |= {"surprisal": self._surprisal_of, "copied": self._copies_of}
        steps = (("surprising", 1), ("more", 2), ("most", 3))
        self.legends["surprisal"] = tuple((text, f"editor--surprising-{step}") for text, step in steps)
        self.legends["copied"] = (("in the model's corpus", "editor--copied"),)
        self._costs: Spans[float] = Spans(WORDS)
        self._spread = Spread(())
        self._copies: Spans[int] = Spans(COPIES)
        self._corpus = ""
        self._coloured = Lines()  # the text that the spans are about
        self._asked: object = None  # what was asked about last and answered: the same isn't asked again
        self._page_task: asyncio.Task[None] | None = None
        self._slug = ""  # the model that the spans come from

    def on_mount(self) -> None:
        self.watch(self.editor, "scroll_y", self.ask_about_page, init=False)
        self.ask_about_page()

    async def stop_asking(self) -> None:
        await give_up(self._page_task)
        await super().stop_asking()

    def action_colours(self) -> None:
        super().action_colours()
        if self._needs_engine and not self.session.slug:
            self.flash(f"colours: {COLOURS[self.settings.colours]}, but there is no model")
        self._asked = None
        self.ask_about_page()

    @on(Editor.Changed)
    @on(Editor.SelectionChanged)
    def ask_about_page(self) -> None:
        """Asks about the page once it rests, where the colours need that; what is being asked is given up."""
        self._follow(self.editor.manuscript.body)
        if self._page_task is not None and not self._page_task.done():
            self._page_task.cancel()
        if self._needs_engine and self._wanted_now() != self._asked:
            self._page_task = asyncio.create_task(self._ask_when_rested())

    def doing(self) -> str:
        found = self._copies.at(self.editor.caret) if self.settings.colours == "copied" else None
        copied = f"in {self._corpus} from character {found + 1:,} on" if found is not None else ""
        return super().doing() or copied

    # --- the hooks of the colours ---

    def _surprisal_of(self, line: int) -> list[tuple[int, int, str]]:
        steps = ((start, end, self._spread.step(bits)) for start, end, bits in self._costs.on(line))
        return [(start, end, f"editor--surprising-{step}") for start, end, step in steps if step]

    def _copies_of(self, line: int) -> list[tuple[int, int, str]]:
        return [(start, end, "editor--copied") for start, end, _ in self._copies.on(line)]

    # --- asking ---

    @property
    def _needs_engine(self) -> bool:
        return self.settings.colours in ("surprisal", "copied")

    def _follow(self, body: Lines) -> None:
        """Forgets what was found in another text, or by another model."""
        if body is not self._coloured or self._slug != self.session.slug:
            if self._spans_change in self._coloured.watchers:
                self._coloured.watchers.remove(self._spans_change)
            self._coloured, self._slug, self._asked = body, self.session.slug, None
            body.watchers.append(self._spans_change)
            self._costs.clear()
            self._copies.clear()
            self._spread = Spread(())

    def _spans_change(self, change: Change) -> None:
        self._costs.changed(change)
        self._copies.changed(change)

    def _passage(self) -> tuple[Location, Location]:
        """The page and some of what is above and below it."""
        editor = self.editor
        top, rows = editor.scroll_offset.y, editor.page_rows
        start = editor.layout_.place(0, max(0, top - round(BESIDE * rows)))
        end = editor.layout_.place(editor.layout_.width, top + rows + round(BESIDE * rows))
        return start, end

    def _wanted_now(self) -> object:
        loaded = self.session.info
        step = loaded.step if loaded is not None else None
        return (self.settings.colours, self._coloured.version, self._slug, step, self._passage())

    async def _ask_when_rested(self) -> None:
        await asyncio.sleep(REST)
        client = self.session.at_hand
        if client is None or self.writing or not self.is_mounted:
            return
        wanted, kind = self._wanted_now(), self.settings.colours
        start, end = self._passage()
        try:
            await self.copy.open(client, self._coloured)
            await (self._ask_surprisal if kind == "surprisal" else self._ask_copied)(client, start, end)
        except Outdated:
            return  # the text has changed, and is asked about when it rests
        except (InputError, EngineError) as error:
            self._asked = wanted
            self.tell(error, before="The colours can't be shown.")
            return
        self._asked = wanted
        self.editor.refresh_page()
        self.refresh_status()

    async def _ask_surprisal(self, client: EngineClient, start: Location, end: Location) -> None:
        at, last = self._place(start, end)
        answer = await client.surprisal(SurprisalParams(model=self._slug, at=at, end=last))
        self._still(at, start)
        low = min((span.start for span in answer.spans), default=at.offset)
        high = max((span.end for span in answer.spans), default=last)
        text, found = self._coloured.between(self.copy.location(low), self.copy.location(high)), []
        for span in answer.spans:
            first, length = word_within(text[span.start - low : span.end - low])
            if first < length:
                found.append((span.start + first, span.start + length, span.bits))
        self._put(self._costs, low, high, found)
        self._spread = Spread(list(self._costs.values()))

    async def _ask_copied(self, client: EngineClient, start: Location, end: Location) -> None:
        at, last = self._place(start, end)
        answer = await client.copied(CopiedParams(model=self._slug, at=at, end=last, least=COPY))
        self._still(at, start)
        self._put(self._copies, at.offset, last, [(span.start, span.end, span.corpus) for span in answer.spans])
        self._corpus = answer.corpus

    def _place(self, start: Location, end: Location) -> tuple[Place, int]:
        at = self.copy.at(start)
        if at is None:
            raise Outdated
        return at, min(self.copy.offset(end), at.offset + LONGEST)

    def _still(self, at: Place, start: Location) -> None:
        """Raises `Outdated` where the answer is about a text that isn't there any more."""
        now = self.copy.at(start)
        if self._coloured is not self.editor.manuscript.body or now is None or now != at:
            raise Outdated

    def _put(self, spans: Spans[T], start: int, end: int, found: list[tuple[int, int, T]]) -> None:
        place = self.copy.location
        spans.put(self._coloured, place(start), place(end), [(place(a), place(b), value) for a, b, value in found])
