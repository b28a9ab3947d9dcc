"""What a person can do to a run, from any screen. Each call may wait on the disk: make it off the event loop."""

import shutil
from collections.abc import Callable

from corpora.disk import sentence
from corpora.errors import InputError
from corpora.home import home
from engine import launch
from engine.changes import ADDED, change_idle, changed, checkpoint_step, kept
from engine.folder import ModelEntry, ModelFolder, ModelLibrary
from engine.queueing import dequeue, enqueue, ensure_runner
from engine.records import RUNNING, Changeable, CorpusReference, Request
from engine.settings import ModelConfig, TrainingConfig

WHAT_FOLLOWS: dict[Request, str] = {
    "pause": "{name} pauses after this step.",
    "resume": "{name} goes on.",
    "checkpoint": "{name} is saving a checkpoint.",
    "stop": "{name} is stopping. What it has learned so far is kept, and it can be resumed.",
    "change": "{name} takes the change after this step.",
}


def start(name: str, *, model: ModelConfig, training: TrainingConfig, corpus: CorpusReference) -> ModelFolder:
    """Makes the model folder and starts its trainer. Raises `InputError`, with no half-made model left behind."""
    return _made(name, launch.start_trainer, model=model, training=training, corpus=corpus)


def _made(
    name: str,
    begin: Callable[[ModelFolder], object],
    *,
    model: ModelConfig,
    training: TrainingConfig,
    corpus: CorpusReference,
) -> ModelFolder:
    """A new model folder whose training has begun, or waits. Raises `InputError`, with no half-made model left."""
    library = ModelLibrary()
    folder = library.create(name, model=model, training=training, corpus=corpus)
    try:
        begin(folder)
    except InputError:
        library.remove(folder)
        raise
    return folder


def resume(folder: ModelFolder) -> str:
    """Starts the trainer of a stopped, failed or prepared run again; returns what to tell. Raises `InputError`."""
    if folder.status().state == "finished":
        raise InputError(f"{called(folder)} has spent its whole budget. Extend it to go further.")
    folder.record()  # says what is damaged before a trainer fails on it
    step = checkpoint_step(folder)
    launch.start_trainer(folder)
    return (
        f"{called(folder)} goes on from step {step:,}, its last checkpoint."
        if step
        else f"{called(folder)} is starting."
    )


def start_queued(name: str, *, model: ModelConfig, training: TrainingConfig, corpus: CorpusReference) -> ModelFolder:
    """Makes the model folder and puts it at the queue's end. Raises `InputError`, with no half-made model left."""
    return _made(name, put_in_queue, model=model, training=training, corpus=corpus)


def put_in_queue(folder: ModelFolder) -> str:
    """Queues a run behind what trains and what waits; returns what to tell. Raises `InputError`."""
    enqueue(folder)
    ensure_runner()
    return f"{called(folder)} is in the queue. It starts when nothing else is training, with or without the app."


def take_from_queue(folder: ModelFolder) -> str:
    """The other way; returns what to tell. Raises `InputError` where it isn't in the queue."""
    dequeue(folder)
    return f"{called(folder)} is out of the queue."


def change(folder: ModelFolder, setting: Changeable, value: float) -> str:
    """Changes a run, whether it trains or not: see `engine.changes`. Returns what to tell. Raises `InputError`."""
    with folder.in_turn():  # with the trainer, which may just be ending
        status = folder.status()
        if status.state in RUNNING:
            told = changed(folder.record(), status.step, setting, value)  # refused here, where a person sees it
            _request(folder, "change", setting=setting, value=value)
    if status.state not in RUNNING:
        return change_idle(folder, setting, value).notices[-1]
    if setting in ADDED:
        more = f"{value:,.0f} steps" if setting == "steps" else f"{value:g} minutes"
        return f"{called(folder)} trains {more} longer."
    after, rest = told.changes[-1].after, kept(told) if setting == "dropout" else ""
    return f"The {setting.replace('_', ' ')} of {called(folder)} is {after:g} from now on.{rest}"


def ask(folder: ModelFolder, request: Request) -> str:
    """Writes a request for the trainer; returns what to tell. Raises `InputError` where nothing is training."""
    if folder.status().state not in RUNNING:
        raise InputError(f"{called(folder)} is not training.")
    _request(folder, request)
    return WHAT_FOLLOWS[request].format(name=called(folder))


def called(folder: ModelFolder) -> str:
    """The name that a person gave this model; its folder's where nobody knows."""
    try:
        return folder.record().name
    except InputError:
        return folder.slug


def _request(folder: ModelFolder, request: Request, *, setting: str = "", value: float = 0.0) -> None:
    try:
        if request == "stop":
            launch.ask_to_stop(folder)
        else:
            folder.request(request, setting=setting, value=value)
    except OSError as error:
        raise InputError(f"{called(folder)} can't be asked. {sentence(error, folder.control_path)}") from error


def runs() -> list[ModelEntry]:
    """Every model, those in training first."""
    return sorted(ModelLibrary().list(), key=lambda entry: entry.status.state not in RUNNING)


def free_disk() -> int | None:
    """Bytes that models may still take; None where the system doesn't say."""
    place = home()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return None
