"""What can be done with the branches of the text."""

from tui.commands.command import Command

GROUP = "Branches"

BRANCHES: tuple[Command, ...] = (
    Command(
        "write.branches",
        "Branches",
        "Shows every take and every fork of this text; Enter goes there.",
        "alt+g,f11",
        "branches",
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.next_branch",
        "Next branch",
        "Shows what else was written here instead of the last step.",
        "alt+j",
        "sibling(1)",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.previous_branch",
        "Previous branch",
        "Shows the branch before this one.",
        "alt+k",
        "sibling(-1)",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.parent",
        "Back along the branch",
        "Undoes one step.",
        "alt+u",
        "undo_step",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.child",
        "On along the branch",
        "Does the next step of this branch.",
        "alt+shift+u",
        "child",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.split",
        "Split here",
        "Ends the step that wrote this text at the caret, so that another branch can begin there.",
        "alt+c",
        "split",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.pin",
        "Pin this branch",
        "Marks where the text is now in its tree.",
        "alt+shift+b",
        "pin",
        footer=False,
        priority=True,
        group=GROUP,
    ),
)
