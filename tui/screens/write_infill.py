"""The Write screen's gaps: what might stand between what is before and after, shown in place."""

import asyncio
from pathlib import Path

import msgspec

from corpora.errors import InputError
from engine.client import EngineError
from engine.protocol import Infilled, InfillParams
from tui.engine_link import EngineLink
from tui.manuscript.ghost import Ghost
from tui.manuscript.takes import Take
from tui.screens.write_words import WriteWords
from tui.waiting import give_up

CONTEXT = 2000  # characters of each side, which is what the engine reads
TAKES = 5
ROOM = 80  # characters, at most, for a gap at the caret
MORE = 12  # characters, at most, beyond twice those that are selected
MOST = 400  # characters that may be selected


class WriteInfill(WriteWords):
    """Fills the gap at the caret, or puts something else in the place of what is selected."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._gap: Ghost | None = None  # what is being asked for
        self._gap_task: asyncio.Task[None] | None = None

    def action_infill(self) -> None:
        if not self.session.slug:
            self.say_no_model()
            return
        editor = self.editor
        if editor.read_only:
            editor.post_message(editor.Refused(editor))
            return
        self.stop_writing()
        editor.dismiss_ghost()
        start, end = editor.selected
        if len(editor.selected_text) > MOST:
            self.say(f"Select at most {MOST} characters to have them written anew.", "model")
            return
        self.say("", "model")
        ghost = self._gap = editor.show_ghost([], replacing=start != end)
        if self._gap_task is not None:
            self._gap_task.cancel()
        self._gap_task = asyncio.create_task(self._fill(ghost))
        self._show_state()

    async def stop_asking(self) -> None:
        await give_up(self._gap_task)
        await super().stop_asking()

    def action_accept_gap(self) -> None:
        self.editor.accept_ghost()

    @property
    def filling(self) -> bool:
        """Whether texts for a gap are shown."""
        return self._gap is not None and self.editor.ghost is self._gap and bool(self._gap.takes)

    def doing(self) -> str:
        ghost = self.editor.ghost
        if ghost is None or ghost is not self._gap:
            return super().doing()
        return f"for this gap: {ghost.number} of {len(ghost.takes)}" if ghost.takes else "reading both sides…"

    def _show_state(self) -> None:
        gap = self._gap
        if gap is not None and self.editor.ghost is not gap:
            self._gap = None
            if self._gap_task is not None:
                self._gap_task.cancel()
        super()._show_state()

    async def _fill(self, ghost: Ghost) -> None:
        """Asks for a ghost's takes and shows them all at once, best first."""
        takes: list[Take] = []
        trouble: InputError | EngineError | None = None
        try:
            takes = await self._ask_for_gap(ghost)
        except (InputError, EngineError) as error:
            trouble = error
        if not self.is_mounted or self.editor.ghost is not ghost:
            return  # typed past, or dismissed
        if takes:
            ghost.settle(takes)
            self.editor.refresh_ghost()
        else:
            self.editor.dismiss_ghost()
            if trouble is not None:
                self.tell(trouble, "Your text is untouched.")
            else:
                self.say("The model has nothing for this place.", "model")
        self._show_state()

    async def _ask_for_gap(self, ghost: Ghost) -> list[Take]:
        body, slug = self.editor.manuscript.body, self.session.slug
        dials = msgspec.structs.replace(self.settings.dials, pace=0.0)
        removed = len(body.between(ghost.start, ghost.place))
        here = self.editor.manuscript.history.here
        left, right = body.before(ghost.start, CONTEXT), body.after(ghost.place, CONTEXT)
        client = await self.session.ready()
        self._drawn = 0
        seed = self._ghost_seed(ghost.start, 1)
        params = InfillParams(
            model=slug,
            left=left,
            right=right,
            max_length=2 * removed + MORE if removed else ROOM,
            takes=TAKES,
            dials=dials,
            seed=seed,
        )
        answer: Infilled = await client.infill(params)
        texts = [take.text.replace("\r\n", "\n").replace("\r", "\n") for take in answer.takes]
        recipe = msgspec.structs.replace(
            self.session.recipe("gap", here, ghost.start),
            end=ghost.place if removed else None,
            length=params.max_length,
            takes=TAKES,
        )
        return [
            Take(slug, seed, dials, text, self.session.hash, recipe=msgspec.structs.replace(recipe, number=number))
            for number, text in enumerate(texts)
        ]
