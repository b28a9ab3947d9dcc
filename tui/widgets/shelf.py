"""The Library's two lists: texts and models, one row each, the cursor kept where the person left it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.cache import LRUCache
from textual.coordinate import Coordinate
from textual.strip import Strip
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
NO_GLANCE = Glance()
Cells = list[str | Text]


@dataclass
class _Made:
    """A row, and what it was made of."""

    of: tuple[object, object]
    age: str
    minute: int  # when that was looked at
    cells: Cells


class Shelf(DataTable[str | Text]):
    """A list whose rows are known by slug."""

    BINDINGS = [Binding("space", "select_cursor", show=False)]

    def __init__(self, id: str) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False, cell_padding=1)
        self._rows: dict[str, Cells] = {}
        self._slugs: list[str] = []
        self._made: dict[str, _Made] = {}
        self._lines: LRUCache[tuple[object, ...], tuple[Cells | None, Strip]] = LRUCache(1000)

    @property
    def chosen(self) -> str:
        """The slug under the cursor; empty where the list is."""
        return self._slugs[self.cursor_row] if 0 <= self.cursor_row < len(self._slugs) else ""

    def choose(self, slug: str) -> None:
        """Puts the cursor on this slug, where it is in the list."""
        if slug in self._rows:
            self.move_cursor(row=self._slugs.index(slug))

    def notify_style_update(self) -> None:
        """A class like that of the shelf that was used last can change how the cursor looks."""
        super().notify_style_update()
        self._lines.clear()

    def forget(self) -> None:
        """Has all rows made and drawn anew the next time: something has changed in how they look."""
        self._made = {}
        self._lines.clear()

    def make(self, slug: str, of: tuple[object, object], created: str, cells: Callable[[str], Cells]) -> Cells:
        """The cells of a row, from how long ago it was created; those from before, where nothing is another.

        An age is only looked at when a minute has passed.
        """
        known, minute = self._made.get(slug), int(monotonic() / 60)
        if known is not None and known.of[0] is of[0] and known.of[1] is of[1]:
            if known.minute == minute:
                return known.cells
            if known.age == age(created):
                known.minute = minute
                return known.cells
        told = age(created)
        known = self._made[slug] = _Made(of, told, minute, cells(told))
        return known.cells

    def set_rows(self, rows: dict[str, Cells]) -> None:
        """Takes new rows; only a real change touches the screen, which stays where it was scrolled to."""
        chosen, row, y = self.chosen, self.cursor_row, self.scroll_y
        before, self._rows = self._rows, rows
        if list(rows) == self._slugs:
            self._update(before)
            return
        self._slugs = list(rows)
        self._made = {slug: made for slug, made in self._made.items() if slug in rows}
        cursor_seen = y <= row < y + self.size.height - self.header_height
        self.clear()
        for slug, cells in rows.items():
            self.add_row(*map(_drawn, cells), key=slug)
        if rows:
            self.move_cursor(row=self._slugs.index(chosen) if chosen in rows else min(row, len(rows) - 1))
        self.call_after_refresh(self._scroll_back, y, cursor_seen)

    def _update(self, before: dict[str, Cells]) -> None:
        """Draws the cells that have changed."""
        for row, (cells, others) in enumerate(zip(self._rows.values(), before.values(), strict=True)):
            if cells is others:
                continue
            for column, (cell, other) in enumerate(zip(cells, others, strict=True)):
                if not _same(cell, other):
                    self.update_cell_at(Coordinate(row, column), _drawn(cell))

    def _render_line(self, y: int, x1: int, x2: int, base_style: Style) -> Strip:
        """Draws a line; the one from before where it looks the same. Textual would draw all again for any one cell."""
        row = y - self.header_height
        cells = self._rows[self._slugs[row]] if 0 <= row < len(self._slugs) else None
        key = (
            y, x1, x2, self.size.width, base_style, row == self.cursor_row, row == self.hover_row,
            self._show_hover_cursor, self._pseudo_class_state, self.show_cursor,
        )  # fmt: skip
        known = self._lines.get(key)
        if known is None or known[0] is not cells:
            known = cells, super()._render_line(y, x1, x2, base_style)
            self._lines[key] = known
        return known[1]

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
        self.set_rows({entry.slug: self._row(entry) for entry in entries})

    def _row(self, entry: CorpusEntry) -> Cells:
        created = entry.corpus.record.created if entry.corpus else ""
        return self.make(entry.slug, (entry, None), created, lambda added: self._cells(entry, added))

    def _cells(self, entry: CorpusEntry, added: str) -> Cells:
        if entry.corpus is None:
            damaged = Text("damaged", Colours(self.app).strong("error"), justify="right")
            return [_name(entry.slug, NAME + 10), damaged, "", "", ""]
        record = entry.corpus.record
        return [
            _name(record.name, NAME + 10),
            _right(count(record.characters)),
            _right(size(record.bytes)),
            _right(count(len(record.sources))),
            added,
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
            self._rows, self._slugs = {}, []
            self.forget()
            self.show(*self._shown)
            self.choose(chosen)

    def show(self, entries: Sequence[ModelEntry], glances: Mapping[str, Glance]) -> None:
        """Lists these models."""
        self._shown = (entries, glances)
        self.set_rows(
            {entry.folder.slug: self._row(entry, glances.get(entry.folder.slug, NO_GLANCE)) for entry in entries}
        )

    def _row(self, entry: ModelEntry, glance: Glance) -> Cells:
        created = entry.record.created if entry.record else ""
        return self.make(entry.folder.slug, (entry, glance), created, lambda begun: self._cells(entry, glance, begun))

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

    def _cells(self, entry: ModelEntry, glance: Glance, begun: str) -> Cells:
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
            begun,
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
