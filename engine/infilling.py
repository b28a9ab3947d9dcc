"""Fills a gap between two texts: many proposals of several lengths, then the few that fit both sides best.

A model that reads forwards grows texts from the left and cuts them where the right context would follow well. A
bidirectional one also grows them from the right, and draws the best of both anew from its two-sided predictions.

All are then ranked by the exact likelihood of the gap and of the right context after it; a bidirectional model adds
that of the left context, reading backwards. See `engine.ranking` for how lengths are compared.
"""

from collections.abc import Sequence

from corpora.errors import InputError
from engine.gap import Gap
from engine.jobs import Job
from engine.models import LoadedModel
from engine.proposals import Drawing, is_whole, propose
from engine.protocol import Take
from engine.ranking import Limits, Rates, alternatives, make_take
from engine.resampling import sweep
from engine.settings import Dials

TEXTS = 96  # that grow, from one side or half of them from each
MORE_TEXTS = 256  # where the length is given, so that each text has one place to cut it
KEPT = 24  # proposals of each side that a bidirectional model draws anew
KEPT_ALONE = 96  # proposals of a model that reads forwards only
SWEEPS = 2  # over a bidirectional model's proposals, to and fro
LONGEST = 1000  # characters of a gap
MOST_TAKES = 40


def fill(
    model: LoadedModel,
    left: str,
    right: str,
    limits: Limits,
    *,
    takes: int,
    dials: Dials,
    seed: int,
    job: Job | None = None,
) -> list[Take]:
    """The best `takes` different texts, best first; fewer where the model has no more.

    Raises `InputError`, and `JobCancelled` where `job` was.

    Where words or pieces don't come out at just the length that is asked for, the nearest are taken. The same seed,
    dials and contexts give the same takes.
    """
    dials.check()
    _check(limits, takes)
    gap = Gap(model, left, right)
    found, rates = _candidates(gap, limits, Drawing(model.tokenizer, dials, seed, model.decoder.device, job))
    fitting = [text for text in found if limits.holds(text)]
    if len(fitting) < takes:
        fitting = sorted(found, key=limits.miss)[:takes]
    return alternatives([make_take(judgement, rates, limits) for judgement in gap.judge(fitting)], takes)


def _candidates(gap: Gap, limits: Limits, drawing: Drawing) -> tuple[list[str], Rates]:
    """Different texts, and what such texts usually cost each direction."""
    both = len(gap.sides) > 1
    texts = (MORE_TEXTS if limits.least == limits.most else TEXTS) // len(gap.sides)
    keep = KEPT if both else KEPT_ALONE
    grown = {side: propose(gap, side, limits, texts=texts, keep=keep, drawing=drawing) for side in gap.sides}
    proposals = [proposal for each in grown.values() for proposal in each.proposals]
    found = {proposal.text: None for proposal in proposals}
    if both and proposals:
        drawn: Sequence[Sequence[int]] = [proposal.ids for proposal in proposals]
        for _ in range(SWEEPS):
            for side in gap.sides[::-1]:
                drawn = sweep(gap, drawn, side, drawing)
            decoded = (gap.model.tokenizer.decode(ids) for ids in drawn)
            found |= {text: None for text in decoded if is_whole(text)}
    return list(found), {side: each.rate for side, each in grown.items()}


def _check(limits: Limits, takes: int) -> None:
    if not 1 <= limits.least <= limits.most <= LONGEST:
        raise InputError(f"The gap's length is {limits.most:,} characters; it must be between 1 and {LONGEST:,}.")
    if not 1 <= takes <= MOST_TAKES:
        raise InputError(f"{takes:,} takes are asked for; it must be between 1 and {MOST_TAKES}.")
