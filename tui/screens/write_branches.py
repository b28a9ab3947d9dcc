"""The Write screen's branches and colours: everything that was ever written, and who wrote it."""

from pathlib import Path

import msgspec

from tui.engine_link import EngineLink
from tui.manuscript.history import Node
from tui.screens.write_continuing import WriteContinuing
from tui.screens.write_desk import Legend
from tui.widgets.editor_page import Colouring

COLOURS = {"provenance": "by who wrote it", "surprisal": "by how surprising it is", "copied": "by what was copied"}


class WriteBranches(WriteContinuing):
    """Goes about in the history of the text, which is a tree."""

    def __init__(self, link: EngineLink | None = None, root: Path | None = None) -> None:
        super().__init__(link, root)
        self.colourings: dict[str, Colouring | None] = {"none": None, "provenance": self.editor.provenance}
        self.legends: dict[str, Legend] = {
            "provenance": (("a model's", "editor--model"), ("changed by you", "editor--edited"))
        }

    def on_mount(self) -> None:
        self.editor.colour(self.colourings.get(self.settings.colours))

    def action_colours(self) -> None:
        """Goes on to the next of the colourings, which other parts of the screen add to."""
        names = list(self.colourings)
        at = names.index(self.settings.colours) if self.settings.colours in names else 0
        name = names[(at + 1) % len(names)]
        self.adopt_settings(msgspec.structs.replace(self.settings, colours=name))
        self.editor.colour(self.colourings[name])
        self.flash(f"colours: {COLOURS.get(name, name)}")

    def legend(self) -> Legend:
        return self.legends.get(self.settings.colours, ())

    def action_sibling(self, steps: int) -> None:
        """Goes to what was written instead of the last step."""
        self._settle()
        history = self.editor.manuscript.history
        siblings = history.siblings()
        if len(siblings) < 2:
            self.flash("no other branch here")
            return
        at = siblings.index(history.here)
        self._go(siblings[(at + steps) % len(siblings)])
        self.flash(f"branch {siblings.index(history.here) + 1} of {len(siblings)}")

    def action_undo_step(self) -> None:
        self.editor.undo()
        self._show_state()

    def action_child(self) -> None:
        """Goes on along this branch: to the child that was left last, or else to the newest."""
        self._settle()
        here = self.editor.manuscript.history.here
        children = [child for child in here.children if not child.archived]
        if here.latest is not None or children:
            self._go(here.latest or children[-1])
        else:
            self.flash("this branch ends here")

    def action_split(self) -> None:
        self._settle()
        head = self.editor.manuscript.split(self.editor.caret)
        if head is None:
            self.flash("nothing to split here: put the caret inside text that was written in one go")
            return
        self.flash("split: another branch can begin here")
        self._show_state()

    def action_pin(self) -> None:
        self._settle()
        history = self.editor.manuscript.history
        history.mark(history.here, pinned=not history.here.pinned)
        self.flash("pinned" if history.here.pinned else "no longer pinned")

    def action_branches(self) -> None:
        from tui.screens.branches import BranchesScreen

        self._settle()
        self.app.push_screen(BranchesScreen(self.editor.manuscript.history, self.saved_step()), self._chosen)

    def _chosen(self, node: Node | None) -> None:
        if node is not None:
            self._go(node)
        self._show_state()

    def _go(self, node: Node) -> None:
        self.editor.go(node)
        self._show_state()

    def _settle(self) -> None:
        """Ends what is not yet decided: text that was to be kept or dropped is kept."""
        self.stop_writing()
        self.editor.dismiss_ghost()
        self.editor.keep()
