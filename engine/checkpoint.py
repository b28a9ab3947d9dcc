"""Weights and everything an exact resume needs, as safetensors: no pickle is ever written or read."""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import safetensors
import torch
from torch import Tensor

from corpora.errors import InputError
from corpora.files import write_json
from engine.folder import ModelFolder
from engine.model import LanguageModel
from engine.rollback import Vitals
from engine.settings import ModelConfig
from engine.shapes import Shape
from engine.streams import Streams
from engine.tensor_file import write_tensors
from engine.training import LossScale, Trainer, set_random_state
from engine.unfilled import unfilled

FORMAT = 2  # 1, before there were two directions, called the stack that reads ahead just "layers"
Count = Annotated[int, msgspec.Meta(ge=0)]
Some = Annotated[int, msgspec.Meta(ge=1)]
NOTE = "pantoum"  # the metadata key under which a JSON record travels inside the safetensors file


class WeightsNote(msgspec.Struct, frozen=True, kw_only=True):
    """What travels inside ``weights.safetensors``: no times, so that equal runs write equal files."""

    format: int = FORMAT
    step: int
    tokens: int
    validation_loss: float | None  # None where it was not finite


class ResumeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``resume.json``, and inside ``resume.safetensors``, which alone is read: two files can't be replaced at once."""

    format: int = FORMAT
    checkpoint: str  # the same in both files where they belong together
    step: Count
    tokens: Count
    elapsed: float
    epoch: Count
    column: Count
    batch: Some  # of all ranks
    length: Some
    ranks: Some = 1
    threads: Some  # of each rank
    device: str
    best: float | None  # the lowest validation loss, nats per token; of a budget in steps at a scheduled evaluation
    best_elapsed: float = 0.0  # when that was
    next_evaluation: float  # seconds or steps, whichever the budget counts
    stale: int = 0  # evaluations since the best
    rate_scale: float = 1.0  # of the learning rate, after returns to good weights
    average_updates: int = 0
    loss_scale: float = 0.0  # of float16 gradients
    loss_scale_held: int = 0  # steps since it changed
    vitals: Vitals = Vitals()
    kept: WeightsNote | None = None  # of the best weights, where they are in the checkpoint: a budget in steps has them


@dataclass(frozen=True)
class Best:
    """The best weights so far."""

    weights: dict[str, Tensor]  # of the whole model
    note: WeightsNote
    elapsed: float  # seconds of training behind them


def save_weights(folder: ModelFolder, config: ModelConfig, weights: dict[str, Tensor], note: WeightsNote) -> None:
    """Replaces ``weights.safetensors`` by a model's state. Raises `OSError`."""
    write_tensors(folder.weights_path, _without_tied(config, weights), {NOTE: msgspec.json.encode(note).decode()})


def load_weights(folder: ModelFolder, config: ModelConfig, device: torch.device) -> tuple[LanguageModel, WeightsNote]:
    """The model with its best validated weights, ready to be used on `device`.

    Shapes are checked against the settings before anything is allocated, so that a damaged or malicious folder can
    ask for no more memory than its file has bytes. Raises `InputError`.
    """
    path = folder.weights_path
    if not path.exists():
        raise InputError(f"{folder.slug} has no weights yet. Let it train until its first evaluation.")
    tensors, text = _read(path)
    note = _note(path, text)
    tensors = _upgraded(tensors, note.format)
    model = unfilled(config)
    _check_shapes(path, model, tensors)
    wanted = model.state_dict()
    # Copies: what was read may be the file itself in memory, which another process may replace.
    copies = {name: tensor.to(wanted[name].dtype, copy=True) for name, tensor in _with_tied(config, tensors).items()}
    model.load_state_dict(copies, assign=True)
    model = model.to(device)
    model.tie()
    if not model.is_sound():
        raise _damaged(path)
    return model.eval(), note


