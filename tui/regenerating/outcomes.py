"""Everything that models have written into a text, written again: which of it comes out the same, and why not."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from corpora.errors import InputError
from corpora.version import __version__
from engine.client import EngineClient
from engine.protocol import ModelInfo
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.recipes import Recipe
from tui.manuscript.takes import Take
from tui.regenerating.asking import Asker, Models
from tui.regenerating.written import Past, Written, written

State = Literal["same", "otherwise", "gone", "chosen"]


@dataclass(frozen=True)
class Outcome:
    """What came of one take."""

    written: Written
    state: State
    why: str  # a sentence

    @property
    def take(self) -> Take:
        return self.written.take


async def regenerate(client: EngineClient, manuscript: Manuscript, root: Path | None = None) -> AsyncIterator[Outcome]:
    """Has each take written again. The manuscript is used up. Raises `EngineGone` where the engine dies."""
    past, models, asker = Past(manuscript), Models(client, root), Asker(client)
    try:
        for each in written(manuscript.history):
            yield await _outcome(each, past, models, asker)
            if not client.alive:
                await client.hello()  # says what became of it
    finally:
        asker.close()


async def _outcome(each: Written, past: Past, models: Models, asker: Asker) -> Outcome:
    take = each.take
    if take.chosen:
        return Outcome(each, "chosen", "There is nothing to write again.")
    if take.recipe is None or not take.hash:
        return Outcome(each, "gone", "It was written by an older Pantoum, which did not note how.")
    try:
        name, info = await models.find(take)
        with past.text_of(take.recipe.node) as body:
            text = await asker.again(take, take.recipe, name, body)
    except LookupError:
        return Outcome(each, "gone", "The text that it went on from is not in the journal any more.")
    except InputError as error:
        return Outcome(each, "gone", str(error))
    if text.startswith(take.text) and (take.recipe.way != "gap" or text == take.text):
        return Outcome(each, "same", "It comes out letter for letter the same.")
    same = next((n for n, (one, other) in enumerate(zip(text, take.text, strict=False)) if one != other), len(text))
    return Outcome(each, "otherwise", f"It comes out otherwise after {same:,} characters.{_reason(take, info)}")


def _reason(take: Take, info: ModelInfo) -> str:
    """Why that may be."""
    recipe = take.recipe
    assert recipe is not None
    if recipe.device and recipe.device != info.device:
        return f" It was written on another device ({recipe.device}; now it is {info.device})."
    if recipe.version and recipe.version != __version__:
        return f" It was written by another version of Pantoum ({recipe.version})."
    if not take.exact:
        return " The model had not read all that stands before it then, only the last page."
    return " This machine, or what Pantoum computes with, may be another than it was then."


def how(take: Take) -> str:
    """How a take was made, in a few words."""
    return "chosen from its list" if take.chosen else f"RNG seed {take.seed}, {_way(take.recipe)}"


def _way(recipe: Recipe | None) -> str:
    if recipe is None:
        return "written"
    if recipe.way == "gap":
        return f"for a gap, number {recipe.number + 1} of {recipe.takes}"
    if recipe.way == "takes":
        return "suggestion"
    turns = len(recipe.turns)
    return f"continuation, dials turned {turns} time{'s' if turns > 1 else ''}" if turns else "continuation"


def summary(outcomes: Iterable[Outcome]) -> str:
    """All of it in one sentence."""
    states = Counter(outcome.state for outcome in outcomes)
    if not states:
        return "No model has written anything here."
    drawn = states.total() - states["chosen"]
    parts = [
        f"{states['same']:,} of {drawn:,} come out letter for letter the same" if drawn else "",
        f"{states['otherwise']:,} otherwise" if states["otherwise"] else "",
        f"{states['gone']:,} can't be written again" if states["gone"] else "",
        f"{states['chosen']:,} chosen from a list" if states["chosen"] else "",
    ]
    return ", ".join(part for part in parts if part) + "."
