"""The Write screen's ghost text: takes for the place where the caret is, asked for by key, shown and not yet text."""

import asyncio
import contextlib
from pathlib import Path

import msgspec
from textual import on
from textual.timer import Timer

from corpora.errors import InputError
from engine.client import EngineError, Outdated
from engine.protocol import Growing, GrownTake, Takes, TakesParams
from tui.engine_link import EngineLink
from tui.manuscript.ghost import Ghost, Part
from tui.manuscript.lines import Location
from tui.manuscript.takes import Take
from tui.screens.write_continuing import QUICK, WriteContinuing
from tui.widgets.editor import Editor
from tui.write_settings import counted_on

LONGEST = 400  # characters of a take that finds no end
MOST = 100  # takes of one place, however often the last one is turned to
PAUSE = 0.8  # seconds without a key after which suggestions come by themselves, where that is wanted


class WriteSuggest(WriteContinuing):
    """At most one batch of suggestions is fetched at a time; it ends when its ghost is no longer there."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._fetching: Ghost | None = None
        self._fetch_task: asyncio.Task[None] | None = None
        self._pausing: Timer | None = None
        self._suggested: Ghost | None = None  # the last whose batch is complete
        self._drawn = 0  # seeds that its takes were drawn with
        self._ahead_task: asyncio.Task[None] | None = None  # fetches its next batch
        self._told: tuple[object, ...] | None = None  # what the status line last said of a ghost
        self._quick = False  # whether the shown suggestions come from a quick state

    # --- actions ---

    def action_suggest(self) -> None:
        if not self.session.slug:
            self.say_no_model()
            return
        self.stop_writing()
        self.say("", "model")
        ghost = self.editor.show_ghost([])
        ghost.growing = True
        self._fetching = ghost
        if self._fetch_task is not None:
            self._fetch_task.cancel()
        self._fetch_task = asyncio.create_task(self._fetch(ghost))

    def action_accept(self, part: Part) -> None:
        self.editor.accept_ghost(part)

    def action_turn_take(self, steps: int) -> None:
        if self.suggesting:
            self.action_turn_ghost(steps)
        else:
            super().action_turn_take(steps)

    def action_turn_ghost(self, steps: int) -> None:
        self.editor.turn_ghost(steps)
        if steps > 0:
            self._fetch_ahead()

    def action_pick(self, number: int) -> None:
        self.editor.pick_ghost(number)
        self._fetch_ahead()

    def action_dismiss_ghost(self) -> None:
        self.editor.dismiss_ghost()

    def action_by_pausing(self) -> None:
        by_pausing = not self.settings.by_pausing
        self.adopt_settings(msgspec.structs.replace(self.settings, by_pausing=by_pausing))
        self.flash("suggestions come when you pause" if by_pausing else "suggestions come when you ask")
        self._paused_soon()  # whoever turns it on is pausing

    def action_ranked(self) -> None:
        ranked = not self.settings.ranked
        self.adopt_settings(msgspec.structs.replace(self.settings, ranked=ranked))
        self.flash("the likeliest suggestion comes first" if ranked else "suggestions come as they are drawn")

    # --- what others ask ---

    def chosen(self, text: str, start: Location, *, exact: bool) -> Take:
        """What the writer chose from a list of the model's, to stand at `start`, as a take: it is the model's word."""
        dials = msgspec.structs.replace(self.settings.dials, pace=0.0)
        recipe = self.session.recipe("list", self.editor.manuscript.history.here, start)
        return Take(self.session.slug, 0, dials, _lines(text), self.session.hash, exact=exact, recipe=recipe)

    @property
    def suggesting(self) -> bool:
        """Whether a ghost is there, or about to be."""
        return self.editor.ghost is not None

    @property
    def fetching(self) -> bool:
        """Whether suggestions are on their way that the person waits for."""
        return self._fetching is not None

    @property
    def can_suggest(self) -> bool:
        """Whether a key should ask for a suggestion: the caret is in the text, and nothing is to be decided first."""
        editor = self.editor
        idle = not self.suggesting and not self.writing and not editor.manuscript.pending
        return idle and self.focused is editor and not editor.read_only

    def doing(self) -> str:
        ghost = self.editor.ghost
        if ghost is None:
            return super().doing()
        if not ghost.takes:
            return "thinking…" if self.session.at_hand is not None else "waking the model…"
        growing = "…" if self._fetching is ghost else ""
        quick = QUICK if self._quick and not growing else ""
        return f"suggestion {ghost.number} of {len(ghost.takes)}{growing}{quick}"

    # --- fetching ---

    async def _fetch(self, ghost: Ghost) -> None:
        """One batch of takes for a ghost, shown as they grow. Stale answers are dropped."""
        try:
            await self._fetch_takes(ghost)
        except Outdated:
            pass  # typed past, or dismissed
        except InputError as error:
            if self.editor.ghost is ghost and not ghost.takes:
                self.editor.dismiss_ghost()
                self.tell(error, "Press {tab|write.suggest} to try again; your text is untouched.")
        finally:
            if ghost.growing:  # cut short: what has come is all that comes
                ghost.settle(ghost.takes)
                if self.is_mounted and self.editor.ghost is ghost:
                    self.editor.refresh_ghost()
            if self._fetching is ghost:
                self._fetching = None
            if self.is_mounted and self.editor.ghost is ghost and not ghost.text:
                self.editor.dismiss_ghost()
            if self.is_mounted:
                self._show_state()
                self.call_after_refresh(self._show_dials)  # which takes longer than all else

    def _show_dials(self) -> None:
        self.dials.settings = self.settings

    def _fetch_ahead(self) -> None:
        """Where the last take is shown, the next batch comes behind it, so that there is always another one."""
        ghost = self.editor.ghost
        if ghost is None or ghost is not self._suggested or ghost.number < len(ghost.takes):
            return
        fetching = self._ahead_task is not None and not self._ahead_task.done()
        if not fetching and not ghost.typed and len(ghost.takes) < MOST:
            self._ahead_task = asyncio.create_task(self._fetch_more(ghost))

    async def _fetch_more(self, ghost: Ghost) -> None:
        with contextlib.suppress(Outdated, InputError):  # there are takes to choose from already
            await self._fetch_takes(ghost, more=True)
        if self.is_mounted:
            self.dials.settings = self.settings
            self._show_state()

    async def _fetch_takes(self, ghost: Ghost, *, more: bool = False) -> None:
        """Raises `InputError` and `Outdated`. With `more` they come behind those that are there, once complete."""
        dials = msgspec.structs.replace(self.settings.dials, pace=0.0)
        slug, count = self.session.slug, self.settings.takes
        client = await self.session.ready()
        await self.copy.open(client, self.editor.manuscript.body)
        place, here = self.copy.at(ghost.place), self.editor.manuscript.history.here
        if self.editor.ghost is not ghost or ghost.typed or place is None:
            raise Outdated
        self._drawn = self._drawn + count if more else 0
        seed = self._ghost_seed(ghost.place, count)
        recipe = msgspec.structs.replace(
            self.session.recipe("takes", here, ghost.place), length=LONGEST, until=self.settings.until, takes=count
        )
        batch = [Take(slug, seed + number, dials, hash=self.session.hash, recipe=recipe) for number in range(count)]
        growth = Growth(ghost, batch, self.editor)
        params = TakesParams(
            model=slug,
            at=place,
            right_from_document=True,
            takes=count,
            until=self.settings.until,
            length=LONGEST,
            dials=dials,
            seed=seed,
            ranked=self.settings.ranked,
        )
        try:
            answer = await client.takes(params, None if more else growth.grow)
        except EngineError as error:
            raise InputError(f"The engine failed: {error}") from error
        if self.editor.ghost is ghost:
            self._quick = not answer.exact
            for take in batch:
                take.exact = answer.exact
            self._suggested = ghost
            if more:
                growth.append(answer)
            else:
                growth.finish(answer)

    def _ghost_seed(self, place: Location, count: int) -> int:
        """The first of so many seeds; running, the next batch gets the ones after them."""
        if self.settings.seed_fixed:
            return counted_on(self.settings.seed, self._drawn, count)
        seed = counted_on(self.settings.seed, 0, count)
        self.adopt_settings(msgspec.structs.replace(self.settings, seed=counted_on(seed, count)), shown=False)
        return seed

    @on(Editor.GhostChanged)
    def _ghost_changed(self) -> None:
        if self._ahead_task is not None and self.editor.ghost is not self._suggested:
            self._ahead_task.cancel()
            self._ahead_task = None
        if self._fetch_task is not None and self._fetching is not None and self.editor.ghost is not self._fetching:
            self._fetch_task.cancel()
        # Once for each token that comes all keys would be gone through anew, and more painted than the ghost.
        ghost = self.editor.ghost
        state = (ghost, ghost.take, ghost.typed, self.doing()) if ghost is not None else None
        if ghost is None or not ghost.growing:
            self._told = state
            self._show_state()
        elif state != self._told:
            self._told = state
            self.call_after_refresh(self._show_state)  # the ghost itself is more urgent

    @on(Editor.Changed)
    def _paused_soon(self) -> None:
        """Starts the clock again: suggestions by pausing come once no key has been pressed for a while."""
        if self._pausing is not None:
            self._pausing.stop()
            self._pausing = None
        if self.settings.by_pausing:
            self._pausing = self.set_timer(PAUSE, self._suggest_by_itself)

    def _suggest_by_itself(self) -> None:
        if self.is_current and self.session.slug and self.can_suggest:
            self.action_suggest()


class Growth:
    """Brings a batch's texts into a ghost as they come."""

    def __init__(self, ghost: Ghost, batch: list[Take], editor: Editor) -> None:
        self._ghost, self._batch, self._editor = ghost, batch, editor

    def grow(self, growing: Growing) -> None:
        """The texts so far, in the order of their seeds."""
        if self._editor.ghost is not self._ghost:
            return
        for take, text in zip(self._batch, growing.texts, strict=False):
            take.text, take.exact = _lines(text), growing.exact
            if take not in self._ghost.takes and take.text:
                self._ghost.add(take)
        self._editor.refresh_ghost()

    def finish(self, answer: Takes) -> None:
        """The finished texts, in their order; the one that is shown stays so, and stands first."""
        by_seed = {take.seed: take for take in self._batch}
        order = [self._finished(by_seed[made.seed], made) for made in answer.takes if made.seed in by_seed]
        self._ghost.settle(order)
        self._editor.refresh_ghost()

    def append(self, answer: Takes) -> None:
        """One more batch behind the takes that are there, without those that say the same."""
        there = {take.text for take in self._ghost.takes}
        by_seed = {take.seed: take for take in self._batch}
        for made in answer.takes:
            if made.seed in by_seed and _lines(made.text) not in there:
                self._ghost.add(self._finished(by_seed[made.seed], made))
        self._editor.refresh_ghost()

    def _finished(self, take: Take, made: GrownTake) -> Take:
        take.text = _lines(made.text)
        return take


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
