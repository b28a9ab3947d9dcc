"""One place per screen for what just happened: progress, a result, or an error, until something newer happens."""

from textual.widgets import Static


class MessageLine(Static):
    """Hidden while it has nothing to say; grows to as many lines as the sentence needs, up to five."""

    DEFAULT_CSS = """
    MessageLine { height: auto; max-height: 5; padding: 0 1; display: none; background: $surface; }
    MessageLine.-said { display: block; }
    MessageLine.-error { color: $text-error; background: $error-muted; }
    MessageLine.-done { color: $success; }
    """

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self.text = ""

    def say(self, text: str, *, error: bool = False, done: bool = False) -> None:
        """Shows `text`; an empty one hides the line."""
        self.text = text
        self.update(text)
        self.set_class(bool(text), "-said")
        self.set_class(error, "-error")
        self.set_class(done, "-done")
