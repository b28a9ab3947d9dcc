"""One place per screen for what just happened: progress, a result, or an error, until something newer happens."""

from textual.timer import Timer
from textual.widgets import Static

LINGER = 20.0  # seconds that what is no error stays


class MessageLine(Static):
    """Hidden while it has nothing to say; grows with the sentence, up to five lines. Errors stay until Escape."""

    DEFAULT_CSS = """
    MessageLine { height: auto; max-height: 5; padding: 0 1; display: none; background: $surface; }
    MessageLine.-said { display: block; }
    MessageLine.-error { color: $text-error; background: $error-muted; }
    MessageLine.-done { color: $success; }
    """

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self.text = ""
        self._clearing: Timer | None = None

    def clear(self) -> None:
        """Says nothing more."""
        self.say("")

    def say(self, text: str, *, error: bool = False, done: bool = False) -> None:
        """Shows `text`; an empty one hides the line."""
        self.text = text
        if self._clearing:
            self._clearing.stop()
        self._clearing = self.set_timer(LINGER, self.clear) if text and not error else None
        self.update(text)
        self.set_class(bool(text), "-said")
        self.set_class(error, "-error")
        self.set_class(done, "-done")
