"""Another editor for a while: the one of $VISUAL or $EDITOR, on a copy of the text."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from corpora.errors import InputError


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


def edit_copy(command: list[str], text: str, name: str) -> str:
    """Runs the editor on a copy until it ends, and returns what it made of the text.

    A line end that it put behind the last line is taken off again. Raises `InputError` where it fails.
    """
    with tempfile.TemporaryDirectory(prefix="pantoum-") as room:
        path = Path(room) / (Path(name).name or "text.txt")
        try:
            path.write_bytes(text.encode())
            ended = subprocess.run([*command, str(path)], check=False)
            data = path.read_bytes()
        except OSError as error:
            raise InputError(
                f"{command[0]} could not be used ({error.strerror or error}); the text is as it was."
            ) from (error)
    if ended.returncode != 0:
        raise InputError(f"{command[0]} ended with an error ({ended.returncode}), so the text is as it was.")
    try:
        edited = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"What {command[0]} wrote is not UTF-8, so the text is as it was.") from error
    if edited.endswith("\n") and not text.endswith("\n"):
        edited = edited[:-1]
    return edited
