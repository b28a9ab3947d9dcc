"""The Write screen's status line: what is going on."""

from dataclasses import dataclass

from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widgets import Static


@dataclass(frozen=True)
class WriteState:
    """Everything that the status line shows."""

    file: str = ""  # its name; empty for a text without one
    unsaved: bool = False
    words: int = 0
    own: float = 1.0  # the share of the characters that no model wrote
    locked: bool = False  # another window has it
    score: str = ""  # "2.13 bits/char"
    model: str = ""
    seed: int | None = None  # the RNG seed of the take that stands there, or of the next one
    doing: str = ""  # "writing…", "take 2 of 3"
    speed: float = 0.0  # tokens a second; 0: not shown
    legend: tuple[tuple[str, Style], ...] = ()  # what the colours of the text mean, each in its colour


class StatusLine(Static):
    """File and words on the left, the model and what it does on the right."""

    state: reactive[WriteState] = reactive(WriteState(), layout=False)

    def render(self) -> Content:
        state = self.state
        width = self.content_size.width
        left: list[tuple[str, str | Style]] = [
            (f"{'●' if state.unsaved else '✓'} ", "$warning" if state.unsaved else "$success"),
            (state.file or "no name yet", "$foreground"),
            (f"  {state.words:,} word{'' if state.words == 1 else 's'}", "$foreground-muted"),
        ]
        if state.own < 1:
            left.append((f"  {min(round(state.own * 100), 99)} % own", "$foreground-muted"))  # never all of it
        if state.locked:
            left.append(("  read only", "$warning"))
        legend: list[tuple[str, str | Style]] = [part for each in state.legend for part in (("  ", ""), each)]
        right: list[tuple[str, str | Style]] = [(state.doing, "$accent bold")] if state.doing else []
        if state.speed > 0:
            right.append((f"  {state.speed:,.0f} tokens/s", "$foreground-muted"))
        if state.score:
            right.append((f"  {state.score}", "$secondary"))
        if state.model:
            right.append((f"  {state.model}", "$primary"))
        seed: list[tuple[str, str | Style]] = (
            [] if state.seed is None else [(f"  seed {state.seed}", "$foreground-muted")]
        )
        for shown, last in ((left + legend, seed), (left + legend, []), (left, []), (left[:2], [])):
            gap = width - sum(Content(text).cell_length for text, _ in shown + right + last)
            if gap >= 1:  # as much as there is room for
                break
        return Content.assemble(*shown, " " * max(gap, 1), *right, *last)
