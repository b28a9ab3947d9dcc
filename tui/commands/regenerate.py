"""The commands of the screen on which a text's takes are written again."""

from tui.commands.command import Command

REGENERATE: tuple[Command, ...] = (
    Command("regenerate.go", "Go there", "Goes to the branch that this take is in.", "enter", "go"),
    Command(
        "regenerate.close", "Close", "Goes back to the text as it is; what is left is not asked.", "escape", "close"
    ),
)
