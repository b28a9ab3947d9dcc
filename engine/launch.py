"""Prepares model folders and starts trainers that outlive whoever started them. Free of torch."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from corpora.disk import is_full, sentence
from corpora.errors import InputError
from engine.environment import TRAINER_NICE, trainer_environment
from engine.folder import ModelFolder
from engine.machine import is_here, machine
from engine.records import RUNNING, Status


def start_trainer(folder: ModelFolder, *, stop_after: int | None = None) -> int:
    """Starts ``python -P -m engine.trainer FOLDER`` detached, its output in ``train.log``; returns its pid.

    For a new folder it trains from the start, for one with a checkpoint it resumes. With `stop_after` it stops after
    so many further steps, as if asked to. Raises `InputError` where the folder is already being trained or the
    process can't be started.
    """
    before = folder.status()
    if before.state in RUNNING:
        raise InputError(f"{folder.slug} is already being trained (process {before.pid} on {before.host}).")
    started = time.time()
    environment = {
        **trainer_environment(),
        "PANTOUM_STARTED": repr(started),
        "PANTOUM_ASKED": str(folder.asked()),  # by now: what is asked while it is starting is for it
    }
    environment.pop("PANTOUM_STOP_AFTER", None)
    if stop_after is not None:
        environment["PANTOUM_STOP_AFTER"] = str(stop_after)
    # Written first, and without a pid: from the start on, the status is the trainer's alone to write.
    starting = Status(
        state="starting",
        host=socket.gethostname(),
        machine=machine(),
        started=started,
        heartbeat=started,
        step=before.step,
        progress=before.progress,
        elapsed=before.elapsed,
        message="Starting",
    )
    try:
        folder.write_status(starting)
        with folder.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "engine.trainer", str(folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=environment,
            )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, TRAINER_NICE)
    except OSError as error:
        with contextlib.suppress(OSError):
            folder.write_status(before)
        why = sentence(error) if is_full(error) else f"The trainer can't be started ({error.strerror or error})."
        raise InputError(why) from error
    # Collected by a thread when it ends: a child that nobody waits for would look alive for ever.
    threading.Thread(target=process.wait, name=f"trainer {process.pid}", daemon=True).start()
    return process.pid


def ask_to_stop(folder: ModelFolder) -> None:
    """Asks a trainer to stop; where its folder takes no request, as on a full disk, by a signal. Raises `OSError`."""
    try:
        folder.request("stop")
    except OSError:
        if not signal_to_stop(folder):
            raise


def signal_to_stop(folder: ModelFolder) -> bool:
    """Asks by a signal, which a trainer hears whose folder was moved; False where none trains it on this machine."""
    status = folder.status()
    if status.state not in RUNNING or not is_here(status) or status.pid <= 0:
        return False
    try:
        os.kill(status.pid, signal.SIGTERM)
    except OSError:  # it has just gone, or is somebody else's
        return False
    return True
