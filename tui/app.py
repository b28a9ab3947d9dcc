"""The app: three modes, one key each, and what they share."""

from pathlib import Path

from textual.app import App
from textual.screen import Screen

from tui.commands.provider import PaletteProvider
from tui.commands.registry import EVERYWHERE, bindings, screen_class
from tui.themes import DARK, THEMES


def _library() -> Screen[object]:
    return screen_class("library")()


def _train() -> Screen[object]:
    return screen_class("train")()


def _write() -> Screen[object]:
    return screen_class("write")()


class PantoumApp(App[None], inherit_bindings=False):
    """Pantoum on a terminal. With a `document` or a `model` it starts in Write, else in `mode`."""

    TITLE = "Pantoum"
    CSS_PATH = "app.tcss"
    COMMANDS = {PaletteProvider}
    BINDINGS = bindings(EVERYWHERE)
    MODES = {"library": _library, "train": _train, "write": _write}

    def __init__(self, document: Path | None = None, model: str | None = None, mode: str = "library") -> None:
        super().__init__()
        self._document = document
        self._model = model
        self._first_mode = "write" if document or model else mode
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK.name

    async def on_mount(self) -> None:
        await self.switch_mode(self._first_mode)
        if self._document is not None:
            await self._call_screen("open_file", self._document)
        if self._model is not None:
            await self._call_screen("open_model", self._model)

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

    async def action_mode(self, mode: str) -> None:
        """Shows one of the three modes; whatever runs in the others goes on."""
        await self.switch_mode(mode)

    async def action_help(self) -> None:
        """Shows the keys of the screen, or hides them."""
        from tui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            await self.push_screen(HelpScreen(self.screen))

    async def _call_screen(self, method: str, argument: object) -> None:
        """Calls a method of the mode's own screen, under whatever dialogs lie on it."""
        screen = self.screen_stack[0]
        result = getattr(screen, method)(argument)
        if hasattr(result, "__await__"):
            await result
