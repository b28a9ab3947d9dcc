"""The commands of the screen that shows two runs side by side."""

from tui.commands.command import Command

COMPARE: tuple[Command, ...] = (
    Command("compare.axis", "Steps, tokens, time", "Changes what the x axis counts.", "x", "axis", priority=True),
    Command("compare.logarithmic", "Linear or log", "Changes the y axis.", "y", "logarithmic", priority=True),
    Command("compare.close", "Close", "Goes back to the run.", "escape,q,b", "dismiss", priority=True),
)
