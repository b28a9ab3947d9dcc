"""What `pantoum regenerate` does: an engine service writes each take of a text again."""

import asyncio
from pathlib import Path

from corpora.errors import InputError
from corpora.paths import expanded
from engine.client import connect
from tui.commandline import output
from tui.engine_link import engine_command
from tui.exporting.documents import read_document
from tui.manuscript.manuscript import Manuscript
from tui.regenerating import outcomes as made
from tui.regenerating.outcomes import Outcome, how, summary
from tui.regenerating.written import written

SHOWN = 32  # characters of a take
MARKS = {"same": "=", "otherwise": "≠", "gone": "-", "chosen": "."}


def regenerate(file: Path, *, json: bool) -> None:
    """Says what becomes of each take. Raises `InputError` where there is no such text, or one comes out otherwise."""
    manuscript = read_document(expanded(file))
    if not written(manuscript.history):
        output.as_json([]) if json else output.line(summary([]))
        return
    outcomes = asyncio.run(_all(manuscript, told=not json))
    otherwise = sum(outcome.state == "otherwise" for outcome in outcomes)
    if json:
        output.as_json([_entry(outcome) for outcome in outcomes])
    else:
        output.line(summary(outcomes))
    if otherwise:
        raise InputError(f"{otherwise:,} of {len(outcomes):,} takes come out otherwise.")


async def _all(manuscript: Manuscript, *, told: bool) -> list[Outcome]:
    """All outcomes; they are `told` as they come."""
    found = []
    async with connect(engine_command()) as client:
        async for outcome in made.regenerate(client, manuscript):
            found.append(outcome)
            if told:
                _tell(outcome)
    return found


def _tell(outcome: Outcome) -> None:
    take = outcome.take
    text = " ".join(take.text.split())
    short = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    output.line(f"{MARKS[outcome.state]} {take.model}, {how(take)}: {short}")
    if outcome.state != "same":
        output.line(f"  {outcome.why}")


def _entry(outcome: Outcome) -> dict[str, object]:
    take = outcome.take
    return {
        "node": outcome.written.node.number,
        "model": take.model,
        "weights": take.hash,
        "seed": take.seed,
        "dials": take.dials,
        "recipe": take.recipe,
        "text": take.text,
        "outcome": outcome.state,
        "why": outcome.why,
    }