def save_resume(folder: ModelFolder, trainer: Trainer, record: ResumeRecord, best: Best | None = None) -> None:
    """Replaces ``resume.safetensors``, then ``resume.json``; with the best weights, where they are given.

    Raises `OSError`.
    """
    weights = _without_tied(trainer.model.config, trainer.model.state_dict())
    tensors = {f"model.{name}": tensor for name, tensor in weights.items()}
    for number, parameter in enumerate(trainer.parameters):
        for key, value in trainer.optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer.{number}.{key}"] = value
    everywhere = trainer.collect()
    for number, value in enumerate(everywhere.carried):
        tensors[f"state.{number}"] = value
    for rank, states in enumerate(everywhere.random):
        for kind, value in states.items():
            tensors[random_name(kind, rank)] = value
    if trainer.average is not None:
        for number, value in enumerate(trainer.average.tensors):
            tensors[f"average.{number}"] = value
    if best is not None:
        record = msgspec.structs.replace(record, kept=best.note)
        weights = _without_tied(trainer.model.config, best.weights)
        tensors |= {f"best.{name}": tensor for name, tensor in weights.items()}
    write_tensors(folder.resume_path, tensors, {NOTE: msgspec.json.encode(record).decode()})
    write_json(folder.resume_record_path, record)


def load_resume(folder: ModelFolder) -> tuple[ResumeRecord, dict[str, Tensor]]:
    """What `save_resume` wrote; give it to `restore`. Raises `InputError` where damaged or newer."""
    tensors, text = _read(folder.resume_path)
    try:
        record = msgspec.json.decode(text, type=ResumeRecord)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _damaged(folder.resume_path) from error
    if record.format > FORMAT:
        raise InputError(f"{folder.resume_path} was written by a newer Pantoum. Update Pantoum.")
    return record, _upgraded(tensors, record.format)


def restore(trainer: Trainer, record: ResumeRecord, tensors: dict[str, Tensor], path: Path) -> None:
    """Puts a trainer back where it was, to the bit on the CPU. Raises `InputError` where `tensors` don't fit it.

    What it returns to when its loss explodes is not the trainer's: see `restore_best`.
    """
    weights = _part(tensors, "model.")
    _check_shapes(path, trainer.model, weights)
    trainer.model.load_state_dict(_with_tied(trainer.model.config, weights))
    try:
        for number, parameter in enumerate(trainer.parameters):
            prefix = f"optimizer.{number}."
            found = {name.removeprefix(prefix): v for name, v in tensors.items() if name.startswith(prefix)}
            if found:
                trainer.optimizer.state[parameter] = _optimizer_state(found, parameter, trainer.device)
        streams = trainer.streams
        if streams.shape == Shape(record.batch, record.length):
            for number, value in enumerate(trainer.carried.tensors()):
                value.copy_(tensors[f"state.{number}"][streams.mine])
            streams.seek(record.epoch, record.column)
        else:
            before = Streams(streams.tokens, Shape(record.batch, record.length), streams.seed)
            streams.seek_share(record.epoch, record.column / before.stretch)
        if trainer.average is not None:
            trainer.average.updates = record.average_updates
            for number, value in enumerate(trainer.average.tensors):
                value.copy_(tensors[f"average.{number}"])
        trainer.rate_scale = record.rate_scale
        trainer.loss_scale = LossScale(record.loss_scale, record.loss_scale_held)
        trainer.step, trainer.tokens = record.step, record.tokens
        set_random_state(trainer.device, random_of(tensors, 0))
    except (KeyError, RuntimeError, TypeError) as error:
        raise _damaged(path) from error


def restore_best(
    folder: ModelFolder,
    model: LanguageModel,
    record: ResumeRecord,
    tensors: dict[str, Tensor],
    device: torch.device,
    *,
    exact: bool,
) -> Best | None:
    """The best weights of a run that goes on, None where it has none. Raises `InputError` and `OSError`.

    A killed run may have kept better ones after its checkpoint. One with a budget in steps, which has to be `exact`,
    will find those again at the same step: until then it has the checkpoint's, as if it had never been killed. One in
    minutes might not, and keeps them.
    """
    if exact and record.best is None:
        return None
    if record.kept is None:
        if not folder.weights_path.exists():
            return None
        loaded, note = load_weights(folder, model.config, device)
        elapsed = record.best_elapsed if note.step <= record.step else _elapsed(folder, note.step, record.elapsed)
        return Best(loaded.state_dict(), note, elapsed)
    weights = _part(tensors, "best.")
    _check_shapes(folder.resume_path, model, weights)
    weights = _with_tied(model.config, {name: value.to(device, copy=True) for name, value in weights.items()})
    if not _holds(folder.weights_path, record.kept):
        save_weights(folder, model.config, weights, record.kept)
    return Best(weights, record.kept, record.best_elapsed)


