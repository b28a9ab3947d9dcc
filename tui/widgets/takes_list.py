"""The suggestions for one place, one below the other, the one that stands in the text marked."""

from dataclasses import dataclass
from itertools import pairwise

from textual.content import Content

from tui.widgets.editor_cells import visible
from tui.widgets.editor_wrap import wrap

NUMBERED = 9  # suggestions that a digit picks
MOST_ROWS = 4  # of one suggestion


@dataclass(frozen=True)
class Suggestions:
    """What the takes of a place still say, and the number of the one that is shown, from 1."""

    texts: tuple[str, ...] = ()
    shown: int = 0


class TakesList:
    """Suggestions laid out in so many cells and rows. Which of them are seen follows the one that is shown."""

    def __init__(self, suggestions: Suggestions, width: int, height: int) -> None:
        count = len(suggestions.texts)
        rows = max(1, min(MOST_ROWS, height // max(count, 1)))
        seen = max(1, height // rows)
        first = min(max(suggestions.shown - 1 - seen // 2, 0), max(count - seen, 0))
        self._rows: list[tuple[int, Content]] = []
        for index in range(first, min(first + seen, count)):
            chosen = index + 1 == suggestions.shown
            lines = _cut(suggestions.texts[index], max(width - 3, 2), rows)
            for at, line in enumerate(lines):
                mark = f"{index + 1 if index < NUMBERED else '·':>2} " if at == 0 else "   "
                style = "$primary bold" if chosen else "$foreground-muted"
                self._rows.append(
                    (index + 1, Content.assemble((mark, style), (line, "$foreground" if chosen else style)))
                )

    @property
    def content(self) -> Content:
        """What is painted."""
        return Content("\n").join([row for _, row in self._rows])

    def number_at(self, row: int) -> int:
        """The number of the suggestion in a row, from 1; 0 where there is none."""
        return self._rows[row][0] if 0 <= row < len(self._rows) else 0


def _cut(text: str, width: int, rows: int) -> list[str]:
    """The first rows of a text, line ends as pictures; the last ends with an ellipsis where more follows."""
    text = visible(text.strip().replace("\n", "⏎ ")[: 2 * width * rows])
    breaks = [0, *wrap(text, width), len(text)]
    lines = [text[start:end].rstrip() for start, end in pairwise(breaks)]
    if len(lines) > rows:
        last = text[breaks[rows - 1] :]
        lines = [*lines[: rows - 1], last[: wrap(last, width - 1)[0]].rstrip() + "…"]
    return lines
