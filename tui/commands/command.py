"""One command of the app: what it is called, what it does, its keys and its help, in one place."""

from dataclasses import dataclass

from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode


@dataclass(frozen=True)
class Command:
    """Gives a screen its key binding, footer, palette and help entry. The id is what ``keys.toml`` remaps."""

    id: str  # "write.continue"
    title: str  # "Continue": footer and palette
    help: str  # one sentence
    keys: str  # as Textual names them, several with commas: "ctrl+g,f5"; "" where only the palette has it
    action: str  # the Textual action: "continue_text"
    footer: bool = True
    priority: bool = False  # before the focused widget gets the key
    group: str = ""  # the heading under which help has it; "" is the screen's own

    def applies_to(self, node: DOMNode) -> bool:
        """Whether this can be done now, on the screen or in the widget that has this command."""
        _, name, parameters = parse(self.action)
        return bool(node.check_action(name, parameters))

    def binding(self) -> Binding:
        """The Textual binding, under this command's id.

        A command without keys is bound to a name that no terminal sends, so that ``keys.toml`` can give it a key.
        """
        return Binding(
            self.keys or f"unbound-{self.id}",
            self.action,
            self.title,
            show=self.footer and bool(self.keys),
            tooltip=self.help,
            id=self.id,
            priority=self.priority,
        )
