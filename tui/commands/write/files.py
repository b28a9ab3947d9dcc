"""What can be done with the text and its file."""

from tui.commands.command import Command

GROUP = "The text and its file"

HIDE_MESSAGE = Command(
    "write.hide_message",
    "Hide message",
    "Takes away what is said under the text.",
    "escape",
    "hide_notice",
    group=GROUP,
)

FILES: tuple[Command, ...] = (
    Command(
        "write.save",
        "Save",
        "Writes the text to its file; pending text is kept first.",
        "f9",
        "save",
        group=GROUP,
    ),
    Command(
        "write.open",
        "Open",
        "Opens a text file.",
        "ctrl+o",
        "open",
        group=GROUP,
    ),
    Command(
        "write.save_as",
        "Save as",
        "Writes the text to another file.",
        "alt+shift+s",
        "save_as",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.new",
        "New text",
        "Begins an empty text.",
        "alt+shift+n",
        "new",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.drafts",
        "Unsaved texts",
        "Brings back text that was never saved.",
        "alt+shift+d",
        "drafts",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.autosave",
        "Save by itself",
        "A text that has a file is saved when you pause and when you leave, or only when you say so.",
        "alt+shift+a",
        "autosave",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.export",
        "Export",
        "Writes the text as Markdown, as a page that marks what a model wrote, its branches, or a replay.",
        "alt+shift+x",
        "export",
        footer=False,
        priority=True,
        group=GROUP,
    ),
    Command(
        "write.editor",
        "Other editor",
        "Hands the text to the editor of $VISUAL or $EDITOR; what it saves comes back as one step.",
        "alt+shift+e",
        "editor",
        footer=False,
        priority=True,
        group=GROUP,
    ),
)
