"""Beside the lists: all that is known of the text or model under the cursor, and a look into it."""

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from corpora.library import Corpus, CorpusEntry, Source
from engine.folder import ModelEntry
from engine.records import SampleLine
from tui.library.figures import Figures
from tui.readable import age, count, duration, size
from tui.visible import dotted
from tui.widgets.chart_colours import Colours

SOURCES_SHOWN = 40
WORDS_SHOWN = 24
UNIT_WORDS = {"char": "letter by letter", "word": "word by word", "bpe": "piece by piece"}


class DetailPane(Container):
    """Facts, and a preview; both scroll."""

    _previewed = ""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="detail-facts"):
            yield Static(id="facts")
        with VerticalScroll(id="detail-preview"):
            yield Static(id="preview", markup=False)

    def show_nothing(self) -> None:
        self._show(Text(""))
        self.show_preview("")

    def show_preview(self, text: str) -> None:
        """The text's beginning, or a model's newest sample; the same again stays where it was scrolled to."""
        if text != self._previewed:
            self._previewed = text
            self.query_one("#preview", Static).update(dotted(text))
            self.query_one("#detail-preview").scroll_home(animate=False)

    def show_problem(self, name: str, problem: str) -> None:
        """What is damaged, and how."""
        self._show(self._titled(name).append(f"\n{problem}", self._colour("error")))
        self.show_preview("")

    def show_corpus(
        self, entry: CorpusEntry, corpus: Corpus, figures: Figures | None, notices: Sequence[str], problem: str = ""
    ) -> None:
        """A corpus; `figures` is None while they are being counted."""
        record = corpus.record
        text = self._titled(record.name)
        text.append(f"\n{count(record.characters)} characters, {size(record.bytes)}, added {age(record.created)}")
        for notice in notices or tuple(notice for source in record.sources for notice in _notices(source)):
            text.append(f"\n{notice}", self._colour("warning"))
        if problem:
            text.append(f"\n{problem}", self._colour("error"))
        elif figures is None:
            text.append("\ncounting words…", "dim")
        else:
            self._append_figures(text, figures)
        self._append_sources(text, record.sources)
        self._show(text)

    def show_model(self, entry: ModelEntry, sample: SampleLine | None, notes: str = "") -> None:
        """A model and what it wrote last."""
        from tui.training.catalogue import uncommon  # not while the app starts

        record, status = entry.record, entry.status
        assert record is not None
        text = self._titled(record.name)
        model = record.model
        kind = f"{model.layers} {model.cell} layer{'s' if model.layers > 1 else ''} of {count(model.hidden)}"
        parameters = f", {count(record.parameters)} parameters" if record.parameters else ""
        text.append(f"\n{UNIT_WORDS[model.unit]}, {kind}{parameters}")
        if also := uncommon(model, but=("cell", "layers", "hidden", "embedding")):
            text.append(f"\nwith {', '.join(also)}")
        if trained := uncommon(record.training, but=("steps",)):
            text.append(f"\ntraining: {', '.join(trained)}")
        text.append(f"\nfrom {record.corpus.name}, {count(record.corpus.characters)} characters")
        text.append(f"\n{status.state}, step {count(status.step)}, {duration(status.elapsed)} trained")
        if results := record.results:
            text.append(f"\n{results.bits_per_character:.2f} bits per character", "bold")
            text.append(f" at step {count(results.step)}")
            if model.unit != "char":
                text.append(f", perplexity {results.perplexity:.1f}")
        if notes:
            text.append(f"\n{dotted(notes.rstrip())}", "italic")
        for notice in record.notices:
            text.append(f"\n{notice}", self._colour("warning"))
        if status.error:
            text.append(f"\n{status.error}", self._colour("error"))
        self._show(text)
        self.show_preview(sample.prompt + sample.text if sample else "")

    def _show(self, text: Text) -> None:
        self.query_one("#facts", Static).update(text)

    def _colour(self, name: str) -> Style:
        return Colours(self.app).strong(name)

    def _titled(self, name: str) -> Text:
        return Text().append(name, Colours(self.app).strong("secondary", bold=True))

    def _append_figures(self, text: Text, figures: Figures) -> None:
        counted = figures.statistics
        text.append(
            f"\n{count(counted.words)} words, {count(counted.lines)} lines, "
            f"{count(counted.distinct_characters)} different characters\n"
        )
        text.append(f"\n{'unit':<6}{'tokens':>14}{'vocabulary':>13}", "dim")
        for unit in figures.units:
            about = "" if unit.exact else "≈ "
            text.append(f"\n{unit.unit:<6}{about + count(unit.tokens):>14}{about + count(unit.vocabulary):>13}")
        if counted.frequent:
            text.append("\n\nmost frequent: ", "dim")
            text.append(", ".join(word for word, _ in counted.frequent[:WORDS_SHOWN]))

    def _append_sources(self, text: Text, sources: Sequence[Source]) -> None:
        if len(sources) < 2:
            return
        text.append(f"\n\n{count(len(sources))} files, each begins where the one before ends", "dim")
        for source in sources[:SOURCES_SHOWN]:
            left_out = f"same as {source.duplicate_of}" if source.duplicate_of else count(source.characters)
            text.append(f"\n{source.name}  ").append(left_out, "dim")
        if len(sources) > SOURCES_SHOWN:
            text.append(f"\nand {count(len(sources) - SOURCES_SHOWN)} more", "dim")


def _notices(source: Source) -> list[str]:
    found = []
    if source.guessed:
        found.append(f"{source.name} was read as {source.encoding}: a guess, {source.confidence:.0%} sure.")
    if source.duplicate_of:
        found.append(f"{source.name} was left out: it has the same text as {source.duplicate_of}.")
    return found
