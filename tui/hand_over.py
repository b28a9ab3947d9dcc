"""Another editor for a while: the one of $VISUAL or $EDITOR, on a copy of the text."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from corpora.errors import InputError
from corpora.home import ensure_room


@dataclass(frozen=True)
class Edited:
    """What came back from another editor."""

    text: str  # what it saved; as it was where nothing can be read
    wrong: str = ""  # why that is not what the person wanted: a sentence


def editor_command(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The program and its arguments. Raises `InputError` where none is set, or it is not there."""
    name = next((name for name in ("VISUAL", "EDITOR") if environment.get(name, "").strip()), None)
    if name is None:
        raise InputError("No editor is set. Set VISUAL or EDITOR, for example EDITOR=nano, and start Pantoum again.")
    try:
        command = shlex.split(environment[name])
    except ValueError as error:
        raise InputError(f"{name} is {environment[name]!r}, which is no command ({error}).") from error
    if not command or shutil.which(command[0], path=environment.get("PATH")) is None:
        raise InputError(f"{name} is {environment[name]!r}, but there is no such program.")
    return command


def edit_copy(command: list[str], text: str, name: str, root: Path | None = None) -> Edited:
    """Runs the editor on a copy until it ends, and returns what it made of the text.

    A line end that it put behind the last line is taken off again. Nothing that it wrote is lost: where it failed, what
    can't be read here goes to the trash. Raises `InputError` where it could not be run at all.
    """
    try:
        room = Path(tempfile.mkdtemp(prefix="pantoum-"))
    except OSError as error:
        raise InputError(
            f"There is no place for a copy of the text ({error.strerror or error}); it is as it was."
        ) from error
    path = room / (Path(name).name or "text.txt")
    try:
        path.write_bytes(text.encode())
        with _editors_signals():
            ended = subprocess.run([*command, str(path)], check=False).returncode
    except OSError as error:
        shutil.rmtree(room, ignore_errors=True)
        raise InputError(
            f"{command[0]} could not be used ({error.strerror or error}); the text is as it was."
        ) from error
    edited, wrong = text, f"{command[0]} ended with an error ({ended})" if ended else ""
    try:
        edited = _without_new_end(_read(path), text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        wrong = wrong or f"What {command[0]} wrote can't be read ({reason})"
        unread = _files(room) > 0
    else:
        unread = ended != 0 and _files(room) > 1  # an editor that is killed may leave a file of its own
    wrong = f"{wrong}, so the text is as it was." if wrong else ""
    if unread:
        wrong += f" What it left is kept for 30 days in {_keep(room, root)}."
    else:
        shutil.rmtree(room, ignore_errors=True)
    return Edited(edited, wrong)


def _files(room: Path) -> int:
    """How many lie there; none where it has been cleared away meanwhile."""
    try:
        return len([*room.iterdir()])
    except OSError:
        return 0


@contextlib.contextmanager
def _editors_signals() -> Iterator[None]:
    """What is pressed in the terminal, as ctrl+c for an editor that waits for a window, is the editor's only.

    A handler that does nothing: a signal that is ignored would stay so for the editor.
    """
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _read(path: Path) -> str:
    """Raises `OSError`, or `ValueError` for what is no text."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    if "\0" in text:
        raise ValueError("it holds zero bytes")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _without_new_end(edited: str, text: str) -> str:
    return edited[:-1] if edited.endswith("\n") and not text.endswith("\n") else edited


def _keep(room: Path, root: Path | None) -> Path:
    """Moves the folder with the copy into the trash; where that fails it stays where it is."""
    try:
        place = ensure_room("trash", root) / f"{time.time_ns()}-{room.name}"
        shutil.move(room, place)
    except (InputError, OSError):
        return room
    return place
