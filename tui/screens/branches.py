"""The branches of a text: every take and every fork, to be searched, gone to, pinned, put away and joined."""

from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.commands.branches import BRANCHES
from tui.commands.command import Command
from tui.commands.key_names import with_keys
from tui.commands.registry import bindings
from tui.manuscript.history import History, Node
from tui.manuscript.outline import Branch, outline

NOT_JOINED = "This can't be joined: the step above it has other branches."
KEYS = (
    "Enter goes there · {p|branches.pin} pins · {a|branches.archive} puts away · {m|branches.merge} joins with the one "
    "above · {/|branches.search} searches · {Esc|branches.close} closes"
)
IN_FILE = "What the file holds ends above this line, and stays a step of its own."
MOST = 2000  # lines that are shown; a search finds the others


class BranchesScreen(ModalScreen[Node | None]):
    """Returns the node to go to, or None."""

    CSS_PATH = "branches.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings(BRANCHES)
    commands: ClassVar[tuple[Command, ...]] = BRANCHES

    def __init__(self, history: History, saved: int = 0) -> None:
        """`saved` is the number of the node whose text the file holds."""
        super().__init__()
        self._history, self._saved = history, saved
        self._shown: list[Branch] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Input(placeholder="Search for words, a model, pinned…", id="branch-search", compact=True)
            yield OptionList(id="branch-list", compact=True)
            yield Static(id="branch-said", markup=False)
            yield Static(with_keys(KEYS, self.app), id="branch-keys", markup=False)

    def on_mount(self) -> None:
        self._fill()
        self.list.focus()

    @property
    def list(self) -> OptionList:
        return self.query_one("#branch-list", OptionList)

    @property
    def line(self) -> Branch | None:
        """The highlighted line."""
        at = self.list.highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else None

    @property
    def chosen(self) -> Node | None:
        """Its node."""
        return self.line.node if self.line is not None else None

    def _fill(self, keep: Node | None = None) -> None:
        found = outline(self._history, self.query_one(Input).value)
        wanted = keep or self._history.here
        at = next((number for number, each in enumerate(found) if each.node is wanted), len(found) - 1)
        first = max(0, min(at - MOST // 2, len(found) - MOST))
        self._shown = found[first : first + MOST]
        self.list.clear_options()
        self.list.add_options(Option(_line(each)) for each in self._shown)
        if self._shown:
            self.list.highlighted = at - first
        title = f"{len(found):,} branch{'es' if len(found) != 1 else ''}"
        frame = self.query_one(Vertical)
        frame.border_title, frame.border_subtitle = title, ""

    @on(Input.Changed)
    def _searched(self) -> None:
        self._fill(self.chosen)

    @on(Input.Submitted)
    def _found(self) -> None:
        self.list.focus()

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.dismiss(self.chosen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action == "close" or not isinstance(self.focused, Input)

    def action_close(self) -> None:
        self.dismiss(None)

    def action_search(self) -> None:
        self.query_one(Input).focus()

    def action_pin(self) -> None:
        if node := self.chosen:
            self._history.mark(node, pinned=not node.pinned)
            self._fill(node)

    def action_archive(self) -> None:
        if node := self.chosen:
            self._history.mark(node, archived=not node.archived)
            self._fill(node)

    def action_merge(self) -> None:
        """Joins the line with the one above: all its steps, with the last one of that."""
        if (line := self.line) is None:
            return
        steps = line.node.path()[: line.steps]
        if not all(map(self._history.may_merge, steps)):
            self._say(NOT_JOINED)
        elif any(step.parent is not None and step.parent.number == self._saved for step in steps):
            self._say(IN_FILE)
        else:
            for _ in steps:
                self._history.merge(line.node)
            self._fill(line.node)
            self._say("")

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self._say("")

    def _say(self, sentence: str) -> None:
        """One sentence above the line of keys, which takes no room while there is none."""
        said = self.query_one("#branch-said", Static)
        said.update(sentence)
        said.display = bool(sentence)


def when_made(made: float, now: datetime) -> str:
    """A moment, in seconds since 1970, as people tell it: the day only where it is another, the year likewise."""
    moment = datetime.fromtimestamp(made)
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    return f"{moment:%-d %b %H:%M}" if moment.year == now.year else f"{moment:%-d %b %Y}"


def _line(branch: Branch) -> Content:
    """How one branch looks: where it is, who wrote it, what it says."""
    node = branch.node
    mark = "●" if branch.here else "○" if branch.path else "·"
    who = (
        node.take.model
        if node.take is not None
        else {"start": "the beginning", "outside": "another program"}.get(node.kind, "you")
    )
    steps = f" ({branch.steps} steps)" if branch.steps > 1 else ""
    when = f"  {when_made(node.made, datetime.now())}" if node.made else ""
    colour = "$foreground-muted" if node.archived else "$accent" if node.take is not None else "$foreground"
    return Content.assemble(
        (f"{'  ' * min(branch.depth, 20)}{mark} ", "$primary bold" if branch.path else "$foreground-muted"),
        ("★ " if node.pinned else "", "$warning"),
        (f"{who}{steps}{' (put away)' if node.archived else ''}{when}  ", "$foreground-muted"),
        (branch.text, colour),
    )
