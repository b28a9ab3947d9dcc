"""What an empty library shows: what this is, in four lines, and three ways to begin."""

from textual.app import ComposeResult
from textual.containers import Center, Middle, Vertical
from textual.widgets import Button, Static

LINES = (
    "1. Add a text: a novel, letters, verse, anything you love or wrote.",
    "2. Train a model on it: five minutes give it a voice of its own.",
    "3. Write: it goes on where you pause, and you keep what you like.",
    "Nothing ever leaves this machine.",
)


class Welcome(Middle):
    """Buttons press the screen's own actions."""

    def compose(self) -> ComposeResult:
        with Center(), Vertical(id="welcome-box"):
            yield Static("Pantoum learns to write from what you give it to read.", id="welcome-title")
            for line in LINES:
                yield Static(line, classes="welcome-line")
            yield Button("a  Add your own text", variant="primary", compact=True, id="welcome-add", action="screen.add")
            yield Button(
                "1  Begin with Python's manual, plain English",
                compact=True,
                id="welcome-manual",
                action="screen.starter('manual')",
            )
            yield Button(
                "2  Begin with Python's standard library, source code",
                compact=True,
                id="welcome-stdlib",
                action="screen.starter('stdlib')",
            )
