"""The command palette: the commands of the screen, those that work everywhere, and models and corpora by name."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.commands.registry import EVERYWHERE, commands_of

if TYPE_CHECKING:
    from tui.app import PantoumApp


@dataclass(frozen=True)
class Offer:
    """One line of the palette."""

    title: str
    help: str
    run: Callable[[], object]


class PaletteProvider(Provider):
    """Offers everything that can be done from where the person is."""

    async def startup(self) -> None:
        self._named = await asyncio.to_thread(lambda: list(self._by_name()))

    async def discover(self) -> Hits:
        for offer in self._commands():
            yield DiscoveryHit(offer.title, offer.run, help=offer.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for offer in [*self._commands(), *self._named]:
            score = matcher.match(offer.title)
            if score > 0:
                yield Hit(score, matcher.highlight(offer.title), offer.run, help=offer.help)

    @property
    def _pantoum(self) -> "PantoumApp":
        from tui.app import PantoumApp

        assert isinstance(self.app, PantoumApp)
        return self.app

    def _commands(self) -> Iterator[Offer]:
        for command in commands_of(self.screen):
            if self.screen.check_action(command.action.partition("(")[0], ()):
                yield Offer(command.title, command.help, partial(self._run, command.action, on_screen=True))
        for command in EVERYWHERE:
            if command.id not in ("app.palette", "app.alt"):
                yield Offer(command.title, command.help, partial(self._run, command.action, on_screen=False))

    async def _run(self, action: str, *, on_screen: bool) -> None:
        await self.app.run_action(action, self.screen if on_screen else self.app)

    def _by_name(self) -> Iterator[Offer]:
        from corpora.library import CorpusLibrary
        from engine.folder import ModelLibrary
        from tui.dial_presets import all_presets

        use: Callable[..., object] | None = getattr(self.screen, "use_preset", None)
        if use is not None:
            for preset in all_presets():
                yield Offer(f"Preset {preset.name}", "Sets the dials as this preset has them.", partial(use, preset))
        app = self._pantoum
        for model in ModelLibrary().list():
            if model.record is not None:
                slug = model.folder.slug
                yield Offer(f"Open {model.record.name} in Write", f"Model {slug}.", partial(app.open_model, slug))
        for entry in CorpusLibrary().list():
            if entry.corpus is not None:
                name = entry.corpus.record.name
                yield Offer(f"Train on {name}", f"Corpus {entry.slug}.", partial(app.train_on, entry.slug))
