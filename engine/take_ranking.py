"""Takes in the order in which a writer wants to see them."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from corpora.tokenizers import Ids, Tokenizer
from engine.context import Context
from engine.decoder import Decoder
from engine.device import idle_cores, threads
from engine.encoded_text import common
from engine.gap import LOGITS, padded
from engine.protocol import GrownTake
from engine.ranking import Limits, excess
from engine.stack import State
from engine.states import fork, join
from engine.takes import Grown

NEAR = 80  # characters of the other side that a take is judged by


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
    right: str,
    takes: Sequence[GrownTake],
    decoder: Decoder,
    tokenizer: Tokenizer,
    context: Context,
    grown: Sequence[Grown] = (),
) -> list[tuple[float, float]]:
    """For each take, nats of the text itself and of the beginning of the other side's text after it.

    Where the takes have just `grown`, they are not read again but for their last tokens.
    """
    backward = decoder.side == "back"
    near = right[-NEAR:] if backward else right[:NEAR]
    rows, parts = [], []
    for take in takes:
        whole = tokenizer.encode(near + take.text if backward else take.text + near)
        part = tokenizer.encode(take.text)
        rows.append(whole[::-1] if backward else whole)
        parts.append(common(rows[-1], part[::-1] if backward else part))
    starts = _starts(takes, rows, parts, grown)
    if starts is not None:
        state = join([start.state for start in starts if start.state is not None])
        each = _nats(decoder, [row[start.read :] for row, start in zip(rows, starts, strict=True)], state)
        return [
            (start.nats, float(each[part - start.read - 1 : len(row) - start.read - 1, number].sum()))
            for number, (row, part, start) in enumerate(zip(rows, parts, starts, strict=True))
        ]
    each = _nats(decoder, rows, fork(context.state, len(rows)))
    first = -torch.log_softmax(context.logits.float(), -1).double().cpu().numpy()[0]
    return [
        (float(first[row[0]] + each[: part - 1, number].sum()), float(each[part - 1 : len(row) - 1, number].sum()))
        if part
        else (0.0, float(first[row[0]] + each[: len(row) - 1, number].sum()))
        for number, (row, part) in enumerate(zip(rows, parts, strict=True))
    ]


def _starts(
    takes: Sequence[GrownTake], rows: Sequence[Ids], parts: Sequence[int], grown: Sequence[Grown]
) -> list[Grown] | None:
    """What the takes grew to, where all their states were kept and the whole texts begin with the tokens drawn."""
    found = {take.text: take for take in reversed(grown)}  # of equal ones the first
    starts = [found[take.text] for take in takes if take.text in found]
    if len(starts) < len(takes):
        return None
    for start, row, part in zip(starts, rows, parts, strict=True):
        whole = start.read + 1
        if start.state is None or part != whole or len(start.ids) != whole or tuple(row[:whole].tolist()) != start.ids:
            return None
    return starts


def _nats(decoder: Decoder, rows: Sequence[Ids], state: State) -> npt.NDArray[np.float64]:
    """Nats (T - 1, B) of each row's tokens after its first one, which is read from `state`."""
    ids, _ = padded(rows)  # (T, B)
    ids = ids.to(decoder.device)
    if len(ids) < 2:
        return np.zeros((0, len(rows)))
    hidden = _outputs(decoder, ids[:-1], state)
    nats = []
    step = max(1, LOGITS // (decoder.model.config.vocabulary * len(rows)))
    for some, targets in zip(torch.split(hidden, step), torch.split(ids[1:], step), strict=True):
        logs = torch.log_softmax(decoder.logits(some).float(), -1)
        nats.append(-logs.gather(-1, targets[..., None])[..., 0])
    each: npt.NDArray[np.float64] = torch.cat(nats).double().cpu().numpy()
    return each


def _outputs(decoder: Decoder, ids: torch.Tensor, state: State) -> torch.Tensor:
    """Top outputs (T, B, H) after each of ids (T, B): step by step where kernels step all rows, which is quicker."""
    if not decoder.batched_rows:
        with threads(idle_cores()):
            return decoder.read(ids, state)[0]
    outputs = []
    for some in ids:
        hidden, state = decoder.advance(some, state)
        outputs.append(hidden)
    return torch.stack(outputs)


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
