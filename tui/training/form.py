"""The choices for a new run, from what a person typed to a plan, or to a sentence beside each field that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from corpora.errors import InputError
from engine.presets import Plan, plan
from engine.records import ModelRecord
from engine.settings import ModelConfig, TrainingConfig, Unit
from engine.speed import Speed
from tui.training.catalogue import SETTINGS, Setting, Value, concerned, renamed

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


def budgets(minutes: float | None = None) -> tuple[tuple[str, str], ...]:
    """The dial's choices, as label and minutes; with one that isn't among them, at its place."""
    found = {value: label for label, value in BUDGETS}
    if minutes is not None and minutes not in found:
        found[minutes] = f"{minutes:g} min"
    return tuple((found[value], f"{value:g}") for value in sorted(found))


def as_typed(record: ModelRecord) -> dict[str, str]:
    """The fields under Advanced as one would fill them in to get this run's settings, nothing left to be derived."""
    typed = {}
    for name, setting in SETTINGS.items():
        value = getattr(record.model if setting.of_model else record.training, name)
        if value is None or (value == setting.default and not setting.derived and setting.kind in (int, float, str)):
            typed[name] = "" if not setting.choices else setting.shown(value)
        else:
            exact = isinstance(value, float) and float(setting.shown(value)) != value
            typed[name] = repr(value) if exact else setting.shown(value)
    return typed


@dataclass(frozen=True)
class Choices:
    """What the form holds; `typed` has the fields under Advanced as they stand, by the setting's name."""

    unit: Unit = "char"
    minutes: float = 5
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """A plan, or problems by field name; the name ``""`` is for what belongs to no single field."""

    plan: Plan | None
    problems: Mapping[str, str]


def work_out(characters: int, choices: Choices, speed: Speed | None = None, *, alphabet: int | None = None) -> Outcome:
    """The plan for a text of so many characters, so many of them distinct, under these choices.

    `speed` is the machine's, where it is known.
    """
    chosen: dict[str, Value] = {}
    problems: dict[str, str] = {}
    for name, text in choices.typed.items():
        if not text.strip():
            continue
        try:
            chosen[name] = _value(SETTINGS[name], text)
        except InputError as error:
            problems[name] = str(error)
    if problems:
        return Outcome(None, problems)
    steps = chosen.pop("steps", None)
    try:
        planned = plan(
            characters=characters,
            unit=choices.unit,
            minutes=None if steps is not None else choices.minutes,
            steps=None if steps is None else int(steps),
            speed=speed,
            alphabet=alphabet,
            **chosen,
        )
    except InputError as error:
        setting = concerned(str(error))
        return Outcome(None, {setting.name: renamed(str(error), setting.label)} if setting else {"": str(error)})
    return Outcome(planned, {})


def _value(setting: Setting, text: str) -> Value:
    """The value that was typed. Raises `InputError` where it is none, or a number out of the setting's range."""
    value = setting.read(text)
    if setting.kind not in (int, float):
        return value
    # Alone, so that every field that is wrong says so; what hangs on another field is left to the plan.
    alone: ModelConfig | TrainingConfig = ModelConfig() if setting.of_model else TrainingConfig(minutes=1, batch=4096)
    if setting.name == "steps":
        alone = TrainingConfig()
    try:
        msgspec.structs.replace(alone, **{setting.name: value}).check()
    except InputError as error:
        raise InputError(renamed(str(error), setting.label)) from error
    return value


def done_at(minutes: float, now: datetime, *, latest: bool = False) -> str:
    """When a run of so long would end: ``done at about 16:40``, with the day where that is another one."""
    end = now + timedelta(minutes=minutes)
    told = f"done at about {end:%H:%M}" + (" tomorrow" if end.date() != now.date() else "")
    return f"{told} at the latest" if latest else told
