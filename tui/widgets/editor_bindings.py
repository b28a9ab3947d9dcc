"""The keys that edit text, as everywhere; what is Pantoum's own has its keys in the commands of the Write screen."""

from textual.binding import Binding, BindingType

_KEYS = (
    ("up", "up"),
    ("down", "down"),
    ("left", "left"),
    ("right", "right"),
    ("ctrl+left,alt+left,alt+b", "word_left"),
    ("ctrl+right,alt+right,alt+f", "word_right"),
    ("home,ctrl+a", "row_start"),
    ("end,ctrl+e", "row_end"),
    ("pageup", "page(-1)"),
    ("pagedown", "page(1)"),
    ("ctrl+home,alt+less_than_sign", "text_start"),
    ("ctrl+end,alt+greater_than_sign", "text_end"),
    ("ctrl+up,alt+up", "paragraph_up"),
    ("ctrl+down,alt+down", "paragraph_down"),
    ("shift+up", "up(True)"),
    ("shift+down", "down(True)"),
    ("shift+left", "left(True)"),
    ("shift+right", "right(True)"),
    ("ctrl+shift+left,alt+shift+left", "word_left(True)"),
    ("ctrl+shift+right,alt+shift+right", "word_right(True)"),
    ("shift+home", "row_start(True)"),
    ("shift+end", "row_end(True)"),
    ("shift+pageup", "page(-1,True)"),
    ("shift+pagedown", "page(1,True)"),
    ("ctrl+shift+home", "text_start(True)"),
    ("ctrl+shift+end", "text_end(True)"),
    ("ctrl+shift+up,alt+shift+up", "paragraph_up(True)"),
    ("ctrl+shift+down,alt+shift+down", "paragraph_down(True)"),
    ("alt+a,super+a", "select_all"),
    ("backspace", "delete_left"),
    ("delete,ctrl+d", "delete_right"),
    ("ctrl+w,ctrl+backspace,alt+backspace", "delete_word_left"),
    ("alt+delete,ctrl+delete,alt+d", "delete_word_right"),
    ("ctrl+u,super+backspace", "delete_to_row_start"),
    ("ctrl+k", "delete_to_line_end"),
    ("ctrl+shift+k", "delete_line"),
    ("ctrl+x,super+x", "cut"),
    ("ctrl+c,super+c", "copy"),
    ("ctrl+v", "paste"),
    ("ctrl+z,super+z", "undo"),
    ("ctrl+y,super+y", "redo"),
)


def editing_bindings() -> list[BindingType]:
    """The bindings of the editor."""
    return [Binding(keys, action, show=False) for keys, action in _KEYS]
