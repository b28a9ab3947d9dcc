"""The runs that are laid over the one that is watched: each is followed by its own folder."""

from collections.abc import Sequence

from engine.folder import ModelFolder, ModelLibrary
from tui.training.watch import RunView, RunWatch


class Others:
    """Call `poll` from one thread at a time."""

    def __init__(self) -> None:
        self._watches: dict[str, RunWatch] = {}
        self._views: dict[str, RunView] = {}

    def poll(self, slugs: Sequence[str]) -> tuple[dict[str, RunView], bool]:
        """The newest view of each run by slug, in this order, and whether there is more to read at once.

        Runs that are no longer asked for are forgotten; one whose folder is gone is left out.
        """
        models = ModelLibrary().root / "models"
        self._watches = {
            slug: self._watches.get(slug) or RunWatch(ModelFolder(models / slug)) for slug in dict.fromkeys(slugs)
        }
        self._views = {slug: view for slug, view in self._views.items() if slug in self._watches}
        for slug, watch in self._watches.items():
            view = watch.poll()
            if view is not None:
                self._views[slug] = view
        shown = {slug: self._views[slug] for slug in self._watches if slug in self._views and self._views[slug].record}
        return shown, all(view.caught_up for view in self._views.values())
