"""Takes in the order in which a writer wants to see them."""

import math
from collections.abc import Sequence

import numpy as np
import torch

from corpora.tokenizers import Ids, Tokenizer
from engine.context import Context
from engine.decoder import Decoder
from engine.gap import JUDGED, LOGITS, padded
from engine.protocol import GrownTake
from engine.ranking import Limits, excess
from engine.states import fork
from engine.takes import Grown


def ranked(takes: Sequence[GrownTake]) -> list[GrownTake]:
    """By what a token of them costs in the mean, the likeliest first."""
    return sorted(takes, key=lambda take: (take.surprisal, take.seed))


def merged(grown: Sequence[Grown]) -> list[GrownTake]:
    """Each different text once, where it came first."""
    found: dict[str, GrownTake] = {}
    for take in grown:
        same = found.get(take.text)
        surprisal = take.nats / max(1, take.tokens) / math.log(2)
        found[take.text] = GrownTake(
            text=take.text,
            seed=same.seed if same else take.seed,
            tokens=same.tokens if same else take.tokens,
            surprisal=same.surprisal if same else surprisal,
            reason=same.reason if same else take.reason,
            same=same.same + 1 if same else 1,
        )
    return list(found.values())


@torch.inference_mode()
def leading_to(
    right: str, takes: Sequence[GrownTake], decoder: Decoder, tokenizer: Tokenizer, context: Context
) -> list[tuple[float, float]]:
    """For each take, nats of the text itself and of the beginning of the other side's text after it."""
    backward = decoder.side == "back"
    near = right[-JUDGED:] if backward else right[:JUDGED]
    rows, parts = [], []
    for take in takes:
        whole = tokenizer.encode(near + take.text if backward else take.text + near)
        part = tokenizer.encode(take.text)
        rows.append(whole[::-1] if backward else whole)
        parts.append(_common(rows[-1], part[::-1] if backward else part))
    ids, lengths = padded(rows)  # (T, B)
    ids = ids.to(decoder.device)
    vocabulary = decoder.model.config.vocabulary
    nats = [-torch.log_softmax(context.logits.float(), -1).expand(len(rows), -1).gather(1, ids[0][:, None])[:, 0][None]]
    hidden, _ = decoder.read(ids[:-1], fork(context.state, len(rows)))
    step = max(1, LOGITS // (vocabulary * len(rows)))
    for some, targets in zip(torch.split(hidden, step), torch.split(ids[1:], step), strict=True):
        logs = torch.log_softmax(decoder.logits(some).float(), -1)
        nats.append(-logs.gather(-1, targets[..., None])[..., 0])
    each = torch.cat(nats).double().cpu().numpy()  # (T, B)
    return [
        (float(each[:part, row].sum()), float(each[part:length, row].sum()))
        for row, (part, length) in enumerate(zip(parts, lengths, strict=True))
    ]


def ranked_towards(takes: Sequence[GrownTake], costs: Sequence[tuple[float, float]]) -> list[GrownTake]:
    """By how much more than usual a take costs for its length, and by what the other side's text costs after it."""
    characters = np.array([max(1, len(take.text)) for take in takes])
    gaps = np.array([gap for gap, _ in costs])
    limits = Limits(int(characters.min()), int(characters.max()))
    scores = excess(gaps, characters, float(gaps.sum() / characters.sum()), limits) + np.array(
        [cost for _, cost in costs]
    )
    return [_with_right(takes[place], costs[place][1]) for place in np.argsort(scores, kind="stable").tolist()]


def _with_right(take: GrownTake, nats: float) -> GrownTake:
    return GrownTake(
        text=take.text,
        seed=take.seed,
        tokens=take.tokens,
        surprisal=take.surprisal,
        reason=take.reason,
        same=take.same,
        right_bits=nats / math.log(2),
    )


def _common(one: Ids, other: Ids) -> int:
    shorter = min(len(one), len(other))
    different = one[:shorter] != other[:shorter]
    return int(different.argmax()) if different.any() else shorter
