"""A model folder: the only thing that a trainer and its watchers share. Free of torch.

Everything is plain and readable without Pantoum. Files are replaced whole or appended by whole lines, so a reader
never sees half of anything and a watcher only has to tail.
"""

import builtins
import contextlib
import shutil
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from corpora.errors import InputError
from corpora.files import append_line, read_json, write_bytes, write_json
from corpora.home import ensure_room, folders_in, fresh_folder, home, move_to_trash, restore_from_trash, slugify
from engine.line_reader import LineReader
from engine.liveness import alive
from engine.locks import in_turn
from engine.records import (
    RUNNING,
    ControlLine,
    CorpusReference,
    MetricsLine,
    ModelRecord,
    Request,
    SampleLine,
    Status,
)
from engine.settings import ModelConfig, TrainingConfig

FORMAT = 1


class ModelFolder:
    """Paths and typed reads and writes of one model folder. Creating this object touches no file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record_path = path / "model.json"
        self.tokenizer_path = path / "tokenizer.json"
        self.weights_path = path / "weights.safetensors"
        self.resume_path = path / "resume.safetensors"
        self.resume_record_path = path / "resume.json"
        self.metrics_path = path / "metrics.jsonl"
        self.samples_path = path / "samples.jsonl"
        self.status_path = path / "status.json"
        self.control_path = path / "control.jsonl"
        self.log_path = path / "train.log"
        self.notes_path = path / "notes.txt"

    @property
    def slug(self) -> str:
        return self.path.name

    def record(self) -> ModelRecord:
        """``model.json``. Raises `InputError` where missing, damaged, newer, or with settings that can't work.

        And where any file of the folder is none of its own, see `refuse_links`.
        """
        self.refuse_links()
        record = read_json(self.record_path, ModelRecord, newest=FORMAT)
        try:
            record.model.check()
            record.training.check()
        except InputError as error:
            raise InputError(f"{self.record_path} can't be used: {error}") from error
        return record

    def refuse_links(self) -> None:
        """Raises `InputError` where something of the folder is a link or a device, or can't be looked at.

        A folder that came from elsewhere could have lines appended to any file of this person's, or reading never end.
        """
        for path in (value for value in vars(self).values() if value != self.path):
            try:
                if not stat.S_ISREG(path.lstat().st_mode):
                    raise InputError(f"{path} is a link, or no file at all. Put the file itself there, or remove it.")
            except (FileNotFoundError, NotADirectoryError):
                pass
            except OSError as error:
                raise InputError(f"{self.path} can't be looked into ({error.strerror or error}).") from error

    def write_record(self, record: ModelRecord) -> None:
        """Replaces ``model.json``, whatever it has by now. Raises `OSError`."""
        write_json(self.record_path, record)

    def update_record(self, change: Callable[[ModelRecord], ModelRecord]) -> ModelRecord:
        """Makes a change of ``model.json`` that nobody else's gets lost by, and returns what it is then.

        Raises `OSError`, and `InputError` as `record` and `change` do.
        """
        with self.in_turn():
            record = change(self.record())
            self.write_record(record)
        return record

    def in_turn(self) -> contextlib.AbstractContextManager[None]:
        """For what has to be read and written without anybody between; not around `update_record`, which does so."""
        return in_turn(self.control_path)

    def status(self) -> Status:
        """``status.json``, with a trainer that is gone shown as ``failed`` and an explanation.

        A missing or damaged file reads as ``prepared``: it is only a report, and never stops anything.
        """
        try:
            status = read_json(self.status_path, Status, newest=FORMAT)
        except InputError:
            return Status(state="prepared")
        if status.state in RUNNING and not alive(status, self.status_path, self.log_path):
            return msgspec.structs.replace(
                status,
                state="failed",
                error="The trainer was killed or its machine went away. Resume to go on from its last checkpoint."
                + (f" Its last words were: {status.error}" if status.error else ""),
            )
        return status

    def write_status(self, status: Status) -> None:
        """Replaces ``status.json``. Raises `OSError`."""
        write_json(self.status_path, status)

    def request(self, request: Request, *, setting: str = "", value: float = 0.0) -> None:
        """Asks the trainer for something; it answers within a step. Raises `OSError`, and as `refuse_links` does.

        A ``change`` names what it changes, see `engine.changes`.
        """
        self.refuse_links()
        append_line(self.control_path, ControlLine(request=request, time=time.time(), setting=setting, value=value))

    def asked(self) -> int:
        """Bytes of requests so far: a trainer that starts now heeds those after them."""
        try:
            return self.control_path.stat().st_size
        except OSError:
            return 0

    def notes(self) -> str:
        """What the person noted about this model; empty where nothing. Raises `InputError` where it can't be read."""
        try:
            return self.notes_path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise InputError(f"{self.notes_path} can't be read ({error.strerror or error}).") from error

    def write_notes(self, text: str) -> None:
        """Replaces the notes. Raises `InputError` where they can't be written."""
        try:
            write_bytes(self.notes_path, (text.rstrip() + "\n").encode() if text.strip() else b"")
        except OSError as error:
            raise InputError(f"{self.notes_path} can't be written ({error.strerror or error}).") from error

    def metrics(self) -> LineReader[MetricsLine]:
        """A reader of ``metrics.jsonl`` from its beginning that can be called again for what came since."""
        return LineReader(self.metrics_path, MetricsLine)

    def samples(self) -> LineReader[SampleLine]:
        """A reader of ``samples.jsonl``, likewise."""
        return LineReader(self.samples_path, SampleLine)

    def size(self) -> int:
        """Bytes on disk."""
        return sum(entry.stat().st_size for entry in self.path.iterdir() if entry.is_file())


