"""What a person can do to a run, from any screen. Each call may wait on the disk: make it off the event loop."""

from corpora.errors import InputError
from engine import launch
from engine.folder import ModelEntry, ModelFolder, ModelLibrary
from engine.records import RUNNING, CorpusReference, Request
from engine.settings import ModelConfig, TrainingConfig

WHAT_FOLLOWS: dict[Request, str] = {
    "pause": "{name} pauses after this step.",
    "resume": "{name} goes on.",
    "checkpoint": "{name} is saving a checkpoint.",
    "stop": "{name} is stopping. What it has learned so far is kept, and r resumes it.",
}


def start(name: str, *, model: ModelConfig, training: TrainingConfig, corpus: CorpusReference) -> ModelFolder:
    """Makes the model folder and starts its trainer. Raises `InputError`, with no half-made model left behind."""
    library = ModelLibrary()
    folder = library.create(name, model=model, training=training, corpus=corpus)
    try:
        launch.start_trainer(folder)
    except InputError:
        library.remove(folder)
        raise
    return folder


def resume(folder: ModelFolder) -> str:
    """Starts the trainer of a stopped, failed or prepared run again; returns what to tell. Raises `InputError`."""
    status = folder.status()
    if status.state == "finished":
        raise InputError(f"{folder.slug} has spent its whole budget. Train a new model to go further.")
    folder.record()  # says what is damaged before a trainer fails on it
    launch.start_trainer(folder)
    return f"{folder.slug} goes on from step {status.step:,}." if status.step else f"{folder.slug} is starting."


def ask(folder: ModelFolder, request: Request) -> str:
    """Writes a request for the trainer; returns what to tell. Raises `InputError` where nothing is training."""
    if folder.status().state not in RUNNING:
        raise InputError(f"{folder.slug} is not training.")
    try:
        folder.request(request)
    except OSError as error:
        raise InputError(f"{folder.control_path} can't be written ({error.strerror or error}).") from error
    return WHAT_FOLLOWS[request].format(name=folder.slug)


def runs() -> list[ModelEntry]:
    """Every model, those in training first."""
    return sorted(ModelLibrary().list(), key=lambda entry: entry.status.state not in RUNNING)
