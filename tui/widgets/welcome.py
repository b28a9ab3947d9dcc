"""What an empty library shows: what this is, in four lines, and three ways to begin."""

from textual.app import ComposeResult
from textual.containers import Center, Middle, Vertical
from textual.content import Content
from textual.widgets import Button, Static
from textual.widgets.button import ButtonVariant

from tui.commands.key_names import with_keys

LINES = (
    "1. Add a text: a novel, letters, verse, anything you love or wrote.",
    "2. Train a model on it: five minutes give it a voice of its own.",
    "3. Write: it goes on where you pause, and you keep what you like.",
    "Nothing ever leaves this machine.",
)
WAYS = (
    ("{a|library.add}  Add your own text", "welcome-add", "screen.add"),
    ("{1|library.manual}  Begin with Python's manual, plain English", "welcome-manual", "screen.starter('manual')"),
    (
        "{2|library.stdlib}  Begin with Python's standard library, source code",
        "welcome-stdlib",
        "screen.starter('stdlib')",
    ),
)


class Welcome(Middle):
    """Buttons press the screen's own actions."""

    def compose(self) -> ComposeResult:
        with Center(), Vertical(id="welcome-box"):
            yield Static("Pantoum learns to write from what you give it to read.", id="welcome-title")
            for line in LINES:
                yield Static(line, classes="welcome-line")
            for label, id, action in WAYS:
                kind: ButtonVariant = "primary" if id == "welcome-add" else "default"
                yield Button(Content(with_keys(label, self.app)), variant=kind, compact=True, id=id, action=action)
