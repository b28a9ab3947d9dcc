"""Questions about paths that no path can make fail: a name that is too long, a dead mount, a folder one may not enter.

`Path.exists`, `Path.is_dir` and `Path.resolve` raise for those; whoever only wants to know whether something is there
would have to catch it each time.
"""

import os
from pathlib import Path

from corpora.errors import InputError

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)  # of a terminal, and what ends a line elsewhere
_TURNS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # of the direction: a name could look like another one
_HALVES = range(0xD800, 0xE000)  # of characters; Python has them for the bytes of a name that are no text
_OBEYED = dict.fromkeys((*_CONTROLS, *_TURNS, *_HALVES), "\N{REPLACEMENT CHARACTER}") | {
    ord("\n"): "\n",
    ord("\t"): "\t",
}


def there(path: Path) -> bool:
    """Whether something is seen to be there; a link that leads nowhere is nothing."""
    try:
        path.stat()
    except (OSError, ValueError):  # a ValueError: a name with a null character
        return False
    return True


def gone(path: Path) -> bool:
    """Whether surely nothing is there; False where that can't be told, as on a disk that doesn't answer."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def is_folder(path: Path) -> bool:
    """Whether a folder is seen to be there, or a link to one."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def resolved(path: Path) -> Path:
    """The path without links, as far as that can be told; the path itself where its links go in a circle."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return path.absolute()


def expanded(path: Path) -> Path:
    """The path with ``~`` and ``~user`` spelt out. Raises `InputError` for a user that does not exist."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise InputError(f"{path} can't be found: there is no user of that name.") from error


def shown(name: Path | str) -> str:
    """A name, a path or a sentence with one in it, as it can be shown and stored.

    Whatever bytes it is made of, it holds nothing that a terminal would obey: U+FFFD stands for what can't be shown.
    """
    text = str(name)
    return text if text.isprintable() else text.translate(_OBEYED)
