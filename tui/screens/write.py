"""The Write screen: an editor, a model that goes on from the caret, and its dials."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import ClassVar

import msgspec
from rich.text import Text
from textual import on
from textual.binding import BindingType
from textual.widgets import Select

from corpora.errors import InputError
from corpora.paths import there
from engine.client import EngineClient
from engine.folder import ModelEntry, ModelLibrary
from engine.protocol import NextTokens, Place
from tui.commands.command import Command
from tui.commands.editing import EDITOR
from tui.commands.key_names import with_keys
from tui.commands.registry import bindings
from tui.commands.write import COMMANDS
from tui.engine_link import EngineLink
from tui.screens.write_continuing import NO_MODEL
from tui.screens.write_engine import NextQuestion
from tui.screens.write_handing_over import WriteHandingOver
from tui.screens.write_infill import WriteInfill
from tui.screens.write_presets import WritePresets
from tui.screens.write_regenerating import WriteRegenerating
from tui.screens.write_score import WriteScore
from tui.screens.write_shades import WriteShades
from tui.waiting import in_thread
from tui.widgets.editor import Editor
from tui.widgets.next_tokens import MOST, NextTokensPanel

LEAVING = 5.0  # seconds that a step of leaving may take


class WriteScreen(WriteHandingOver, WriteInfill, WriteShades, WriteScore, WriteRegenerating, WritePresets):
    """The Write mode."""

    TITLE = "Write"
    CSS_PATH = "write.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings(COMMANDS)
    commands: ClassVar[tuple[Command, ...]] = COMMANDS
    help_more: ClassVar[tuple[Command, ...]] = EDITOR

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self._wanted = self.settings.model
        self._listing = asyncio.Lock()
        self._listed = False  # whether there is any model
        self._said = ""  # about the list, until it no longer holds
        self._missed = ""  # the model that was chosen until it was gone; it is chosen again where it comes back
        self._declined = False  # whether the person wants none
        self._waking = False  # whether the chosen model is being loaded
        self._question = NextQuestion(
            self.session,
            caret=self._caret_in,
            dials=lambda: self.settings.dials,
            show=self._show_next,
            fail=self.tell,
            count=MOST,
            busy=lambda: self.fetching,
        )

    def on_mount(self) -> None:
        self.watch(self.models, "expanded", self._list_closed, init=False)

    def _list_closed(self, expanded: bool) -> None:
        """Whoever has chosen a model, or none, goes on writing."""
        if not expanded:
            self.call_after_refresh(lambda: self.editor.focus() if self.focused is self.models else None)

    def on_screen_resume(self) -> None:
        """Models may have been trained, or trained further, since the screen was last seen."""
        self.call_after_refresh(lambda: self.run_worker(self._list_models(), group="models"))

    async def on_unmount(self) -> None:
        """What would be lost comes first: whoever ends the app may not wait, and a deaf engine takes a second.

        The file comes before the journal's end, which says whether anything is left unsaved. Each step is taken also
        where one before it failed.
        """
        steps = (
            self.set_aside,
            self.save_last,
            self.end_journal,
            self.write_settings,
            self.stop_asking,
            self.link.close,
        )
        async with AsyncExitStack() as leaving:  # whose last step in is its first one out
            for step in reversed(steps):
                leaving.push_async_callback(self._leave, step)

    async def _leave(self, step: Callable[[], Awaitable[object]]) -> None:
        """Takes one step, but doesn't wait for ever for a disk that hangs: the next may be about another disk."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVING):
                await step()

    async def stop_asking(self) -> None:
        await self._question.close()
        await super().stop_asking()

    async def open_model(self, slug: str) -> None:
        """Chooses a model to write with."""
        self._wanted = slug
        self.run_worker(self._list_models(), group="models")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which commands make sense at the moment; the footer shows no others."""
        manuscript = self.editor.manuscript
        match action:
            case "continue_text":
                return not self.writing and not self.editor.read_only
            case "keep":
                return manuscript.pending
            case "stop":
                return self.writing
            case "drop":
                return manuscript.pending and not self.writing and self.focused is self.editor
            case "retry":
                return manuscript.takes is not None and manuscript.offers_takes
            case "turn_take":
                return self.suggesting or (manuscript.takes is not None and manuscript.offers_takes)
            case "suggest":
                return self.can_suggest
            case "accept" | "turn_ghost" | "pick" | "dismiss_ghost":  # in the panel its keys are the panel's
                return self.suggesting and self.focused is self.editor
            case "accept_gap":
                return self.filling and self.focused is self.editor
            case "focus_text":
                return not self.writing and self.focused is not self.editor
            case "hide_notice":
                in_text = self.focused is self.editor and not (self.suggesting or self.writing or manuscript.pending)
                return in_text and bool(self.notice.sentence)
            case _:
                return True

    # --- models ---

    @property
    def has_models(self) -> bool:
        return self._listed

    def model_lost(self) -> None:
        super().model_lost()
        self._show_next(None)
        self.run_worker(self._list_models(lost=True), group="models")

    async def _list_models(self, *, lost: bool = False) -> None:
        """Fills the list, and wakes the chosen model.

        Where that is gone none is chosen: a voice doesn't change by itself. With `lost` that was said already.
        """
        async with self._listing:
            entries, usable = await in_thread(self.app, _models, self.root)
            options = [(_label(entry), entry.folder.slug) for entry in usable]
            slugs = [slug for _, slug in options]
            wanted, self._wanted = self._wanted, ""
            voices = [slug for slug in (wanted, self.session.slug, self._missed) if slug]
            voices = voices or ([] if self._declined else slugs[:1])
            chosen = next((slug for slug in voices if slug in slugs), "")
            if chosen and chosen == self._missed:
                self.say("", "model")
            self._listed, self._missed = bool(slugs), "" if chosen or not voices else voices[0]
            with self.prevent(Select.Changed):
                self.models.set_options(options)
                if chosen:
                    self.models.value = chosen
        if not lost:
            self._say_what_is_listed(wanted, chosen, {entry.folder.slug for entry in entries})
        await self._choose(chosen, wake=not lost)

    def _say_what_is_listed(self, wanted: str, chosen: str, known: set[str]) -> None:
        sentence, missed = "", self._missed or (wanted if wanted != chosen else "")
        if missed in known:
            sentence = f"{missed} has no weights yet: it can write after its first evaluation."
        elif not self._listed:
            sentence = NO_MODEL
        elif missed:
            sentence = f"There is no model named {missed}; perhaps it was deleted. Choose another one with "
            sentence += "{alt+m|write.model}."
        sentence = with_keys(sentence, self.app)
        if sentence or self.notice.about("model") == self._said:
            self.say(sentence, "model", lasting=True)
        self._said = sentence

    @on(Select.Changed, "#model")
    def _model_chosen(self, event: Select.Changed) -> None:
        slug = event.value if isinstance(event.value, str) else ""
        self._declined, self._missed = not slug, ""
        if slug != self.session.slug:
            self.stop_writing()
            self.say("", "model")
            self._show_next(None)
            self.run_worker(self._choose(slug), group="models")
            self.editor.focus()

    async def _choose(self, slug: str, *, wake: bool = True) -> None:
        if slug and slug != self.session.slug:
            self.stop_writing()
        self.session.choose(slug)
        if slug and slug != self.settings.model:
            self.adopt_settings(msgspec.structs.replace(self.settings, model=slug))
        if slug and wake:
            await self._wake(slug)
        self._show_state()

    async def _wake(self, slug: str) -> None:
        """Loads the model ahead of its first use, and says what is wrong where that fails."""
        self._waking = self.session.at_hand is None
        self.refresh_status()
        try:
            await self.session.ready()
        except InputError as error:
            if slug == self.session.slug:
                self._show_next(None)
                self.tell(error)
        else:
            self._question.ask()
            self.ask_about_page()
            self.score_soon()
        finally:
            self._waking = False

    def doing(self) -> str:
        return super().doing() or ("waking the model…" if self._waking else "")

    def action_choose_model(self) -> None:
        self._show_panel(True)
        self.models.focus()
        self.models.action_show_overlay()

    # --- the panel ---

    def action_panel(self) -> None:
        self._show_panel(not self.query_one("#panel").display)

    def action_focus_next_tokens(self) -> None:
        self._show_panel(True)
        self.editor.dismiss_ghost()  # its takes stand where the tokens should
        self.next_tokens.focus()

    def action_focus_text(self) -> None:
        self.editor.focus()

    def _show_panel(self, shown: bool) -> None:
        panel = self.query_one("#panel")
        if panel.display != shown:
            panel.display = shown
            self.adopt_settings(msgspec.structs.replace(self.settings, panel=shown))
        if not shown:
            self.editor.focus()
        else:
            self._question.ask()

    # --- what comes next ---

    @on(Editor.Changed)
    @on(Editor.SelectionChanged)
    def _moved(self) -> None:
        if self.settings.panel:
            self._question.ask(streaming=self.writing)
        self.refresh_status()

    def dials_changed(self) -> None:
        if self.settings.panel:
            self._question.ask(streaming=self.writing)

    async def _caret_in(self, client: EngineClient) -> Place | None:
        await self.copy.open(client, self.editor.manuscript.body)
        return self.copy.at(self.editor.caret)

    def _show_next(self, answer: NextTokens | None) -> None:
        self.next_tokens.answer = answer

    @on(NextTokensPanel.Picked)
    def _picked(self, event: NextTokensPanel.Picked) -> None:
        self.editor.keep()
        start, end = self.editor.selected
        self.editor.put(self.chosen(event.text, start, exact=event.exact), start, end)


def _models(root: Path | None) -> tuple[list[ModelEntry], list[ModelEntry]]:
    """All there are, and those that can write or are damaged: that is said when one is chosen, not hidden."""
    entries = ModelLibrary(root).list()
    return entries, [entry for entry in entries if entry.record is None or there(entry.folder.weights_path)]


def _label(entry: ModelEntry) -> Text:
    """As it is: a name may hold what looks like markup."""
    return Text(entry.record.name if entry.record is not None else f"{entry.folder.slug} (damaged)")
