"""The commands of the screen that shows a text's branches."""

from tui.commands.command import Command

BRANCHES: tuple[Command, ...] = (
    Command("branches.pin", "Pin", "Marks this branch, so that it is easily found again, or no longer.", "p", "pin"),
    Command(
        "branches.archive", "Put away", "Leaves this branch out when one goes from sibling to sibling.", "a", "archive"
    ),
    Command("branches.merge", "Join", "Makes one step of this branch and the one that it goes on from.", "m", "merge"),
    Command("branches.search", "Search", "Finds branches by what they say.", "slash", "search"),
    Command("branches.close", "Close", "Goes back to the text as it is.", "escape", "close"),
)
