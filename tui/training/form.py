"""The choices for a new run, from what a person typed to a plan, or to a sentence beside each field that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import msgspec

from corpora.errors import InputError
from engine.presets import Plan, plan
from engine.settings import Cell, Device, ModelConfig, Peephole, TrainingConfig, Unit

Number = int | float

BUDGETS: tuple[tuple[str, float], ...] = (  # what the dial says, minutes
    ("1 min", 1),
    ("2", 2),
    ("5", 5),
    ("10", 10),
    ("20", 20),
    ("45 min", 45),
    ("2 h", 120),
    ("overnight", 480),
)


@dataclass(frozen=True)
class Field:
    """One number under Advanced; empty means "derived from the budget and the text"."""

    name: str  # as in the settings
    label: str
    whole: bool
    help: str


FIELDS: tuple[Field, ...] = (
    Field("layers", "Layers", True, "recurrent layers, one on the other"),
    Field("hidden", "Hidden", True, "width of a layer"),
    Field("embedding", "Embedding", True, "width of a token's vector"),
    Field("dropout", "Dropout", False, "guards against learning by heart"),
    Field("batch", "Batch", True, "streams read side by side"),
    Field("length", "Length", True, "tokens that errors travel back through"),
    Field("learning_rate", "Learning rate", False, "its peak"),
    Field("clip", "Clip", False, "longer gradients are shortened"),
    Field("seed", "RNG seed", True, "the same seed gives the same model"),
    Field("steps", "Steps", True, "the budget in steps, instead of time"),
)
_MODEL_FIELDS = ("layers", "hidden", "embedding", "dropout")


@dataclass(frozen=True)
class Choices:
    """What the form holds; `typed` has the Advanced fields as they stand, by name."""

    unit: Unit = "char"
    minutes: float = 5
    cell: Cell | None = None
    peephole: Peephole = "diagonal"
    identity: bool = False
    device: Device = "auto"
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """A plan, or problems by field name; the name ``""`` is for what belongs to no single field."""

    plan: Plan | None
    problems: Mapping[str, str]


def work_out(characters: int, choices: Choices) -> Outcome:
    """The plan for a text of so many characters under these choices."""
    numbers: dict[str, Number] = {}
    problems: dict[str, str] = {}
    for entry in FIELDS:
        text = choices.typed.get(entry.name, "").strip()
        if not text:
            continue
        try:
            numbers[entry.name] = _number(entry, text)
        except InputError as error:
            problems[entry.name] = str(error)
    if problems:
        return Outcome(None, problems)
    try:
        return Outcome(_plan(characters, choices, numbers), {})
    except InputError as error:
        return Outcome(None, {"": str(error)})


def _plan(characters: int, choices: Choices, numbers: Mapping[str, Number]) -> Plan:
    def whole(name: str) -> int | None:
        return int(numbers[name]) if name in numbers else None

    steps = whole("steps")
    derived = plan(
        characters=characters,
        unit=choices.unit,
        minutes=None if steps is not None else choices.minutes,
        steps=steps,
        cell=choices.cell,
        peephole=choices.peephole,
        identity=choices.identity,
        layers=whole("layers"),
        hidden=whole("hidden"),
        seed=whole("seed") or 0,
        device=choices.device,
    )
    model = {name: value for name, value in numbers.items() if name in _MODEL_FIELDS}
    training = {name: value for name, value in numbers.items() if name not in _MODEL_FIELDS}
    chosen = Plan(
        msgspec.structs.replace(derived.model, **model),
        msgspec.structs.replace(derived.training, **training),
        derived.reasons,
    )
    chosen.model.check()
    chosen.training.check()
    return chosen


def _number(entry: Field, text: str) -> Number:
    """The number that was typed. Raises `InputError` where it is none, or out of the field's range."""
    try:
        value: Number = int(text.replace(",", "").replace("_", "")) if entry.whole else float(text)
    except ValueError as error:
        kind = "a whole number" if entry.whole else "a number such as 0.5"
        raise InputError(f"{entry.label} must be {kind}; {text!r} is not.") from error
    alone = {entry.name: value}
    check = (
        partial(msgspec.structs.replace, ModelConfig(), **alone)
        if entry.name in _MODEL_FIELDS
        else partial(msgspec.structs.replace, TrainingConfig(minutes=None if entry.name == "steps" else 1.0), **alone)
    )
    try:
        check().check()
    except InputError as error:
        raise InputError(str(error).replace(entry.name, entry.label)) from error
    return value


def done_at(minutes: float, now: datetime) -> str:
    """When a run of so long would end: ``done at about 16:40``, with the day where that is another one."""
    end = now + timedelta(minutes=minutes)
    return f"done at about {end:%H:%M}" + (" tomorrow" if end.date() != now.date() else "")
