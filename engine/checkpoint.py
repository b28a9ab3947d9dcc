"""Everything an exact resume needs, in a safetensors file like that of the weights."""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import torch
from torch import Tensor

from corpora.errors import InputError
from corpora.files import write_json
from engine.folder import ModelFolder
from engine.model import LanguageModel
from engine.records import Count, Figure
from engine.rollback import Vitals
from engine.shapes import Shape
from engine.streams import Streams
from engine.tensor_file import write_tensors
from engine.training import LossScale, Trainer, set_random_state
from engine.weights import (
    FORMAT,
    NOTE,
    WeightsNote,
    check_shapes,
    damaged,
    holds,
    load_weights,
    read_tensors,
    save_weights,
    upgraded,
    with_tied,
    without_tied,
)

Some = Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class ResumeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``resume.json``, and inside ``resume.safetensors``, which alone is read: two files can't be replaced at once."""

    format: int = FORMAT
    checkpoint: str  # the same in both files where they belong together
    step: Count
    tokens: Count
    elapsed: Figure
    epoch: Count
    column: Count
    batch: Some  # of all ranks
    length: Some
    ranks: Some = 1
    threads: Some  # of each rank
    device: str
    best: Figure | None  # the lowest validation loss, nats per token; of a budget in steps at a scheduled evaluation
    best_elapsed: Figure = 0.0  # when that was
    next_evaluation: Figure  # seconds or steps, whichever the budget counts
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


def save_resume(folder: ModelFolder, trainer: Trainer, record: ResumeRecord, best: Best | None = None) -> None:
    """Replaces ``resume.safetensors``, then ``resume.json``; with the best weights, where they are given.

    Raises `OSError`.
    """
    weights = without_tied(trainer.model.config, trainer.model.state_dict())
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
        weights = without_tied(trainer.model.config, best.weights)
        tensors |= {f"best.{name}": tensor for name, tensor in weights.items()}
    write_tensors(folder.resume_path, tensors, {NOTE: msgspec.json.encode(record).decode()})
    write_json(folder.resume_record_path, record)


def load_resume(folder: ModelFolder) -> tuple[ResumeRecord, dict[str, Tensor]]:
    """What `save_resume` wrote; give it to `restore`. Raises `InputError` where damaged or newer."""
    tensors, text = read_tensors(folder.resume_path)
    try:
        record = msgspec.json.decode(text, type=ResumeRecord)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise damaged(folder.resume_path) from error
    if record.format > FORMAT:
        raise InputError(f"{folder.resume_path} was written by a newer Pantoum. Update Pantoum.")
    return record, upgraded(tensors, record.format)


def restore(trainer: Trainer, record: ResumeRecord, tensors: dict[str, Tensor], path: Path) -> None:
    """Puts a trainer back where it was, to the bit on the CPU. Raises `InputError` where `tensors` don't fit it.

    What it returns to when its loss explodes is not the trainer's: see `restore_best`.
    """
    weights = _part(tensors, "model.")
    check_shapes(path, trainer.model, weights)
    trainer.model.load_state_dict(with_tied(trainer.model.config, weights))
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
        raise damaged(path) from error


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
    check_shapes(folder.resume_path, model, weights)
    weights = with_tied(model.config, {name: value.to(device, copy=True) for name, value in weights.items()})
    if not holds(folder.weights_path, record.kept):
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


def _elapsed(folder: ModelFolder, step: int, before: float) -> float:
    """Seconds of training up to this step, by its line of metrics; `before` where it has none."""
    return next((line.elapsed for line in folder.metrics().read_all() if line.step == step), before)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose names begin so, without that."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _optimizer_state(found: dict[str, Tensor], parameter: Tensor, device: torch.device) -> dict[str, Tensor]:
    for key in ("exp_avg", "exp_avg_sq"):
        if found[key].shape != parameter.shape:
            raise RuntimeError(f"{key} has the wrong shape")
    return {key: value.to(device).clone() for key, value in found.items()}
