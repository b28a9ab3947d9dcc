"""The commands of the list of words that might stand at the caret instead."""

from tui.commands.command import Command

WORDS: tuple[Command, ...] = (
    Command("words.choose", "Replace", "Puts this word in the place of the one that stands there.", "enter", "choose"),
    Command(
        "words.regrow",
        "Regrow",
        "Puts this word there and lets the text grow anew from it; what followed stays as a branch.",
        "g",
        "regrow",
    ),
    Command("words.close", "Close", "Leaves the text as it is.", "escape", "close"),
)
