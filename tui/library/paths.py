"""Paths as people type, paste or drop them into a terminal."""

import shlex
from pathlib import Path

from corpora.errors import InputError
from tui.readable import size


def typed_paths(text: str) -> list[Path]:
    """The files and folders that a line names: one path with spaces in it, or several, quoted as a shell would.

    Terminals paste a dropped file quoted; ``~`` is the home folder. Raises `InputError` for a quote left open or a
    user that does not exist.
    """
    text = text.strip()
    if not text:
        return []
    whole = _expanded(text)
    if _exists(whole):
        return [whole]
    try:
        return [_expanded(part) for part in shlex.split(text)]
    except ValueError as error:
        raise InputError(
            f"There is no file {text}. Where a name has quotes in it, put the other kind around it."
        ) from error


def describe(text: str) -> tuple[str, bool]:
    """What a typed line names, in words, and whether all of it is there."""
    try:
        paths = typed_paths(text)
    except InputError as error:
        return str(error), False
    try:
        return ", ".join(map(_describe, paths)), bool(paths)
    except (OSError, ValueError) as error:
        missing = next((path for path in paths if not _exists(path)), None)
        if missing is None:
            return f"That can't be read ({getattr(error, 'strerror', error)}).", False
        return f"There is no file or folder {str(missing)[:200]}", False


def completion(text: str) -> str | None:
    """`text` with its last path completed to the first entry that begins so; None where there is none."""
    if not text or text.endswith((" ", "'", '"')):
        return None
    start = 0 if _expanded(text).parent.is_dir() else text.rfind(" ") + 1
    typed = text[start:]
    folder, _, beginning = typed.rpartition("/")
    if not beginning and not folder:
        return None
    name = _first(_expanded(f"{folder}/" if folder or typed.startswith("/") else "."), beginning)
    return text + name[len(beginning) :] if name else None


def suggestion(text: str, folder: Path) -> str | None:
    """One path that is typed while `folder` is looked at, completed likewise; None where there is none."""
    above, slash, beginning = text.rpartition("/")
    if not text:
        return None
    try:
        name = _first(folder / _expanded(above + slash), beginning)
    except InputError:
        return None
    return above + slash + name if name else None


def _first(folder: Path, beginning: str) -> str | None:
    """The first entry of a folder that begins so, a folder with its slash; None where there is none."""
    try:
        names = sorted(
            entry.name + ("/" if entry.is_dir() else "")
            for entry in folder.iterdir()
            if entry.name.startswith(beginning) and (beginning.startswith(".") or not entry.name.startswith("."))
        )
    except (OSError, ValueError):
        return None
    return names[0] if names else None


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise InputError(f"There is no user for {text}.") from error


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or holds a null character
        return False


def _describe(path: Path) -> str:
    if path.is_dir():
        return f"folder {path.name or path}"
    return f"{path.name} ({size(path.stat().st_size)})"
