"""The Library's two lists: texts and models, one row each, the cursor kept where the person left it."""

from collections.abc import Mapping, Sequence

from rich.text import Text
from textual.binding import Binding
from textual.widgets import DataTable

from corpora.library import CorpusEntry
from engine.folder import ModelEntry
from tui.library.ordering import Glance, sparkline
from tui.readable import age, count, short, size

NAME = 20  # columns of a name
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
        """Takes new rows; only a real change touches the screen."""
        if list(rows.items()) == list(self._rows.items()):  # in their order too
            return
        chosen, row = self.chosen, self.cursor_row
        self._rows = rows
        self.clear()
        for slug, cells in rows.items():
            self.add_row(*cells, key=slug)
        if chosen in rows:
            self.choose(chosen)
        elif rows:
            self.move_cursor(row=min(row, len(rows) - 1))


class TextShelf(Shelf):
    """The corpora."""

    def on_mount(self) -> None:
        self.add_column("Texts", width=NAME + 10)
        self.add_column(Text("Characters", justify="right"), width=13)
        self.add_column(Text("Size", justify="right"), width=8)
        self.add_column(Text("Files", justify="right"), width=6)
        self.add_column("Added", width=11)

    def show(self, entries: Sequence[CorpusEntry]) -> None:
        """Lists these corpora."""
        self.set_rows({entry.slug: self._cells(entry) for entry in entries})

    def _cells(self, entry: CorpusEntry) -> Cells:
        if entry.corpus is None:
            error = self.app.theme_variables["error"]
            return [_name(entry.slug, NAME + 10), Text("damaged", error, justify="right"), "", "", ""]
        record = entry.corpus.record
        return [
            _name(record.name, NAME + 10),
            _right(count(record.characters)),
            _right(size(record.bytes)),
            _right(count(len(record.sources))),
            age(record.created),
        ]


class ModelShelf(Shelf):
    """The models."""

    def on_mount(self) -> None:
        self.add_column("Models", width=NAME)
        self.add_column("State", width=9)
        self.add_column("Loss", width=8)
        self.add_column(Text("Bits/char", justify="right"), width=9)
        self.add_column("Begun", width=11)
        self.add_column("Kind", width=16)
        self.add_column(Text("Disk", justify="right"), width=8)
        self.add_column("Text", width=18)

    def show(self, entries: Sequence[ModelEntry], glances: Mapping[str, Glance]) -> None:
        """Lists these models."""
        self.set_rows(
            {entry.folder.slug: self._cells(entry, glances.get(entry.folder.slug, Glance())) for entry in entries}
        )

    def _cells(self, entry: ModelEntry, glance: Glance) -> Cells:
        colours = self.app.theme_variables
        if entry.record is None:
            return [_name(entry.folder.slug, NAME), Text("damaged", colours["error"]), *[""] * 6]
        record, status = entry.record, entry.status
        if status.state == "training":
            state = Text(f"● {status.progress:.0%}", colours["success"])
        else:
            colour = {"failed": "error", "paused": "warning", "starting": "accent"}.get(status.state)
            state = Text(status.state, colours[colour] if colour else "")
        bits = f"{record.results.bits_per_character:.2f}" if record.results else "–"
        model = record.model
        kind = f"{model.unit} {model.cell} {model.layers}×{short(model.hidden)}"
        name = _name(record.name, NAME)
        losses = Text(sparkline(glance.losses), colours["primary"])
        text = _name(record.corpus.name, 18)
        return [name, state, losses, _right(bits), age(record.created), kind, _right(size(glance.disk)), text]


def _name(name: str, width: int) -> Text:
    text = Text(name, no_wrap=True)
    text.truncate(width, overflow="ellipsis")
    return text


def _right(text: str) -> Text:
    return Text(text, justify="right")
