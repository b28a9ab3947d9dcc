"""The Library's two lists: texts and models, one row each, the cursor kept where the person left it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from corpora.library import CorpusEntry
from engine.folder import ModelEntry
from tui.library.ordering import Glance, sparkline
from tui.readable import age, count, short, size
from tui.widgets.chart_colours import Colours

NAME = 20  # columns of a text's name, at least
NARROW = 77  # columns of the narrowest list: a terminal of 80 without padding and scroll bar
NARROW_NAME, NARROW_TEXT = 15, 10  # columns of a model's name and its text's there
KIND = 18  # columns of a model's kind
WHOLE = 10  # columns to spare from which headings are not shortened
Cells = list[str | Text]


class Shelf(DataTable[str | Text]):
    """A list whose rows are known by slug."""

    BINDINGS = [Binding("space", "select_cursor", show=False)]

    def __init__(self, id: str) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False, cell_padding=1)
        self._rows: dict[str, Cells] = {}

    @property
    def chosen(self) -> str:
        """The slug under the cursor; empty where the list is."""
        slugs = list(self._rows)
        return slugs[self.cursor_row] if 0 <= self.cursor_row < len(slugs) else ""

    def choose(self, slug: str) -> None:
        """Puts the cursor on this slug, where it is in the list."""
        if slug in self._rows:
            self.move_cursor(row=list(self._rows).index(slug))

    def set_rows(self, rows: dict[str, Cells]) -> None:
        """Takes new rows; only a real change touches the screen, which stays where it was scrolled to."""
        chosen, row, y = self.chosen, self.cursor_row, self.scroll_y
        before, self._rows = self._rows, rows
        if list(rows) == list(before):
            self._update(before)
            return
        cursor_seen = y <= row < y + self.size.height - self.header_height
        self.clear()
        for slug, cells in rows.items():
            self.add_row(*map(_drawn, cells), key=slug)
        if rows:
            self.move_cursor(row=list(rows).index(chosen) if chosen in rows else min(row, len(rows) - 1))
        self.call_after_refresh(self._scroll_back, y, cursor_seen)

    def _update(self, before: dict[str, Cells]) -> None:
        """Draws the cells that have changed."""
        for row, (cells, others) in enumerate(zip(self._rows.values(), before.values(), strict=True)):
            for column, (cell, other) in enumerate(zip(cells, others, strict=True)):
                if not _same(cell, other):
                    self.update_cell_at(Coordinate(row, column), _drawn(cell))

    def _scroll_back(self, y: float, with_cursor: bool) -> None:
        self.scroll_to(y=y, animate=False, immediate=True)
        if with_cursor:
            self.move_cursor(row=self.cursor_row)


class TextShelf(Shelf):
    """The corpora."""

    def on_mount(self) -> None:
        self.add_column(Text("Texts"), width=NAME + 10)
        self.add_column(Text("Characters", justify="right"), width=13)
        self.add_column(Text("Size", justify="right"), width=8)
        self.add_column(Text("Files", justify="right"), width=6)
        self.add_column(Text("Added"), width=11)

    def show(self, entries: Sequence[CorpusEntry]) -> None:
        """Lists these corpora."""
        self.set_rows({entry.slug: self._cells(entry) for entry in entries})

    def _cells(self, entry: CorpusEntry) -> Cells:
        if entry.corpus is None:
            damaged = Text("damaged", Colours(self.app).strong("error"), justify="right")
            return [_name(entry.slug, NAME + 10), damaged, "", "", ""]
        record = entry.corpus.record
        return [
            _name(record.name, NAME + 10),
            _right(count(record.characters)),
            _right(size(record.bytes)),
            _right(count(len(record.sources))),
            age(record.created),
        ]


@dataclass(frozen=True)
class Room:
    """How wide the columns of models are."""

    name: int
    text: int
    kind: int = 0  # 0: there is no such column
    bits: str = "Bits"  # the heading, the whole of which may be too wide

    @classmethod
    def of(cls, width: int) -> "Room":
        """What fits into so many columns; none is left out below what the narrowest screen needs, but the kind."""
        spare = width - NARROW
        bits = "Bits" if spare < WHOLE else "Bits/char"
        spare -= len(bits) - len("Bits")
        kind = KIND if spare >= 2 * KIND else 0
        spare = max(0, spare - (kind + 2 if kind else 0))
        name = min(spare // 2, 24)
        return cls(NARROW_NAME + name, NARROW_TEXT + min(spare - name, 24), kind, bits)


class ModelShelf(Shelf):
    """The models: in any width their state, loss, result, text, age and size."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._room = Room.of(NARROW)
        self._shown: tuple[Sequence[ModelEntry], Mapping[str, Glance]] = ((), {})

    def on_mount(self) -> None:
        self._add_columns()

    def on_resize(self, event: events.Resize) -> None:
        room = Room.of(event.size.width - self.gutter.width - self.scrollbar_size_vertical)
        if room != self._room:
            self._room = room
            chosen = self.chosen
            self.clear(columns=True)
            self._add_columns()
            self._rows = {}
            self.show(*self._shown)
            self.choose(chosen)

    def show(self, entries: Sequence[ModelEntry], glances: Mapping[str, Glance]) -> None:
        """Lists these models."""
        self._shown = (entries, glances)
        self.set_rows(
            {entry.folder.slug: self._cells(entry, glances.get(entry.folder.slug, Glance())) for entry in entries}
        )

    def _add_columns(self) -> None:
        room = self._room
        self.add_column(Text("Models"), width=room.name)
        self.add_column(Text("State"), width=8)
        self.add_column(Text("Loss"), width=8)
        self.add_column(Text(room.bits, justify="right"), width=len(room.bits))
        self.add_column(Text("Text"), width=room.text)
        if room.kind:
            self.add_column(Text("Kind"), width=room.kind)
        self.add_column(Text("Begun"), width=10)
        self.add_column(Text("Disk", justify="right"), width=7)

    def _cells(self, entry: ModelEntry, glance: Glance) -> Cells:
        colours, room = Colours(self.app), self._room
        if entry.record is None:
            empty = [""] * (len(self.columns) - 2)
            return [_name(entry.folder.slug, room.name), Text("damaged", colours.strong("error")), *empty]
        record, status = entry.record, entry.status
        if status.state == "training":
            state = Text(f"● {status.progress:.0%}", colours.strong("success"))
        else:
            colour = {"failed": "error", "paused": "warning", "starting": "accent", "queued": "accent"}
            state = Text(status.state, colours.strong(colour.get(status.state, "foreground")))
        bits = f"{record.results.bits_per_character:.2f}" if record.results else "–"
        model = record.model
        kind = [f"{model.unit} {model.cell} {model.layers}×{short(model.hidden)}"] if room.kind else []
        return [
            _name(record.name, room.name),
            state,
            Text(sparkline(glance.losses), colours.strong("primary")),
            _right(bits),
            _name(record.corpus.name, room.text),
            *kind,
            age(record.created),
            _right(size(glance.disk)),
        ]


def _same(cell: str | Text, other: str | Text) -> bool:
    """Whether two cells look the same; texts are equal in whatever colour."""
    return cell == other and getattr(cell, "style", "") == getattr(other, "style", "")


def _drawn(cell: str | Text) -> Text:
    """A string would be read as markup, for which Textual's table brings a list of all emoji."""
    return Text(cell) if isinstance(cell, str) else cell


def _name(name: str, width: int) -> Text:
    text = Text(name, no_wrap=True)
    text.truncate(width, overflow="ellipsis")
    return text


def _right(text: str) -> Text:
    return Text(text, justify="right")
