"""Starts a trainer and follows what it writes into its model folder, until it ends or the person leaves."""

import math
import signal
import sys
import time
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import Any

import msgspec
import typer

from corpora.errors import InputError
from engine.folder import ModelFolder
from engine.launch import ask_to_stop, start_trainer
from engine.liveness import exists
from engine.records import RUNNING, ModelRecord, Status
from tui.commandline.failures import ReaderGone
from tui.commandline.output import is_terminal, note
from tui.commandline.progress import Display, LiveDisplay, PlainDisplay
from tui.readable import count, duration

INTERVAL = 0.2  # seconds between two looks at the folder
INTERRUPTED = 130
WATCHED = RUNNING | {"prepared"}  # "prepared" is also what a status that is missing or damaged reads as


def check_idle(folder: ModelFolder, status: Status) -> None:
    """Raises `InputError` where the model is being trained already."""
    if status.state in RUNNING:
        raise InputError(
            f"{folder.slug} is being trained already. `pantoum show {folder.slug}` shows how it stands, "
            f"`pantoum stop {folder.slug}` stops it."
        )


def start(folder: ModelFolder, *, stop_after: int | None = None, detach: bool = False) -> None:
    """Starts the trainer; unless detached, shows its progress and ends as it ends.

    Raises `InputError` with the trainer's own sentence where it fails, and `typer.Exit` (130) where it was stopped
    from the keyboard or by a signal.
    """
    if detach:
        pid = start_trainer(folder, stop_after=stop_after)
        note(f"{folder.slug} is training in the background (process {pid}).")
        note(f"See how it stands: pantoum show {folder.slug}")
        note(f"Stop it:           pantoum stop {folder.slug}")
        return
    record = folder.record()
    display: Display = LiveDisplay(record) if is_terminal(sys.stdout) else PlainDisplay(record)
    since = time.time()
    with Signals() as signals, display:
        pid = start_trainer(folder, stop_after=stop_after)
        try:
            status = follow(folder, display, signals, pid=pid, since=since)
        except ReaderGone:
            note(f"Nobody reads on; {folder.slug} goes on training. Stop it with: pantoum stop {folder.slug}")
            raise
    conclude(folder, status, signals, stop_after=stop_after)


class Signals(AbstractContextManager["Signals"]):
    """Counts Ctrl-C (and SIGTERM, which asks for the same) instead of being torn down by it."""

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1


def follow(folder: ModelFolder, display: Display, signals: Signals, *, pid: int, since: float) -> Status:
    """Shows every line that the trainer writes after `since`, until it ends or a second signal comes.

    The first signal asks the trainer to stop, and goes on watching while it writes its checkpoint.
    """
    metrics, samples = folder.metrics(), folder.samples()
    noticed: set[str] = set(folder.record().notices)
    asked, trouble = False, ""
    while True:
        gone = not exists(pid)
        status = folder.status()  # after the look at the process, before the lines: so nothing of its end is missed
        if gone and status.state in RUNNING:
            status = msgspec.structs.replace(status, state="failed", error=status.error or _died(folder))
        while lines := metrics.read():
            for line in lines:
                if line.time >= since:
                    display.step(line)
        while drawn := samples.read():
            display.sample(drawn[-1])
        display.status(status)
        if status.error != trouble and status.state in RUNNING:
            trouble = status.error
            if trouble:
                display.note(trouble)
        for notice in _new_notices(folder, noticed):
            display.note(notice)
        if status.state not in WATCHED or (gone and status.state == "prepared") or signals.count > 1:
            return status
        if signals.count == 1 and not asked:
            asked = True
            ask_to_stop(folder)
            display.note(f"Stopping {folder.slug}: it writes a checkpoint first. Ctrl-C again leaves without waiting.")
        time.sleep(INTERVAL)


def _died(folder: ModelFolder) -> str:
    return (
        f"The trainer was killed or could not go on; its log is {folder.log_path}. "
        f"`pantoum resume {folder.slug}` goes on from its last checkpoint."
    )


def _new_notices(folder: ModelFolder, noticed: set[str]) -> list[str]:
    try:
        notices = folder.record().notices
    except InputError:  # damaged meanwhile: the trainer's own affair
        return []
    new = [notice for notice in notices if notice not in noticed]
    noticed.update(new)
    return new


def conclude(folder: ModelFolder, status: Status, signals: Signals, *, stop_after: int | None) -> None:
    """Says how it ended and what can be done now; raises as `start` does."""
    slug = folder.slug
    if status.state == "failed" or (status.state == "prepared" and signals.count < 2):
        raise InputError(status.error or _died(folder))
    if status.state == "finished":
        note(_praise(folder.record(), status))
        note(f'Write with it:  pantoum write -m {slug}    or:  pantoum sample {slug} --prompt "…"')
        return
    if status.state == "stopped":
        note(f"{slug} stopped at step {count(status.step)}. Go on with: pantoum resume {slug}")
    else:
        note(f"{slug} is still writing its checkpoint. `pantoum show {slug}` says when it has stopped.")
    if signals.count:
        raise typer.Exit(INTERRUPTED)


def _praise(record: ModelRecord, status: Status) -> str:
    spent = f"{count(status.step)} steps in {duration(status.elapsed)}"
    if record.results is None:
        return f"{record.name} is trained: {spent}."
    figure = f"{record.results.bits_per_character:.2f} bits per character"
    if record.model.unit == "word" and math.isfinite(record.results.perplexity):
        figure += f" (perplexity {record.results.perplexity:,.1f})"
    return f"{record.name} is trained: {figure} on text kept aside, after {spent}."
