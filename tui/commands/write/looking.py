"""How to look closer at the text."""

from tui.commands.command import Command

GROUP = "Looking closer"

LOOKING: tuple[Command, ...] = (
    Command(
        "write.colours",
        "Colours",
        "Colours the text: by who wrote it, by how surprising each word is, by what was copied, or not.",
        "alt+o",
        "colours",
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.words",
        "Other words",
        "Lists the likeliest words for the place of the one at the caret; Enter puts one there, g regrows from it.",
        "alt+w",
        "words",
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.score",
        "Score",
        "Shows what a character of the text, or of what is selected, costs the model, and keeps that up to date.",
        "alt+e",
        "score",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.regenerate",
        "Write again",
        "Has everything that models wrote here written again, and says what comes out letter for letter the same.",
        "alt+shift+g",
        "regenerate",
        footer=False,
        priority=True,
        group=GROUP,
    ),
)
