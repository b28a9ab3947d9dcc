"""Settings that are changed after a run has begun: its budget, its learning rate, its dropout. Free of torch.

``model.json`` has the settings as they are now, and each change with the step after which it holds. So the settings of
any earlier step can be told, and a run that goes back to a checkpoint before a change makes it again at the same step:
it stays equal to one that was never interrupted.
"""

from typing import get_args

import msgspec

from corpora.errors import InputError
from engine.folder import ModelFolder
from engine.records import Change, Changeable, Count, ModelRecord
from engine.settings import ModelConfig

SETTINGS: tuple[Changeable, ...] = get_args(Changeable)
ADDED = ("minutes", "steps")  # a budget is added to; everything else is set
MOST_ADDED = 1e9  # steps, or minutes: `TrainingConfig.check` knows what either may be in all


def changed(record: ModelRecord, step: int, setting: str, value: float) -> ModelRecord:
    """The record with this change after `step`, and a notice of it.

    `value` is what is added to a budget in ``minutes`` or ``steps``, or what ``learning_rate`` or ``dropout`` are from
    now on. Changes that were still to come back after a resume come now. Raises `InputError` for what can't be.
    """
    name = next((known for known in SETTINGS if known == setting), None)
    if name is None:
        raise InputError(f"{setting} can't be changed once a run has begun. {', '.join(SETTINGS)} can.")
    before = _value(record, name)
    if name in ADDED:
        if before is None:
            kind = "steps" if name == "minutes" else "minutes"
            raise InputError(f"This model's budget is counted in {kind}: add to it in {kind}.")
        if not value > 0.0:
            raise InputError("What is added to the budget must be above 0.")
        if value > MOST_ADDED:
            raise InputError(f"{value:g} {name} are more than a budget can have.")
        if name == "steps" and (value := round(value)) < 1:
            raise InputError("Add at least one step.")
        value += before
    assert before is not None
    if name == "dropout" and not any(own is None for own in _dropouts(record.model).values()):
        raise InputError("Each place of this model has a dropout of its own: the one for all would change nothing.")
    earlier = tuple(msgspec.structs.replace(each, step=min(each.step, step)) for each in record.changes)
    change = Change(step=step, setting=name, before=before, after=value)
    record = _with(record, name, value)
    record.model.check()
    record.training.check()
    notice = described(change) + (kept(record) if name == "dropout" else "")
    return msgspec.structs.replace(record, changes=(*earlier, change), notices=(*record.notices, notice))


def as_of(record: ModelRecord, step: int) -> ModelRecord:
    """The record with the settings that the step after `step` has."""
    for change in reversed(record.changes):
        if change.step > step:
            record = _with(record, change.setting, change.before)
    return msgspec.structs.replace(record, changes=tuple(each for each in record.changes if each.step <= step))


def later(record: ModelRecord, step: int) -> tuple[Change, ...]:
    """The changes that `as_of` took back, in their order."""
    return tuple(change for change in record.changes if change.step > step)


def replayed(record: ModelRecord, changes: tuple[Change, ...]) -> ModelRecord:
    """The record after these changes as well: undoes `as_of`."""
    for change in changes:
        record = _with(record, change.setting, change.after)
    return msgspec.structs.replace(record, changes=(*record.changes, *changes))


def change_idle(folder: ModelFolder, setting: str, value: float) -> ModelRecord:
    """Changes a run that no trainer has at the moment: from its last checkpoint on. Returns the new record.

    A finished run that is given more budget is a stopped one afterwards. Raises `InputError`.
    """
    status = folder.status()
    try:
        record = folder.update_record(lambda record: changed(record, checkpoint_step(folder), setting, value))
        if setting in ADDED and status.state == "finished":
            progress = status.progress * (record.changes[-1].before / record.changes[-1].after)
            folder.write_status(msgspec.structs.replace(status, state="stopped", progress=progress, remaining=0.0))
    except OSError as error:
        raise InputError(f"{folder.record_path} can't be written ({error.strerror or error}).") from error
    return record


def checkpoint_step(folder: ModelFolder) -> int:
    """The step of the checkpoint that a resume would go on from; 0 where there is none."""
    try:
        found = msgspec.json.decode(folder.resume_record_path.read_bytes(), type=_Place)
    except (OSError, msgspec.MsgspecError):
        return 0
    return found.step


def described(change: Change) -> str:
    """A change in words: what the person should know afterwards."""
    at = f"At step {change.step:,}" if change.step else "Before the first step"
    if change.setting == "minutes":
        return f"{at} the budget was raised from {change.before:g} to {change.after:g} minutes."
    if change.setting == "steps":
        return f"{at} the budget was raised from {change.before:,.0f} to {change.after:,.0f} steps."
    name = change.setting.replace("_", " ")
    return f"{at} the {name} was changed from {change.before:g} to {change.after:g}."


def kept(record: ModelRecord) -> str:
    """Which places a change of the dropout leaves as they are, as a sentence to be added; empty where none."""
    places = [place for place, own in _dropouts(record.model).items() if own is not None]
    return f" What is set for {' and '.join(places)} stays." if places else ""


def _dropouts(model: ModelConfig) -> dict[str, float | None]:
    """The dropout of its own that each place has, by what the place is called."""
    between = {"layers": model.layer_dropout} if model.layers > 1 else {}
    return {"input": model.input_dropout, **between, "output": model.output_dropout}


class _Place(msgspec.Struct):
    """What ``resume.json`` says of where it is."""

    step: Count


def _value(record: ModelRecord, setting: Changeable) -> float | None:
    found: float | None = getattr(record.model if setting == "dropout" else record.training, setting)
    return found


def _with(record: ModelRecord, setting: Changeable, value: float) -> ModelRecord:
    if setting == "dropout":
        return msgspec.structs.replace(record, model=msgspec.structs.replace(record.model, dropout=value))
    kept = int(value) if setting == "steps" else value
    return msgspec.structs.replace(record, training=msgspec.structs.replace(record.training, **{setting: kept}))