def random_name(kind: str, rank: int) -> str:
    """What the random state of a rank is called in the file."""
    return f"rng.{kind}" if rank == 0 else f"rng.{kind}.{rank}"


def random_of(tensors: dict[str, Tensor], rank: int) -> dict[str, Tensor]:
    """The random state of a rank, as far as the file has it."""
    names = {kind: random_name(kind, rank) for kind in ("cpu", "cuda", "mps")}
    return {kind: tensors[name] for kind, name in names.items() if name in tensors}


def new_checkpoint() -> str:
    """A name that ties the two resume files together."""
    return uuid.uuid4().hex


def _note(path: Path, text: str) -> WeightsNote:
    """The note that is in the metadata `text` of weights. Raises `InputError` where it is damaged or newer."""
    try:
        note = msgspec.json.decode(text, type=WeightsNote)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _damaged(path) from error
    if note.format > FORMAT:
        raise InputError(f"{path} was written by a newer Pantoum (format {note.format}). Update Pantoum.")
    return note


def _elapsed(folder: ModelFolder, step: int, before: float) -> float:
    """Seconds of training up to this step, by its line of metrics; `before` where it has none."""
    return next((line.elapsed for line in folder.metrics().read_all() if line.step == step), before)


def _holds(path: Path, note: WeightsNote) -> bool:
    """Whether the weights at `path` are there, and are those that `note` is about."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return _note(path, (file.metadata() or {}).get(NOTE, "")) == note
    except (safetensors.SafetensorError, OSError, RuntimeError, ValueError, InputError):
        return False


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose names begin so, without that."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _optimizer_state(found: dict[str, Tensor], parameter: Tensor, device: torch.device) -> dict[str, Tensor]:
    for key in ("exp_avg", "exp_avg_sq"):
        if found[key].shape != parameter.shape:
            raise RuntimeError(f"{key} has the wrong shape")
    return {key: value.to(device).clone() for key, value in found.items()}


def _upgraded(tensors: dict[str, Tensor], format: int) -> dict[str, Tensor]:
    """Tensors under the names that they have today."""
    if format >= FORMAT:
        return tensors
    states = sorted(name for name in tensors if name.startswith("state."))
    renamed = {name: f"state.{number}" for number, name in enumerate(states)}
    for name in tensors:
        for prefix in ("layers.", "model.layers."):
            if name.startswith(prefix):
                renamed[name] = name.replace("layers.", "ahead.layers.", 1)
    return {renamed.get(name, name): value for name, value in tensors.items()}


def _without_tied(config: ModelConfig, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A tied decoder's weights are the embedding's and are stored once."""
    return {name: value for name, value in tensors.items() if not (config.tied and name == "decoder.weight")}


def _with_tied(config: ModelConfig, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**tensors, "decoder.weight": tensors["embedding.weight"]} if config.tied else tensors


def _check_shapes(path: Path, model: LanguageModel, tensors: dict[str, Tensor]) -> None:
    expected = {name: value.shape for name, value in model.state_dict().items()}
    if model.config.tied:
        del expected["decoder.weight"]
    found = {name: value.shape for name, value in tensors.items()}
    if found != expected:
        wrong = next(name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name))
        raise InputError(
            f"{path} does not fit its model.json: {wrong} is {_shape(found.get(wrong))}, expected "
            f"{_shape(expected.get(wrong))}. Restore the folder from a backup, or train the model again."
        )


def _shape(shape: torch.Size | None) -> str:
    return "missing" if shape is None else "x".join(str(size) for size in shape)


def _read(path: Path) -> tuple[dict[str, Tensor], str]:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, (file.metadata() or {}).get(NOTE, "")  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged. Restore it from a backup, or remove its folder and train again.")
