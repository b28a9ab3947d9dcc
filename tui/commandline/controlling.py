"""What `pantoum watch`, `extend`, `change`, `queue`, `rename`, `notes`, `remove`, `restore` and `compare` do."""

import sys
import time

from corpora.errors import InputError
from engine.folder import ModelFolder, ModelLibrary
from engine.queueing import ensure_runner
from engine.queueing import queue as waiting
from engine.records import RUNNING
from tui.commandline import output
from tui.commandline.output import is_terminal, line, note
from tui.commandline.progress import Display, LiveDisplay, PlainDisplay
from tui.commandline.runs import one_budget
from tui.commandline.watching import INTERVAL, Signals
from tui.training import actions
from tui.training.comparing import Row, compared


def watch(name: str, *, plain: bool, mouse: bool = True) -> None:
    """Opens the Train screen on a model; without a terminal, or where `plain`, tells of it line by line.

    Raises `InputError` where there is no such model, or its training failed.
    """
    folder = ModelLibrary().get(name)
    folder.record()
    if not plain and is_terminal(sys.stdout) and is_terminal(sys.stdin):
        from tui.commandline.opening import open_app

        open_app(watch=folder, mouse=mouse)
    else:
        _tell(folder, plain=plain)


def _tell(folder: ModelFolder, *, plain: bool) -> None:
    """All that the run has logged, then what it logs until it ends, or until Ctrl-C, which the run doesn't feel."""
    record = folder.record()
    live = not plain and is_terminal(sys.stdout)
    display: Display = LiveDisplay(record) if live else PlainDisplay(record)
    metrics, samples = folder.metrics(), folder.samples()
    with Signals() as signals, display:
        while True:
            status = folder.status()
            while lines := metrics.read():
                for each in lines:
                    display.step(each)
            while drawn := samples.read():
                display.sample(drawn[-1])
            display.status(status)
            if signals.count or status.state not in {*RUNNING, "queued"}:
                break
            time.sleep(INTERVAL)
    if status.state == "failed":
        raise InputError(f"{folder.slug} failed: {status.error or 'see its train.log.'}")
    note(f"{folder.slug} is {status.state}, at step {status.step:,}.")


def extend(name: str, *, minutes: float | None, steps: int | None) -> None:
    """Raises `InputError` for a budget that is counted otherwise."""
    one_budget(minutes, steps)
    if minutes is None and steps is None:
        from typer import BadParameter

        raise BadParameter("say by how much: --minutes or --steps.")
    folder = ModelLibrary().get(name)
    if minutes is not None:
        line(actions.change(folder, "minutes", minutes))
    elif steps is not None:
        line(actions.change(folder, "steps", steps))
    if folder.status().state not in RUNNING:
        note(f"Go on with: pantoum resume {folder.slug}")


def change(name: str, *, learning_rate: float | None, dropout: float | None) -> None:
    """Raises `InputError` for values that can't work."""
    if learning_rate is None and dropout is None:
        from typer import BadParameter

        raise BadParameter("say what to change: --learning-rate or --dropout.")
    folder = ModelLibrary().get(name)
    if learning_rate is not None:
        line(actions.change(folder, "learning_rate", learning_rate))
    if dropout is not None:
        line(actions.change(folder, "dropout", dropout))


def queue(name: str | None, *, remove: str | None, json: bool) -> None:
    """Raises `InputError` for what can't be queued, or isn't in the queue."""
    library = ModelLibrary()
    if remove is not None:
        line(actions.take_from_queue(library.get(remove)))
    if name is not None:
        line(actions.put_in_queue(library.get(name)))
    if name is None and remove is None:
        ensure_runner()  # where it was killed, or the machine went down
        found = waiting()
        if json:
            output.as_json([folder.slug for folder in found])
        elif not found:
            line("Nothing waits. `pantoum queue MODEL` puts a training at the queue's end.")
        for place, folder in enumerate(found if not json else [], 1):
            line(f"{place}  {folder.slug}")


def rename(name: str, new: str) -> None:
    """Raises `InputError` for a name that is taken, and while the model trains."""
    folder = ModelLibrary().get(name)
    renamed = ModelLibrary().rename(folder, new)
    line(f"{folder.slug} is called {renamed.slug} now.")


def notes(name: str, text: str | None) -> None:
    """Raises `InputError` where they can't be written."""
    folder = ModelLibrary().get(name)
    if text is not None:
        folder.write_notes(text)
    elif found := folder.notes():
        line(found.rstrip("\n"))
    else:
        note(f'Nothing is noted about {folder.slug}. Note something: pantoum notes {folder.slug} "…"')


def remove(name: str) -> None:
    """Raises `InputError` while the model trains."""
    library = ModelLibrary()
    folder = library.get(name)
    library.remove(folder)
    line(f"{folder.slug} is in the trash.")
    note(f"Have it back with: pantoum restore {folder.slug}")


def restore(name: str) -> None:
    """Brings back what was removed last under this name. Raises `InputError` where nothing was."""
    library = ModelLibrary()
    found = library.removed(name)
    if not found:
        raise InputError(f"There is no model named {name!r} in the trash.")
    line(f"{library.restore(found[0]).slug} is back.")


def compare(one: str, other: str, *, json: bool) -> None:
    """Raises `InputError` where one is missing or damaged."""
    library = ModelLibrary()
    folders = [library.get(name) for name in (one, other)]
    rows = compared(folders[0].record(), folders[1].record())
    if json:
        output.as_json({row.label: {"one": row.one, "other": row.other, "differs": row.differs} for row in rows})
        return
    output.table(("", *(folder.slug for folder in folders)), [_cells(row) for row in rows if row.differs])
    same = [f"{row.label} {row.one}" for row in rows if not row.differs and row.one]
    line()
    line("The same in both:")
    for each in same:
        line(f"  {each}")


def _cells(row: Row) -> tuple[str, str, str]:
    return row.label, row.one or "–", row.other or "–"
