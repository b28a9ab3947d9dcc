"""The Write screen's ghost text: takes for the place where the caret is, asked for by key, shown and not yet text."""

import contextlib
from pathlib import Path

import msgspec
from textual import on

from corpora.errors import InputError
from engine.client import EngineError
from engine.protocol import StreamParams
from tui.engine_link import EngineLink
from tui.manuscript.ghost import Ghost, Part
from tui.manuscript.lines import Location
from tui.manuscript.sentences import first_sentence
from tui.manuscript.takes import Take
from tui.screens.write_continuing import NO_MODEL, WriteContinuing
from tui.screens.write_engine import why_it_ended
from tui.screens.write_seed import seed_text
from tui.widgets.editor import Editor
from tui.write_settings import SEEDS

TAKES = 5  # fetched for one place, one after the other; the first is shown as it comes
LONGEST = 240  # characters of a take that finds no sentence's end


class WriteSuggest(WriteContinuing):
    """At most one suggestion is fetched at a time; it ends when its ghost is no longer there."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._fetching: Ghost | None = None

    # --- actions ---

    def action_suggest(self) -> None:
        if not self.session.slug:
            self.say(NO_MODEL)
            return
        self.stop_writing()
        self.say("")
        ghost = self.editor.show_ghost([])
        self._fetching = ghost
        prompt = seed_text(self.editor.manuscript.body, ghost.place)
        self.run_worker(self._fetch(ghost, prompt), group="suggest", exclusive=True)

    def action_accept(self, part: Part) -> None:
        self.editor.accept_ghost(part)

    def action_turn_ghost(self, steps: int) -> None:
        self.editor.turn_ghost(steps)

    def action_pick(self, number: int) -> None:
        self.editor.pick_ghost(number)

    def action_dismiss_ghost(self) -> None:
        self.editor.dismiss_ghost()

    # --- what others ask ---

    @property
    def suggesting(self) -> bool:
        """Whether a ghost is there, or about to be."""
        return self.editor.ghost is not None

    @property
    def can_suggest(self) -> bool:
        """Whether a key should ask for a suggestion: the caret is in the text, and nothing is to be decided first."""
        editor = self.editor
        idle = not self.suggesting and not self.writing and not editor.manuscript.pending
        return idle and self.focused is editor and bool(self.session.slug) and not editor.read_only

    def doing(self) -> str:
        ghost = self.editor.ghost
        if ghost is None:
            return super().doing()
        if not ghost.takes:
            return "thinking…" if self.session.at_hand is not None else "waking the model…"
        return f"suggestion {ghost.number} of {len(ghost.takes)}{'…' if self._fetching is ghost else ''}"

    # --- fetching ---

    async def _fetch(self, ghost: Ghost, prompt: str) -> None:
        """Fetches takes one after the other while their ghost is shown. Stale answers are dropped."""
        try:
            for number in range(TAKES):
                if self.editor.ghost is not ghost or not await self._fetch_take(ghost, prompt, number):
                    break
        except InputError as error:
            if self.editor.ghost is ghost and not ghost.takes:
                self.editor.dismiss_ghost()
                self.say(f"{error} Press Tab to try again; your text is untouched.", wrong=True)
        finally:
            if self._fetching is ghost:
                self._fetching = None
            if self.editor.ghost is ghost and not ghost.text:
                self.editor.dismiss_ghost()
            self._show_state()

    async def _fetch_take(self, ghost: Ghost, prompt: str, number: int) -> bool:
        """One take, up to the end of its first sentence; False where the ghost went away meanwhile."""
        dials = msgspec.structs.replace(self.settings.dials, pace=0.0)
        take = Take(self.session.slug, self._ghost_seed(ghost.place, number), dials)
        stream = await self.session.stream(
            StreamParams(model=take.model, prompt=prompt, length=LONGEST, dials=dials, seed=take.seed)
        )
        said, offered = "", False
        try:
            async for token in stream:
                if self.editor.ghost is not ghost:
                    return False
                came = "".join(each.text for each in (token, *stream.ready()))
                said += came.replace("\r\n", "\n").replace("\r", "\n")
                sentence = first_sentence(said)
                take.text = sentence if sentence is not None else said
                offered = offered or ghost.add(take)
                if offered and ghost.take is take:
                    self.editor.refresh_ghost()
                if sentence is not None:
                    break
        except EngineError as error:
            raise InputError(f"The engine failed: {error}") from error
        finally:
            with contextlib.suppress(InputError, EngineError):
                await stream.cancel()
        if trouble := why_it_ended(stream):
            raise trouble
        self._show_state()
        return self.editor.ghost is ghost

    def _ghost_seed(self, place: Location, number: int) -> int:
        if self.settings.seed_fixed:
            return (self.settings.seed + number) % SEEDS[1]
        return self._next_seed(place)

    @on(Editor.GhostChanged)
    def _ghost_changed(self) -> None:
        self._show_state()
