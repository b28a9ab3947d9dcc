"""The commands of the dialog that asks which files to add."""

from tui.commands.command import Command

ADDING: tuple[Command, ...] = (
    Command("adding.file", "Look for a file", "Shows folders and files to choose from.", "ctrl+o", "browse"),
    Command(
        "adding.folder",
        "Look for a folder",
        "Shows folders to choose from: all texts in one become one text.",
        "ctrl+d",
        "browse_folders",
        priority=True,  # a field would delete with it
    ),
    Command("adding.close", "Cancel", "Adds nothing.", "escape", "dismiss(None)"),
)
