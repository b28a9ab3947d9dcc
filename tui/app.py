"""The app: three modes, one key each, and what they share."""

import asyncio
import contextlib
import gc
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from textual import events, work
from textual.app import App
from textual.binding import Binding
from textual.filter import LineFilter
from textual.reactive import reactive
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Input

from corpora.errors import InputError
from corpora.home import empty_trash, home
from engine.folder import ModelFolder
from tui.commands.alt import with_alt
from tui.commands.key_names import as_on_keyboards
from tui.commands.keymap import Keymap, read_keymap, with_sharers
from tui.commands.provider import PaletteProvider
from tui.commands.registry import EVERYWHERE, all_commands, bindings, key_groups, screen_class
from tui.hangup import watch_terminal
from tui.quitting import Guard
from tui.settings import AppSettings, read_settings, write_settings
from tui.stylesheet import KeptStylesheet
from tui.terminal_bytes import read_any_bytes
from tui.terminal_keys import as_typed, is_bound, read_alt
from tui.themes import DARK, THEMES
from tui.themes.ansi import ANSI
from tui.training.monitor import Monitor, News
from tui.visible import Visible
from tui.waiting import in_thread, pause
from tui.widgets.news_line import NewsLine

CATCH_UP = 0.5  # seconds, at most, that a key waits for those before it


def _library() -> Screen[object]:
    return screen_class("library")()


def _train() -> Screen[object]:
    return screen_class("train")()


def _write() -> Screen[object]:
    return screen_class("write")()


def _look_for_garbage() -> None:
    """From now on, but not in what is there already and stays: that takes a tenth of a second, in which a key waits."""
    gc.freeze()
    gc.enable()


