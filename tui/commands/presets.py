"""The commands of the list of presets."""

from tui.commands.command import Command

PRESETS: tuple[Command, ...] = (
    Command("presets.use", "Use", "Sets the dials as this preset has them.", "enter", "use"),
    *(
        Command(
            f"presets.use_{number}",
            f"Use preset {number}",
            f"Sets the dials as preset {number} has them.",
            f"{number}",
            f"use_number({number})",
            footer=False,
        )
        for number in range(1, 10)
    ),
    Command(
        "presets.before",
        "As before",
        "Sets the dials as they were before the last preset was used.",
        "0",
        "use_before",
        footer=False,
    ),
    Command("presets.save", "Save", "Keeps the dials as they are now under a name.", "s", "save"),
    Command("presets.rename", "Rename", "Gives this preset another name.", "r", "rename"),
    Command("presets.delete", "Delete", "Deletes this preset; u brings it back.", "d,delete", "delete"),
    Command("presets.undo", "Undo", "Takes the last saving, renaming or deleting back.", "u", "undo"),
    Command("presets.close", "Close", "Leaves the dials as they are.", "escape", "close"),
)
