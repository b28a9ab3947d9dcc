"""What a model wrote at its evaluations: the newest by default, earlier ones by key."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from engine.records import SampleLine
from tui.readable import count, duration


class SamplePane(VerticalScroll, can_focus=True):
    """Stays on the newest sample until the person goes back; then it stays where they are."""

    DEFAULT_CSS = """
    SamplePane { padding: 0 1; border: round $border-blurred; border-title-color: $foreground;
        border-subtitle-color: $text-muted; scrollbar-size-vertical: 1; }
    SamplePane:focus { border: round $border; }
    """

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._samples: tuple[SampleLine, ...] = ()
        self._index = -1
        self.border_title = "Sample"

    def compose(self) -> ComposeResult:
        yield Static(id="sample-text")

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._write())

    def show_samples(self, samples: tuple[SampleLine, ...]) -> None:
        """Takes the samples of a run, oldest first."""
        newest = self._index >= len(self._samples) - 1
        changed = samples != self._samples or not samples
        self._samples = samples
        if newest or self._index >= len(samples):
            self._index = len(samples) - 1
        if changed:
            self._write()

    def turn(self, by: int) -> None:
        """Goes to an earlier (negative) or later sample."""
        index = min(max(self._index + by, 0), len(self._samples) - 1)
        if index != self._index:
            self._index = index
            self._write()
            self.scroll_home(animate=False)

    def _shown(self) -> SampleLine | None:
        return self._samples[self._index] if 0 <= self._index < len(self._samples) else None

    def _write(self) -> None:
        sample = self._shown()
        body = self.query_one("#sample-text", Static)
        if sample is None:
            self.border_title, self.border_subtitle = "Sample", ""
            body.update(Text("The first sample comes with the first evaluation.", style="dim"))
            return
        self.border_title = f"Sample at step {count(sample.step)}, after {duration(sample.elapsed)}"
        self.border_subtitle = f"{self._index + 1} of {len(self._samples)}  ,  earlier  .  later"
        text = Text()
        text.append(_plain(sample.prompt), self.app.theme_variables["secondary"])
        text.append(_plain(sample.text))
        body.update(text)


def _plain(text: str) -> str:
    """Without control characters: a young model writes whatever bytes its text had."""
    return "".join(character if character.isprintable() or character in "\n\t" else "·" for character in text)
