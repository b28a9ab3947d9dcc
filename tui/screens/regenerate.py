"""Everything that models wrote into a text, written again before one's eyes, with what comes out the same."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from corpora.errors import InputError
from engine.client import EngineClient
from tui.commands.command import Command
from tui.commands.key_names import with_keys
from tui.commands.regenerate import REGENERATE
from tui.commands.registry import bindings
from tui.manuscript.journal_records import Snapshot, manuscript_of
from tui.regenerating.outcomes import Outcome, State, how, regenerate, summary
from tui.regenerating.written import written

KEYS = "{Enter|regenerate.go} goes there · {Esc|regenerate.close} closes"
MARKS: dict[State, tuple[str, str]] = {
    "same": ("✓", "$success"),
    "otherwise": ("≠", "$error"),
    "gone": ("–", "$warning"),
    "chosen": ("·", "$foreground-muted"),
}


class RegenerateScreen(ModalScreen[int | None]):
    """Returns the number of the node to go to, or None."""

    CSS_PATH = "regenerate.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings(REGENERATE)
    commands: ClassVar[tuple[Command, ...]] = REGENERATE

    def __init__(self, snapshot: Snapshot, client: Callable[[], Awaitable[EngineClient]], root: Path | None) -> None:
        super().__init__()
        self._snapshot, self._client, self._root = snapshot, client, root
        self.outcomes: list[Outcome] = []
        self.finished = False

    def compose(self) -> ComposeResult:
        with Vertical() as frame:
            frame.border_title = "Written again"
            yield Static("Reading the text…", id="take-summary", markup=False)
            yield OptionList(id="take-list", compact=True)
            yield Static("", id="take-why", markup=False)
            yield Static(with_keys(KEYS, self.app), id="take-keys", markup=False)

    def on_mount(self) -> None:
        self.list.focus()
        self.run_worker(self._ask())

    @property
    def list(self) -> OptionList:
        return self.query_one("#take-list", OptionList)

    async def _ask(self) -> None:
        trouble = ""
        try:
            manuscript = await asyncio.to_thread(manuscript_of, self._snapshot)
            count = len(written(manuscript.history))
            self._say(f"Writing {count:,} take{'' if count == 1 else 's'} again…" if count else summary([]))
            if count:
                async for outcome in regenerate(await self._client(), manuscript, self._root):
                    self._add(outcome, count)
        except InputError as error:
            trouble = str(error)
        self.finished = True
        self._say(" ".join(filter(None, (summary(self.outcomes) if self.outcomes or not trouble else "", trouble))))

    def _add(self, outcome: Outcome, count: int) -> None:
        self.outcomes.append(outcome)
        self.list.add_option(Option(_line(outcome)))
        if len(self.outcomes) == 1:
            self.list.highlighted = 0
        self._say(f"{len(self.outcomes):,} of {count:,} written again…")

    def _say(self, sentence: str) -> None:
        self.query_one("#take-summary", Static).update(sentence)

    @property
    def chosen(self) -> Outcome | None:
        """What the highlighted line is about."""
        at = self.list.highlighted
        return self.outcomes[at] if at is not None else None

    @on(OptionList.OptionHighlighted)
    def _show(self) -> None:
        if (outcome := self.chosen) is not None:
            take = outcome.take
            self.query_one("#take-why", Static).update(f"{outcome.why} {take.model}, {how(take)}.")

    @on(OptionList.OptionSelected)
    def action_go(self) -> None:
        if (outcome := self.chosen) is not None:
            self.dismiss(outcome.written.node.number)

    def action_close(self) -> None:
        self.dismiss(None)


def _line(outcome: Outcome) -> Content:
    mark, colour = MARKS[outcome.state]
    return Content.assemble(
        (f"{mark} ", f"{colour} bold"),
        (f"{outcome.take.model}  ", "$foreground-muted"),
        (" ".join(outcome.take.text.split()), "$accent" if outcome.state == "same" else "$foreground"),
    )
