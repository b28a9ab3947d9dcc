"""The commands of the Library screen."""

from tui.commands.command import Command

LIBRARY: tuple[Command, ...] = (
    Command("library.add", "Add text", "Adds text files or folders, by path or by looking for them.", "a", "add"),
    Command("library.train", "Train", "Trains a model on this text.", "t,enter", "train"),
    Command("library.write", "Write", "Opens this model in Write.", "w,enter", "write"),
    Command("library.watch", "Watch", "Shows how this model's training went or goes.", "v", "watch"),
    Command("library.resume", "Resume", "Goes on with a paused, stopped or failed run.", "r", "resume"),
    Command("library.stop", "Stop", "Ends this model's run; what it has learned is kept.", "s", "stop"),
    Command("library.delete", "Delete", "Moves this to the trash; u brings it back.", "d,delete", "delete"),
    Command("library.undo", "Undo", "Brings back what was deleted last.", "u", "undo"),
    Command("library.sort", "Sort", "Lists the models in another order.", "o", "sort"),
    Command("library.filter", "Filter", "Lists only models that have a word in them.", "slash", "filter"),
    Command("library.cancel", "Cancel", "Ends the import; nothing of it stays.", "escape", "cancel"),
    Command(
        "library.manual",
        "Add Python's manual",
        "A starter text: patient English prose.",
        "1",
        "starter('manual')",
        footer=False,
    ),
    Command(
        "library.stdlib",
        "Add Python's standard library",
        "A starter text: source code.",
        "2",
        "starter('stdlib')",
        footer=False,
    ),
    Command("library.clear", "Clear message", "Hides the line above the footer.", "escape", "clear", footer=False),
)
