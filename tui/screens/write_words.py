"""The Write screen's words: what else might stand where the caret is, to choose from, and to let grow anew from."""

import asyncio
from pathlib import Path

from textual.geometry import Offset

from corpora.errors import InputError
from engine.client import EngineError, Outdated
from engine.protocol import Alternatives, AlternativesParams
from tui.engine_link import EngineLink
from tui.manuscript.lines import Location
from tui.screens.words import Choice, WordsScreen
from tui.screens.write_takes import WriteTakes
from tui.waiting import give_up

MOST = 20  # words in the list


class WriteWords(WriteTakes):
    """Asks for the words at the caret; one question at a time, whose answer counts while the text is the same."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._words_task: asyncio.Task[None] | None = None

    def action_words(self) -> None:
        if not self.session.slug:
            self.say_no_model()
            return
        self.stop_writing()
        self.editor.dismiss_ghost()
        self.editor.keep()
        self.say("", "model")
        if self._words_task is not None:
            self._words_task.cancel()
        self._words_task = asyncio.create_task(self._ask_for_words())
        self._show_state()

    async def stop_asking(self) -> None:
        await give_up(self._words_task)
        await super().stop_asking()

    def doing(self) -> str:
        looking = self._words_task is not None and not self._words_task.done()
        return super().doing() or ("looking for words…" if looking else "")

    async def _ask_for_words(self) -> None:
        body, version = self.editor.manuscript.body, self.editor.manuscript.body.version
        try:
            client = await self.session.ready()
            await self.copy.open(client, body)
            place = self.copy.at(self.editor.caret)
            if place is None or body.version != version:
                raise Outdated
            answer = await client.alternatives(AlternativesParams(model=self.session.slug, at=place, count=MOST))
        except Outdated:
            answer = None
        except (InputError, EngineError) as error:
            self.tell(error, "Your text is untouched.")
            answer = None
        self._words_task = None
        self._show_state()
        if answer is None or not self.is_current or body.version != version:
            return
        if not answer.words:
            self.flash("the model knows no word for this place")
            return
        start, end = self.copy.location(answer.start), self.copy.location(answer.end)
        self.app.push_screen(
            WordsScreen(answer, self._cell_of(start)), lambda choice: self._word_chosen(choice, start, end, answer)
        )

    def _cell_of(self, place: Location) -> Offset:
        """Where a place of the text is on the screen."""
        x, row = self.editor.layout_.offset(place)
        region = self.editor.content_region
        return Offset(region.x + x, region.y + row - self.editor.scroll_offset.y)

    def _word_chosen(self, choice: Choice | None, start: Location, end: Location, answer: Alternatives) -> None:
        """Puts the word there as one step, and offers how to go on from it."""
        editor = self.editor
        if choice is None or editor.manuscript.body.between(start, end) != answer.word:
            return
        if editor.read_only:
            editor.post_message(editor.Refused(editor))
            return
        if choice.regrow:
            start, end = self._cut_from(start)
        if editor.manuscript.body.between(start, end) != choice.word:
            editor.put(self.chosen(choice.word, start, exact=answer.exact), start, end)
        else:
            editor.move_cursor(end)
        self.action_suggest()

    def _cut_from(self, start: Location) -> tuple[Location, Location]:
        """Makes room for the text to grow anew: what is to be replaced by the word.

        Where the last step wrote what stands from here on, the text goes back to before that: then the old text is a
        branch beside the new one. Else it is what follows in the same line; an undo brings that back.
        """
        manuscript = self.editor.manuscript
        last = manuscript.history.here
        if last.parent is not None and [(each.start, each.removed) for each in last.changes] == [(start, "")]:
            self.editor.go(last.parent)
            return start, start
        inside = bool(last.changes) and last.changes[-1].start < start < last.changes[-1].new_end
        head = manuscript.split(start) if inside else None
        if head is not None and last.parent is head:
            self.editor.go(head)
            return head.after[1], head.after[1]
        return start, (start[0], len(manuscript.body.lines[start[0]]))