@dataclass(frozen=True)
class ModelEntry:
    """One row of the list of models: whole, or damaged with a sentence that says how."""

    folder: ModelFolder
    record: ModelRecord | None
    status: Status
    problem: str = ""


class ModelLibrary:
    """The models of one home folder."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or home()

    def list(self) -> list[ModelEntry]:
        """Every model, newest first; a damaged one is listed with its problem, never hidden."""
        entries = [self._entry(folder) for folder in self.folders()]
        return sorted(entries, key=lambda entry: entry.record.created if entry.record else "", reverse=True)

    def folders(self) -> builtins.list[ModelFolder]:
        """All that lies where models are, by name: also what can't be looked at, as on a disk that has gone."""
        room = self.root / "models"
        return [ModelFolder(room / name) for name in folders_in(room)]

    def get(self, name: str) -> ModelFolder:
        """The folder of the model with this slug or name, or at this path. Raises `InputError` where there is none."""
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # what is no path may still be a name
            path = Path(name).expanduser()
            if path.is_dir() and (path / "model.json").exists():
                return ModelFolder(path.absolute())
        slug = slugify(name)
        path = self.root / "models" / slug
        if slug and _may_be_model(path):
            return ModelFolder(path)
        known = ", ".join(entry.folder.slug for entry in self.list()[:8])
        hint = (
            f"Models here: {known}."
            if known
            else "There are no models yet: train one with `pantoum train FILE --name NAME`."
        )
        raise InputError(f"There is no model named {name!r}. {hint}")

    def create(
        self,
        name: str,
        *,
        model: ModelConfig,
        training: TrainingConfig,
        corpus: CorpusReference,
        notices: tuple[str, ...] = (),
    ) -> ModelFolder:
        """Makes a new folder with its ``model.json``; its slug is the name's, with a number where that is taken.

        Raises `InputError` for settings that can't work or a folder that can't be written.
        """
        model.check()
        training.check()
        room = ensure_room("models", self.root)
        path = fresh_folder(room, slugify(name) or "model")
        folder = ModelFolder(path)
        try:
            folder.write_record(
                ModelRecord(name=name, created=now(), model=model, training=training, corpus=corpus, notices=notices)
            )
            folder.write_status(Status(state="prepared"))
        except OSError as error:
            shutil.rmtree(path, ignore_errors=True)
            raise InputError(
                f"Pantoum can't write to {path} ({error.strerror or error}). Free some space or make it writable."
            ) from error
        return folder

    def remove(self, folder: ModelFolder) -> Path:
        """Moves a model to the trash and returns its place there, for `restore`. `InputError` while it trains."""
        if folder.status().state in RUNNING:
            raise InputError(f"{folder.slug} is training. Stop it first, then remove it.")
        return move_to_trash(folder.path, ensure_room("trash", self.root))

    def rename(self, folder: ModelFolder, name: str) -> ModelFolder:
        """Gives a model another name, and its folder the name's slug; returns the folder as it is called now.

        Raises `InputError` while it trains or waits, for a name that is taken, and for one without a letter.
        """
        if folder.status().state in {*RUNNING, "queued"}:
            raise InputError(f"{folder.slug} is training or waits to. Stop it first, then rename it.")
        slug = slugify(name)
        if not slug:
            raise InputError("A name needs at least one letter or digit.")
        path = folder.path.with_name(slug)
        if path != folder.path and path.exists():
            raise InputError(f"There is already a model named {slug}. Choose another name.")
        try:
            folder.update_record(lambda record: msgspec.structs.replace(record, name=name.strip()))
            folder.path.rename(path)
        except OSError as error:
            raise InputError(f"{folder.path} can't be renamed ({error.strerror or error}).") from error
        return ModelFolder(path)

    def removed(self, name: str) -> builtins.list[Path]:
        """Models of this name that lie in the trash, the one that was removed last first."""
        slug = slugify(name)
        try:
            found = [path for path in (self.root / "trash").iterdir() if path.name.partition("-")[2] == slug]
        except OSError:
            return []
        return sorted((path for path in found if (path / "model.json").exists()), reverse=True)

    def restore(self, trashed: Path) -> ModelFolder:
        """Brings a removed model back, under its old slug where that is still free."""
        return ModelFolder(restore_from_trash(trashed, ensure_room("models", self.root)))

    def _entry(self, folder: ModelFolder) -> ModelEntry:
        try:
            return ModelEntry(folder, folder.record(), folder.status())
        except InputError as error:
            return ModelEntry(folder, None, folder.status(), str(error))


def _may_be_model(path: Path) -> bool:
    """Whether it is a folder, or leads to one that can't be reached now."""
    try:
        return path.is_dir() or (path.is_symlink() and not path.exists())
    except OSError:
        return True


def now() -> str:
    """The present as ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
