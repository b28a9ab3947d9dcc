"""Hands the terminal to the app, or the pipe to the engine service."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.errors import InputError
from corpora.home import ensure_room
from corpora.paths import expanded, is_folder
from tui.commandline.output import is_terminal

if TYPE_CHECKING:
    from engine.folder import ModelFolder


FRAMES = "90"  # a second, at most: with Textual's 60, what changes soon after a frame waits up to 17 ms for the next


def open_app(
    *,
    file: Path | None = None,
    model: str | None = None,
    write: bool = False,
    watch: "ModelFolder | None" = None,
    mouse: bool = True,
) -> None:
    """Opens the app; with `file`, `model` or `write`, where one writes; with `watch`, on that run. Without
    `mouse`, the terminal keeps it, to select and copy with.

    Raises `InputError` where there is no terminal, no home folder, no such model, or no such place for the file, and
    what the app did not survive.
    """
    if not is_terminal(sys.stdin) or not is_terminal(sys.stdout):
        raise InputError("Pantoum's screens need a terminal. For use in pipes and scripts, see `pantoum --help`.")
    ensure_room("models")  # says what is wrong with the folder while there is no screen to say it on
    if file is not None:
        file = expanded(file)
        _check_document(file)
    if model is not None:
        from engine.folder import ModelLibrary

        folder = ModelLibrary().get(model)
        folder.record()
        model = folder.slug

    os.environ.setdefault("TEXTUAL_FPS", FRAMES)
    gc.disable()  # until the first screen is there: looking for garbage among what is being made takes a tenth of that
    try:
        from tui.app import PantoumApp

        app = PantoumApp(file, model, "write" if write else "library", watch=watch)
        app.run(mouse=mouse)
    finally:
        gc.enable()
    if app.failure is not None:
        raise app.failure


def _check_document(file: Path) -> None:
    if is_folder(file):
        raise InputError(f"{file} is a folder; give a text file.")
    if not is_folder(file.absolute().parent):
        raise InputError(f"{file} can't be made: there is no folder {file.absolute().parent}.")


def become_engine() -> None:
    """Turns this process into the engine service, which imports torch; the command line never does."""
    from engine.client import SERVICE
    from engine.environment import service_environment

    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(SERVICE[0], list(SERVICE), service_environment())  # noqa: S606 - our own interpreter, no shell
