"""What happened elsewhere, such as a run that ended, in a line of its own: it covers nothing, and hides no message."""

from textual.widgets import Static

from tui.widgets.message_line import LINGER

MOST = 3  # sentences at a time


class NewsLine(Static):
    """Takes no room while there is no news. Each sentence stays for a while; the newest stands last."""

    DEFAULT_CSS = """
    NewsLine { height: auto; max-height: 5; padding: 0 1; display: none; background: $surface; color: $text-warning; }
    NewsLine.-said { display: block; }
    """

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self.sentences: tuple[str, ...] = ()

    def add(self, sentence: str) -> None:
        """Says one thing more; of many at once, the oldest give way."""
        self._show((*self.sentences, sentence)[-MOST:])
        self.set_timer(LINGER, lambda: self._show(tuple(each for each in self.sentences if each is not sentence)))

    def _show(self, sentences: tuple[str, ...]) -> None:
        self.sentences = sentences
        self.update("\n".join(sentences))
        self.set_class(bool(sentences), "-said")
