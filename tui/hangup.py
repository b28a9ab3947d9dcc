"""The terminal may go away while the app runs: its window is closed, or the connection to it breaks.

Whoever started the app is told by a signal, and the app only where that passes it on; ``make run`` does not. An app
that stayed would wait for keys that never come, and take a whole core for it, as there is always "something" to read.
"""

import asyncio
import contextlib
import os
import select
import signal
import sys
import threading
from typing import Any

from textual.app import App

LOOK = 1.0  # seconds between two looks at the terminal
PATIENCE = 20.0  # seconds after which the process ends even if saving hangs
HUNG_UP = 128 + 1  # the exit code of a program that a hang-up ended


def watch_terminal(app: App[Any], descriptor: int = 0) -> None:
    """Leaves the app when its terminal is gone or the system asks it to end: all is saved that saves itself.

    Nobody is asked anything: there may be nobody. What could not be saved is in the journal.
    """
    if sys.platform == "win32":
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGTERM):
        with contextlib.suppress(ValueError, RuntimeError):  # not the main thread
            loop.add_signal_handler(number, leave, app)
    app.set_interval(LOOK, lambda: leave(app) if is_gone(descriptor) else None)


def is_gone(descriptor: int) -> bool:
    """Whether nobody is at the other end of this terminal any more."""
    watcher = select.poll()
    watcher.register(descriptor, 0)  # hang-ups and errors are always told
    # Not "invalid": some systems say that of every terminal.
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in watcher.poll(0))


def leave(app: App[Any]) -> None:
    """Once; a second call, while the app is already saving, does nothing."""
    if any(thread.name == __name__ for thread in threading.enumerate()):
        return
    late = threading.Timer(PATIENCE, os._exit, (HUNG_UP,))
    late.name, late.daemon = __name__, True
    late.start()
    app.exit()
