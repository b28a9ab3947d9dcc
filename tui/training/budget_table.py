"""What each time on the form's dial would train, side by side."""

from dataclasses import dataclass, replace
from datetime import datetime

from engine.estimates import estimate
from engine.settings import Unit
from engine.speed import Speed
from tui.readable import count, short, size
from tui.training.form import BUDGETS, Choices, done_at, work_out

UNIT_HINTS: dict[Unit, str] = {
    "char": "letter by letter: small and inventive, good from short texts on",
    "word": "word by word: fluent sooner, wants half a million characters",
    "bpe": "pieces of words, found in the text: between the two",
}
HEADINGS = ("Time", "Model", "Parameters", "Memory", "Readings", "Done at")


@dataclass(frozen=True)
class Budget:
    """One line of the table."""

    minutes: float
    cells: tuple[str, ...]  # under `HEADINGS`


def budget_table(
    characters: int, choices: Choices, speed: Speed | None, now: datetime, *, alphabet: int | None = None
) -> list[Budget]:
    """A line for each time that these choices can be trained in; ``[]`` where steps count instead of time."""
    if choices.typed.get("steps", "").strip():
        return []
    times = {minutes: label for label, minutes in BUDGETS}
    times.setdefault(choices.minutes, f"{choices.minutes:g} min")
    lines = []
    for minutes in sorted(times):
        plan = work_out(characters, replace(choices, minutes=minutes), speed, alphabet=alphabet).plan
        if plan is None:
            continue
        found = estimate(plan.model, plan.training, characters=characters, alphabet=alphabet, speed=speed)
        label = times[minutes] if not times[minutes].isdigit() else f"{times[minutes]} min"
        kind = f"{plan.model.cell} {plan.model.layers} × {plan.model.hidden}"
        done = done_at(minutes, now).removeprefix("done at about ")
        cells = (label, kind, short(found.parameters), size(found.memory), _readings(found.epochs), done)
        lines.append(Budget(minutes, cells))
    return lines


def _readings(epochs: float) -> str:
    return f"{epochs:.0%} of it" if epochs < 1.0 else count(round(epochs))
