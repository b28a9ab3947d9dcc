"""Runs that wait for each other: ``python -m engine.queueing HOME`` starts one after another. Free of torch.

What waits is in the model folders themselves, as the state ``queued`` with the time at which it was put there; so
nothing is lost with any process. The runner is a process of its own that outlives whoever started it, holds a lock for
as long as it lives, starts the next run when nothing is training on this machine any more, and leaves when nothing is
queued. Where it was killed, or the machine went down, whoever looks next starts another one: `ensure_runner`.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from corpora.disk import is_full
from corpora.errors import InputError
from corpora.home import ensure_room, home
from engine.folder import ModelFolder, ModelLibrary
from engine.launch import start_trainer
from engine.locks import held
from engine.machine import is_here, machine
from engine.records import RUNNING, Status

POLL = 1.0  # seconds between looks at what trains
LOCK = ".queue.lock"


def enqueue(folder: ModelFolder) -> None:
    """Puts a prepared, stopped or failed run at the queue's end. Raises `InputError`."""
    status = folder.status()
    if status.state in RUNNING:
        raise InputError(f"{folder.slug} is already being trained.")
    if status.state == "queued":
        raise InputError(f"{folder.slug} is already in the queue.")
    if status.state == "finished":
        raise InputError(f"{folder.slug} has spent its budget: extend it first, with `pantoum extend {folder.slug}`.")
    _write(
        folder,
        msgspec.structs.replace(
            status, state="queued", host=socket.gethostname(), machine=machine(), pid=0, started=time.time(),
            heartbeat=0.0, error="", message="", remaining=0.0,
        ),
    )  # fmt: skip


def dequeue(folder: ModelFolder) -> None:
    """Takes a run out of the queue; it can be resumed or queued again. Raises `InputError` where it isn't there."""
    status = folder.status()
    if status.state != "queued":
        raise InputError(f"{folder.slug} is not in the queue.")
    _write(folder, msgspec.structs.replace(status, state="stopped" if status.step else "prepared"))


def queue(root: Path | None = None) -> list[ModelFolder]:
    """What waits on this machine, the next first."""
    waiting = [
        (status.started, folder.slug, folder)
        for folder, status in _statuses(root)
        if status.state == "queued" and is_here(status)
    ]
    return [folder for _, _, folder in sorted(waiting, key=lambda each: each[:2])]


def ensure_runner(root: Path | None = None) -> bool:
    """Starts a runner where something is queued and none lives; whether it did. Raises `InputError` where it can't."""
    root = root or home()
    if not queue(root):
        return False
    with _lock(root) as free:
        if not free:
            return False
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.queueing", str(root)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise InputError(f"The queue's runner can't be started ({error.strerror or error}).") from error
    threading.Thread(target=process.wait, name=f"queue {process.pid}", daemon=True).start()
    return True


def run_queue(root: Path, *, rest: Callable[[], None] = lambda: time.sleep(POLL)) -> bool:
    """Starts run after run until nothing is queued; False where another runner is at it. `rest` waits a little."""
    while True:
        with _lock(root) as mine:
            if not mine:
                return False
            while waiting := queue(root):
                if _training(root) or not _start(waiting[0]):
                    rest()
        if not queue(root):  # what was queued while the lock was still held found a runner, and started none
            return True


def _start(folder: ModelFolder) -> bool:
    """Starts a run. One that can't be started has failed: it must not stand in the way of the others.

    False where nothing could be done about it now: on a full disk it waits.
    """
    try:
        folder.record()
        start_trainer(folder)
    except InputError as error:
        status = folder.status()
        if is_full(error.__cause__):
            return False
        if status.state == "queued":
            try:
                folder.write_status(msgspec.structs.replace(status, state="failed", error=str(error)))
            except OSError:
                return False
    return True


def _training(root: Path) -> bool:
    """Whether something trains on this machine, or is paused: that goes on some time, and needs its memory."""
    return any(status.state in RUNNING and (not status.host or is_here(status)) for _, status in _statuses(root))


def _statuses(root: Path | None) -> Iterator[tuple[ModelFolder, Status]]:
    return ((folder, folder.status()) for folder in ModelLibrary(root).folders())


def _write(folder: ModelFolder, status: Status) -> None:
    try:
        folder.write_status(status)
    except OSError as error:
        raise InputError(f"{folder.status_path} can't be written ({error.strerror or error}).") from error


@contextlib.contextmanager
def _lock(root: Path) -> Iterator[bool]:
    """Holds the runner's lock; gives False where another process does. It goes with the process."""
    path = ensure_room("models", root) / LOCK
    with contextlib.ExitStack() as stack:
        try:
            mine = stack.enter_context(held(path))
        except OSError as error:
            raise InputError(f"{path} can't be written ({error.strerror or error}).") from error
        yield mine


def main(arguments: list[str]) -> int:
    """The process's entry: one argument, the home folder."""
    if len(arguments) != 1:
        print("usage: python -m engine.queueing HOME", file=sys.stderr)  # noqa: T201
        return 2
    os.environ["PANTOUM_HOME"] = arguments[0]
    try:
        run_queue(Path(arguments[0]))
    except InputError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
