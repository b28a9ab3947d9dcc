"""The commands of the editor: keys that edit text as everywhere."""

from tui.commands.command import Command

EDITING = "Editing"


def _edit(name: str, title: str, keys: str, action: str, help: str = "") -> Command:
    return Command(f"edit.{name}", title, help or f"{title}.", keys, action, footer=False, group=EDITING)


EDITOR: tuple[Command, ...] = (
    _edit("undo", "Undo", "ctrl+z,super+z", "undo", "Takes the last step back, yours or a model's."),
    _edit("redo", "Redo", "ctrl+y,super+y", "redo", "Does it again."),
    _edit("copy", "Copy", "ctrl+c,super+c", "copy", "Copies what is selected."),
    _edit("cut", "Cut", "ctrl+x,super+x", "cut", "Cuts what is selected, or the line."),
    _edit("paste", "Paste", "ctrl+v", "paste", "Pastes what was copied or cut last."),
    _edit("select_all", "Select all", "alt+a,super+a", "select_all"),
    _edit("up", "Up", "up", "up"),
    _edit("down", "Down", "down", "down"),
    _edit("left", "Left", "left", "left"),
    _edit("right", "Right", "right", "right"),
    _edit("word_left", "Word left", "ctrl+left,alt+left,alt+b", "word_left"),
    _edit("word_right", "Word right", "ctrl+right,alt+right,alt+f", "word_right"),
    _edit("row_start", "Start of the row", "home,ctrl+a", "row_start"),
    _edit("row_end", "End of the row", "end,ctrl+e", "row_end"),
    _edit("page_up", "Page up", "pageup", "page(-1)"),
    _edit("page_down", "Page down", "pagedown", "page(1)"),
    _edit("paragraph_up", "Paragraph up", "ctrl+up,alt+up", "paragraph_up"),
    _edit("paragraph_down", "Paragraph down", "ctrl+down,alt+down", "paragraph_down"),
    _edit("text_start", "Start of the text", "ctrl+home,alt+less_than_sign", "text_start"),
    _edit("text_end", "End of the text", "ctrl+end,alt+greater_than_sign", "text_end"),
    _edit("select_up", "Select up", "shift+up", "up(True)"),
    _edit("select_down", "Select down", "shift+down", "down(True)"),
    _edit("select_left", "Select left", "shift+left", "left(True)"),
    _edit("select_right", "Select right", "shift+right", "right(True)"),
    _edit("select_word_left", "Select a word left", "ctrl+shift+left,alt+shift+left", "word_left(True)"),
    _edit("select_word_right", "Select a word right", "ctrl+shift+right,alt+shift+right", "word_right(True)"),
    _edit("select_row_start", "Select to the row's start", "shift+home", "row_start(True)"),
    _edit("select_row_end", "Select to the row's end", "shift+end", "row_end(True)"),
    _edit("select_page_up", "Select a page up", "shift+pageup", "page(-1,True)"),
    _edit("select_page_down", "Select a page down", "shift+pagedown", "page(1,True)"),
    _edit("select_paragraph_up", "Select a paragraph up", "ctrl+shift+up,alt+shift+up", "paragraph_up(True)"),
    _edit("select_paragraph_down", "Select a paragraph down", "ctrl+shift+down,alt+shift+down", "paragraph_down(True)"),
    _edit("select_text_start", "Select to the text's start", "ctrl+shift+home", "text_start(True)"),
    _edit("select_text_end", "Select to the text's end", "ctrl+shift+end", "text_end(True)"),
    _edit("delete_left", "Delete left", "backspace,shift+backspace", "delete_left"),
    _edit("delete_right", "Delete right", "delete,ctrl+d,shift+delete", "delete_right"),
    _edit("delete_word_left", "Delete a word left", "ctrl+w,ctrl+backspace,alt+backspace", "delete_word_left"),
    _edit("delete_word_right", "Delete a word right", "alt+d,alt+delete,ctrl+delete", "delete_word_right"),
    _edit("delete_to_row_start", "Delete to the row's start", "ctrl+u,super+backspace", "delete_to_row_start"),
    _edit("delete_to_line_end", "Delete to the line's end", "ctrl+k", "delete_to_line_end"),
    _edit("delete_line", "Delete the line", "ctrl+shift+k,alt+shift+k", "delete_line"),
)
