"""What can be done on the Write screen, in the order in which the line of keys and the help show it."""

from tui.commands.command import Command
from tui.commands.write.branching import BRANCHES
from tui.commands.write.dialling import DIALS
from tui.commands.write.files import FILES, HIDE_MESSAGE
from tui.commands.write.letting import LETTING
from tui.commands.write.looking import LOOKING
from tui.commands.write.suggestions import SUGGESTIONS

COMMANDS: tuple[Command, ...] = (
    *SUGGESTIONS,
    *LETTING,
    HIDE_MESSAGE,  # so early that there is room for it in a small terminal's line of keys
    *BRANCHES,
    *FILES,
    *DIALS,
    *LOOKING,
)
