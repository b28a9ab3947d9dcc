"""Adding texts to the library: one import at a time, with its progress, and a way back."""

from typing import TYPE_CHECKING

from textual import work

from corpora.errors import InputError
from corpora.library import Added
from corpora.starters import STARTERS
from tui.commands.key_names import with_keys
from tui.library.importing import Cancelled, Import, import_paths, import_starter
from tui.readable import count
from tui.screens.library_shelves import LibraryShelves
from tui.waiting import in_thread
from tui.widgets.bar import bar
from tui.widgets.message_line import MessageLine
from tui.widgets.news_line import NewsLine
from tui.widgets.shelf import TextShelf

if TYPE_CHECKING:
    from tui.screens.add_text import AddRequest


class LibraryAdding(LibraryShelves):
    """The import runs in a thread; the message line follows it."""

    def __init__(self) -> None:
        super().__init__()
        self._import: Import | None = None

    def on_mount(self) -> None:
        self._ticker = self.set_interval(0.1, self._show_progress, pause=True)

    def action_add(self) -> None:
        from tui.screens.add_text import AddTextScreen  # not while the app starts

        self.app.push_screen(AddTextScreen(), self._add)

    def action_starter(self, key: str) -> None:
        title = next(starter.name for starter in STARTERS if starter.key == key)
        self._run_import(import_starter(key, title))

    def action_cancel(self) -> None:
        if self._import:
            self._import.cancel()

    def action_clear(self) -> None:
        self.query_one(MessageLine).clear()

    def _add(self, request: "AddRequest | None") -> None:
        if request:
            self._run_import(import_paths(list(request.paths), request.name))

    def _run_import(self, job: Import) -> None:
        if self._import:
            self.query_one(NewsLine).add("One import at a time: this one has to end first. Escape cancels it.")
        else:
            self._import = job
            self._carry_out(job)

    @work(group="import")
    async def _carry_out(self, job: Import) -> None:
        line = self.query_one(MessageLine)
        self.refresh_bindings()
        self._ticker.resume()
        try:
            added = await self._to_its_end(job)
        except Cancelled:
            line.say(f"{job.title} was not added.")
        except InputError as error:
            line.say(str(error), error=True)
        else:
            await self._added(added, line)

    async def _to_its_end(self, job: Import) -> Added:
        """Follows the import; afterwards no late progress can take the place of what came of it."""
        try:
            return await in_thread(self.app, job.run)
        finally:
            job.cancel()  # the app may be closing while the thread still reads
            self._ticker.pause()
            self._import = None
            self.refresh_bindings()

    async def _added(self, added: Added, line: MessageLine) -> None:
        record = added.corpus.record
        self._notices[added.corpus.slug] = added.notices
        if added.existing:
            said = f"This text is already here, as {record.name}."
        else:
            train = with_keys("Press {t|library.train} to train on it.", self.app)
            said = f"{record.name} is in the library: {count(record.characters)} characters. {train}"
        line.say(" ".join([said, *added.notices]), done=True)
        await self._refresh_listing()
        shelf = self.query_one(TextShelf)
        shelf.choose(added.corpus.slug)
        shelf.focus()
        self._detailed = None  # what was said of it has changed
        self._follow_cursor()

    def _show_progress(self) -> None:
        if job := self._import:
            filled, empty = bar(job.share, 20)
            self.query_one(MessageLine).say(f"{job.title}  ▕{filled}{empty}▏ {job.share:.0%}  {job.message}")
