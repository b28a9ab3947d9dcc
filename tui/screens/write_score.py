"""The Write screen's score: how many bits a character of the text, or of what is selected, costs the model."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from textual import on

from corpora.errors import InputError
from engine.client import EngineClient, EngineError, Outdated
from engine.protocol import SurprisalParams
from tui.engine_link import EngineLink
from tui.manuscript.lines import Change, Lines
from tui.screens.write_continuing import WriteContinuing
from tui.waiting import give_up
from tui.widgets.editor import Editor

PART = 4096  # characters that are asked about at once
FORGETS = 2000  # characters behind an edit after which the model predicts as it did before
REST = 0.6  # seconds that the text rests before what has changed is scored
PAUSE = 0.02  # seconds between two parts, for whatever else is asked


@dataclass
class Part:
    """Some characters of the text that follow the part before, and their bits, where they are known."""

    length: int
    bits: float | None = None


class WriteScore(WriteContinuing):
    """Scores part by part in the background, and after an edit only the parts that it concerns."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self.scoring = False
        self._parts: list[Part] = []
        self._scored = Lines()  # the text that the parts are of
        self._scored_by: tuple[str, int | None] = ("", None)  # model and step
        self._score_task: asyncio.Task[None] | None = None
        self._selection_score = ""
        self._before = ""  # the last figure of the whole text, shown until there is a new one

    async def stop_asking(self) -> None:
        await give_up(self._score_task)
        await super().stop_asking()

    def action_score(self) -> None:
        if not self.session.slug:
            self.say_no_model()
            return
        self.scoring = not self.scoring
        self._selection_score = ""
        self.score_soon(rest=0.0)
        self.refresh_status()

    def score(self) -> str:
        if not self.scoring:
            return ""
        if self._selection_score:
            return self._selection_score
        known = [part for part in self._parts if part.bits is not None]
        characters = sum(part.length for part in known)
        whole = sum(part.length for part in self._parts)
        if not whole:
            return ""
        if not characters:
            return f"{self._before}…" if self._before else "scoring…"
        figure = _figure(sum(part.bits or 0.0 for part in known), characters)
        if characters == whole:
            return figure
        return f"{self._before}…" if self._before else f"{figure} of {characters * 100 // whole or '<1'} %"

    @on(Editor.Changed)
    @on(Editor.SelectionChanged)
    def _score_again(self) -> None:
        self._selection_score = ""
        self.score_soon(REST)

    def score_soon(self, rest: float = REST) -> None:
        """Scores what isn't known yet, once the text has rested, where scores are wanted."""
        if self._score_task is not None:
            self._score_task.cancel()
            self._score_task = None
        if self.scoring:
            self._score_task = asyncio.create_task(self._score_all(rest))

    async def _score_all(self, rest: float) -> None:
        await asyncio.sleep(rest)
        try:
            client = self.session.at_hand if rest else await self.session.ready()
            if client is None or self.writing:
                return
            self._follow_scored()
            await self.copy.open(client, self._scored)
            start, end = map(self.copy.offset, self.editor.selected)
            if start < end:
                await self._score_selection(client, start, end)
            else:
                await self._score_text(client)
        except Outdated:
            pass  # the text has changed, and is scored when it rests
        except (InputError, EngineError) as error:
            self.scoring = False
            self.tell(error, before="The text can't be scored.")
        self.refresh_status()

    async def _score_text(self, client: EngineClient) -> None:
        """All parts that are not known yet, those nearest to the caret first."""
        caret = self.copy.offset(self.editor.caret)
        while True:
            at, wanted = 0, []
            for part in self._parts:
                if part.bits is None:
                    wanted.append((abs(at + part.length // 2 - caret), at, part))
                at += part.length
            if not wanted:
                return
            _, at, part = min(wanted, key=lambda each: each[0])
            part.bits = await self._bits(client, at, at + part.length)
            if len(wanted) == 1:
                self._before = self.score()
            self.refresh_status()
            await asyncio.sleep(PAUSE)

    async def _score_selection(self, client: EngineClient, start: int, end: int) -> None:
        bits = 0.0
        for at in range(start, end, PART):
            bits += await self._bits(client, at, min(at + PART, end))
            self._selection_score = f"selected {_figure(bits, min(at + PART, end) - start)}"
            self.refresh_status()
            await asyncio.sleep(PAUSE)

    async def _bits(self, client: EngineClient, start: int, end: int) -> float:
        """What the characters from `start` to `end` cost after all before them. A token counts where it begins."""
        at = self.copy.at(self.copy.location(start))
        if at is None:
            raise Outdated
        answer = await client.surprisal(SurprisalParams(model=self.session.slug, at=at, end=end, by="token"))
        if self.copy.at(self.copy.location(start)) != at:
            raise Outdated
        return sum(span.bits for span in answer.spans if start <= span.start < end)

    # --- keeping the parts true ---

    def _follow_scored(self) -> None:
        """Begins anew for another text or another model."""
        body, info = self.editor.manuscript.body, self.session.info
        by = self.session.slug, info.step if info is not None else None
        if body is self._scored and by == self._scored_by:
            return
        if self._scored_changes in self._scored.watchers:
            self._scored.watchers.remove(self._scored_changes)
        body.watchers.append(self._scored_changes)
        self._scored, self._scored_by, self._before = body, by, ""
        self.copy.follow(body)
        whole = self.copy.offset(body.end)
        self._parts = [Part(min(PART, whole - at)) for at in range(0, whole, PART)]

    def _scored_changes(self, change: Change) -> None:
        """Forgets the part that was changed, and the next ones as far as the model may remember it."""
        self._parts = changed_parts(
            self._parts, self.copy.offset(change.start), len(change.removed), len(change.inserted)
        )


def changed_parts(parts: list[Part], start: int, removed: int, inserted: int) -> list[Part]:
    """The parts after an edit: `removed` characters from `start` on became so many others."""
    kept: list[Part] = []
    changed, at = inserted, 0
    place: int | None = None
    for part in parts:
        end = at + part.length
        if end < start or (at > start + removed and at - start - removed >= FORGETS):
            kept.append(part)
        elif at > start + removed:
            kept.append(Part(part.length))
        else:
            changed += part.length - max(0, min(end, start + removed) - max(at, start))
            place = len(kept) if place is None else place
        at = end
    made = [Part(min(PART, changed - done)) for done in range(0, changed, PART)]
    place = len(kept) if place is None else place
    return kept[:place] + made + kept[place:]


def _figure(bits: float, characters: int) -> str:
    return f"{bits / characters:.2f} bits/char"
