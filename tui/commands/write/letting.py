"""What can be done while the model writes by itself."""

from tui.commands.command import Command

GROUP = "Letting it write"

LETTING: tuple[Command, ...] = (
    Command(
        "write.keep",
        "Keep",
        "Makes the model's text yours. Typing or moving on with Continue keeps it too.",
        "tab",
        "keep",
        group=GROUP,
    ),
    Command(
        "write.stop",
        "Stop",
        "Stops the model; what it wrote stays, not yet kept.",
        "escape",
        "stop",
        group=GROUP,
    ),
    Command(
        "write.stop_rule",
        "Stop rule",
        "What stops the model, also while it writes: its length, or the end of a sentence, a line or a paragraph.",
        "alt+h",
        "stop_rule",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.drop",
        "Drop",
        "Takes the model's text out again; Next take brings it back.",
        "escape",
        "drop",
        group=GROUP,
    ),
    Command(
        "write.retry",
        "Retry",
        "Another take at the same place; the old one is not lost.",
        "ctrl+r",
        "retry",
        group=GROUP,
    ),
    Command(
        "write.continue",
        "Continue",
        "The model goes on writing at the caret, until its length or its stop rule is reached, or you stop it.",
        "ctrl+g",
        "continue_text",
        group=GROUP,
    ),
    Command(
        "write.next_take",
        "Next take",
        "Shows the next take of this place.",
        "alt+n,ctrl+n",
        "turn_take(1)",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.previous_take",
        "Previous take",
        "Shows the take before this one.",
        "alt+p",
        "turn_take(-1)",
        footer=False,
        priority=True,
        group=GROUP,
    ),
)
