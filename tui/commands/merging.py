"""The commands of the screen that makes one text of two."""

from tui.commands.command import Command

MERGING: tuple[Command, ...] = (
    Command("merging.mine", "Mine", "Your version of this place stays.", "m", "choose('mine')"),
    Command("merging.theirs", "Theirs", "The other program's version of this place stays.", "t", "choose('theirs')"),
    Command("merging.both", "Both", "Both stay, yours first.", "b", "choose('both')"),
    Command("merging.all_mine", "All mine", "Yours stays wherever both changed it.", "M", "choose_all('mine')"),
    Command("merging.all_theirs", "All theirs", "Theirs stays wherever both changed it.", "T", "choose_all('theirs')"),
    Command("merging.save", "Save", "Saves the text as it is chosen here.", "enter,f9", "save"),
    Command("merging.close", "Cancel", "Leaves both texts as they are.", "escape", "close"),
)