class PantoumApp(App[None], inherit_bindings=False):
    """Pantoum on a terminal. With a `document` or a `model` it starts in Write, with a run to `watch` in Train."""

    TITLE = "Pantoum"
    CSS_PATH = "app.tcss"
    COMMANDS = {PaletteProvider}
    BINDINGS = bindings(EVERYWHERE)
    MODES = {"library": _library, "train": _train, "write": _write}
    LOOK = 2.0  # seconds between looks at what is training

    training_note: reactive[str] = reactive("")  # what the mode bar says of it
    alt: reactive[bool] = reactive(False)  # whether the next key counts as with alt held

    def __init__(
        self,
        document: Path | None = None,
        model: str | None = None,
        mode: str = "library",
        *,
        watch: ModelFolder | None = None,
    ) -> None:
        read_alt()
        read_any_bytes()
        # Else Textual first makes and lays out a screen of its own: 30 ms.
        self.DEFAULT_MODE = "train" if watch else "write" if document or model else mode  # type: ignore[misc]
        super().__init__()
        self.stylesheet = KeptStylesheet(variables=self.get_css_variables())
        self._document = document
        self._model = model
        self._watched = watch
        self._settings: AppSettings | None = None  # None while the file can't be read: then it is left alone
        self._problems: list[str] = []
        self._monitor = Monitor()
        self._visible = Visible()
        self.guards: list[Guard] = []
        self._leaving = False
        self._remapped: Mapping[str, str] = {}
        for theme in THEMES:
            self.register_theme(theme)
        self._take_settings()
        self._take_keys()

    async def on_mount(self) -> None:
        if self._document is not None:
            await self._call_screen("open_file", self._document)
        if self._model is not None:
            await self._call_screen("open_model", self._model)
        if self._watched is not None:
            await self._call_screen("watch_folder", self._watched)
        for problem in self._problems:
            self.tell(problem)
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        self.run_worker(self._keep_looking(), group="monitor")
        self.set_timer(1.0, _look_for_garbage)  # see `tui.commandline.opening`
        if not self.is_headless:
            watch_terminal(self)

    @property
    def failure(self) -> Exception | None:
        """What the app did not survive; whoever ran it tells the person."""
        return self._exception

    def _fatal_error(self) -> None:
        """Ends the app without printing Textual's traceback over the writer's terminal: see `failure`."""
        self.bell()
        self._close_messages_no_wait()

    def copy_to_clipboard(self, text: str) -> None:
        """Copies through the terminal, and to the desktop's clipboard where there is one."""
        from tui.clipboard import find_clipboard  # not while the app starts

        super().copy_to_clipboard(text)
        if (clipboard := find_clipboard()) is not None:
            self.run_worker(in_thread(self, clipboard.copy, text), group="clipboard", exclusive=True)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._visible]

    async def open_model(self, slug: str) -> None:
        """Opens a model in Write."""
        await self.switch_mode("write")
        await self._call_screen("open_model", slug)

    async def train_on(self, slug: str) -> None:
        """Opens Train with this corpus chosen."""
        await self.switch_mode("train")
        await self._call_screen("choose_corpus", slug)

    async def watch_run(self, slug: str) -> None:
        """Opens Train on this model's run."""
        await self.switch_mode("train")
        await self._call_screen("watch_run", slug)

    def get_key_display(self, binding: Binding) -> str:
        return as_on_keyboards(super().get_key_display(binding))

    def tell(self, sentence: str) -> None:
        """Says what happened elsewhere, on the mode's own screen, under whatever dialogs lie on it."""
        self.screen_stack[0].query_one(NewsLine).add(sentence)

    async def action_quit(self) -> None:
        """Leaves the app, unless somebody would lose something and wants to stay."""
        if not self._leaving:
            self._leaving = True
            self.run_worker(self._leave(), group="quit")

    async def _leave(self) -> None:
        try:
            for may in self.guards:
                if not await may():
                    return
            self.exit()
        finally:
            self._leaving = False

    async def action_mode(self, mode: str) -> None:
        """Shows one of the three modes; whatever runs in the others goes on."""
        await self.switch_mode(mode)

    def action_alt(self) -> None:
        """The next key counts as with alt held; pressed again, it doesn't."""
        self.alt = True

    async def on_event(self, event: events.Event) -> None:
        """Gives the key after the one for alt its name with alt; escape, or the same key again, ends the waiting."""
        if isinstance(event, events.Key) and not event.is_forwarded and self.focused is not None:
            await _caught_up(self.focused)
        if self.alt and isinstance(event, events.Key) and not event.is_forwarded:
            self.alt = False
            if event.key in ("escape", *self._remapped.get("app.alt", "ctrl+t").split(",")):
                return
            if (key := with_alt(event.key)) != event.key:
                event = events.Key(key, None)
        if isinstance(event, events.Key) and not event.is_forwarded and isinstance(self.focused, Input):
            event = event if is_bound(self.screen, event.key) else as_typed(event)
        await super().on_event(event)

    @property
    def remapped(self) -> Mapping[str, str]:
        """The person's own keys by command id."""
        return self._remapped

    async def action_help(self) -> None:
        """Shows the keys of the screen, or hides them."""
        from tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            await self.push_screen(HelpScreen(self.screen, self._remapped))

    @work(group="theme", exclusive=True)
    async def action_choose_theme(self) -> None:
        """Asks for a theme, each shown as the cursor comes to it; Escape brings the old one back."""
        from tui.screens.themes import ThemeChooser

        before = self.theme
        chosen = await self.push_screen_wait(ThemeChooser())
        self.theme = chosen or before
        self._remember_theme(self.current_theme)

    async def _call_screen(self, method: str, argument: object) -> None:
        """Calls a method of the mode's own screen, under whatever dialogs lie on it."""
        screen = self.screen_stack[0]
        result = getattr(screen, method)(argument)
        if hasattr(result, "__await__"):
            await result

    async def _keep_looking(self) -> None:
        """Keeps the mode bar's note of what is training, and says it when a run has ended."""
        await in_thread(self, empty_trash)
        while True:
            news = await in_thread(self, self._monitor.look)
            self.training_note = news.note
            self._tell_endings(news)
            await pause(self, self.LOOK)

    def _tell_endings(self, news: News) -> None:
        """Says how runs have ended, except one that is on the screen and says so itself."""
        shown = getattr(self.screen_stack[0], "shown_slug", "")
        for slug, said in news.ended.items():
            if slug != shown:
                self.tell(said)

    def _take_settings(self) -> None:
        try:
            self._settings = read_settings()
        except InputError as error:
            self._problems.append(f"{error} Until then Pantoum looks as it does the first time.")
        theme = (self._settings or AppSettings()).theme
        self.theme = theme if theme in self.available_themes else self._usual_theme

    @property
    def _usual_theme(self) -> str:
        """What the app looks like where nobody has chosen: a terminal of 16 colours would make one of all of ours."""
        return ANSI.name if self.console.color_system == "standard" else DARK.name

    def _take_keys(self) -> None:
        path = home() / "keys.toml"
        keymap = read_keymap(path, key_groups()) if path.exists() else Keymap({})
        self._problems += keymap.problems
        self._remapped = keymap.keys
        self.set_keymap(with_sharers(keymap.keys, all_commands()))

    def _remember_theme(self, theme: Theme) -> None:
        from tui.screens.themes import ThemeChooser

        if isinstance(self.screen, ThemeChooser):  # only looked at
            return
        if self._settings is not None and (self._settings.theme or self._usual_theme) != theme.name:
            self._settings = msgspec.structs.replace(self._settings, theme=theme.name)
            self.run_worker(self._save(self._settings), group="settings", exclusive=True)

    async def _save(self, settings: AppSettings) -> None:
        try:
            await in_thread(self, write_settings, settings)
        except InputError as error:
            self.tell(str(error))


async def _caught_up(widget: Widget) -> None:
    """Until a widget has seen what was typed before: a command of the app or its screen would overtake it."""
    seen = asyncio.Event()
    if widget.call_later(seen.set):
        with contextlib.suppress(TimeoutError):  # it is on its way out, say
            async with asyncio.timeout(CATCH_UP):
                await seen.wait()
