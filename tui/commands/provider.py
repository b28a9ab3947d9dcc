"""The command palette: what can be done on the screen, everywhere and where the caret is; models and texts by name."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode

from tui.commands.command import Command
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
        yield from self._of(self.screen, commands_of(self.screen))
        yield from self._of(self.app, (each for each in EVERYWHERE if each.id not in ("app.palette", "app.alt")))
        if self.focused is not None:
            yield from self._of(self.focused, commands_of(self.focused))

    def _of(self, place: DOMNode, commands: Iterable[Command]) -> Iterator[Offer]:
        """What can be done now on the screen, in the widget or in the app that has these commands."""
        for command in commands:
            if command.applies_to(place):
                yield Offer(command.title, command.help, partial(self.app.run_action, command.action, place))

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
            if model.record is not None and model.folder.weights_path.exists():
                slug = model.folder.slug
                yield Offer(f"Open {model.record.name} in Write", f"Model {slug}.", partial(app.open_model, slug))
        for entry in CorpusLibrary().list():
            if entry.corpus is not None:
                name = entry.corpus.record.name
                yield Offer(f"Train on {name}", f"Corpus {entry.slug}.", partial(app.train_on, entry.slug))
