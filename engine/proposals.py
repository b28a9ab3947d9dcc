"""What might stand in a gap: texts that grow from one side, cut where the other side's context would follow well."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from corpora.tokenizers import Ids, Tokenizer
from corpora.writable import writable
from engine.backward import REPLACEMENT
from engine.choosing import Chooser
from engine.context import RECENT
from engine.decoder import Decoder
from engine.gap import Edge, Gap, padded
from engine.jobs import Job
from engine.model import Side
from engine.ranking import Limits, excess
from engine.settings import Dials
from engine.stack import State
from engine.states import join, select, size

FRAGMENT = 0.25  # characters that an id counts as which is a part of one
WORN = 4  # tokens a character, after which growing ends in any case
GLANCE = 12  # tokens of the other context that decide between many cuts
MEMORY = 1 << 30  # bytes for the states at all places of the texts that grow
FEWEST = 8  # texts, whatever they take
SHORTLIST = 5  # times as many cuts get a glance as are kept


@dataclass(frozen=True)
class Proposal:
    """Tokens for the gap, in reading order."""

    ids: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Proposals:
    """The best first, and what the texts that they were cut from cost a character."""

    proposals: list[Proposal]
    rate: float  # nats


class Drawing:
    """Tokens drawn from logits as the dials want them, for many texts at once."""

    def __init__(
        self, tokenizer: Tokenizer, dials: Dials, seed: int, device: torch.device, job: Job | None = None
    ) -> None:
        """Drawing raises `JobCancelled` where `job` was."""
        self._job = job or Job()
        self._dials = dials
        self._generator = np.random.default_rng(seed)
        self._spelling = tokenizer.spelling
        self._device = device

    def after(self, read: Ids, texts: int) -> Callable[[Tensor], Tensor]:
        """Draws for so many texts that begin after `read`: one id (B,) for each row of logits (B, V), at each call."""
        chooser = Chooser([read[-RECENT:].tolist()] * texts, self._spelling)

        def draw(logits: Tensor) -> Tensor:
            self._job.check()
            rows, numbers = logits.float().cpu().numpy(), self._generator.random(texts)
            return torch.from_numpy(chooser.choose(rows, self._dials, numbers)[0]).to(self._device)

        return draw


@torch.inference_mode()
def propose(gap: Gap, side: Side, limits: Limits, *, texts: int, keep: int, drawing: Drawing) -> Proposals:
    """Grows so many texts from one side, and keeps the places in them that best meet the other side.

    They are fewer where they are long and the model is large.

    A cut is worth what the text up to there costs more than is usual, and what the first tokens beyond the gap cost
    after it.
    """
    decoder, tokenizer = gap.model.side(side), gap.model.tokenizer
    beyond = gap.context("back" if side == "ahead" else "ahead")[::-1][:GLANCE]
    first = int(beyond[0]) if len(beyond) else None
    edge = gap.edge(side)
    texts = min(texts, max(FEWEST, MEMORY // (limits.most * size(edge.state))))
    grown = _grow(decoder, tokenizer, edge, limits.most, texts, first, drawing.after(gap.context(side), texts))
    cuts = _cuts(tokenizer, grown, limits, side)
    if not cuts:
        return Proposals([], grown.rate)
    costs = np.array([grown.costs[cut.length, cut.text_number] for cut in cuts])
    sizes = np.array([len(cut.proposal.text) for cut in cuts])
    steps = np.array([grown.first[cut.length, cut.text_number] for cut in cuts])
    costs = excess(costs, sizes, grown.rate, limits)
    order = np.argsort(costs + steps, kind="stable")[: SHORTLIST * keep]
    if len(beyond) > 1 and len(order) > keep:
        some = [cuts[n] for n in order]
        steps = _glance(decoder, grown, some, beyond)
        order = order[np.argsort(costs[order] + steps, kind="stable")]
    return Proposals([cuts[n].proposal for n in order[:keep]], grown.rate)


@dataclass(frozen=True)
class _Grown:
    """Texts that grew from one side, in its order, and what is known at each of their places."""

    ids: npt.NDArray[np.int64]  # (T, N)
    costs: npt.NDArray[np.float64]  # (T + 1, N): nats of the first t tokens
    first: npt.NDArray[np.float64]  # (T + 1, N): nats of the first token beyond the gap after t tokens
    hidden: list[Tensor]  # T + 1 of (N, H)
    states: list[State]  # T + 1
    rate: float  # nats a character


@dataclass(frozen=True)
class _Cut:
    proposal: Proposal
    text_number: int
    length: int  # tokens


def _grow(
    decoder: Decoder,
    tokenizer: Tokenizer,
    edge: Edge,
    most: int,
    texts: int,
    first: int | None,
    draw: Callable[[Tensor], Tensor],
) -> _Grown:
    """Texts of `most` characters or a token more."""
    widths = _widths(tokenizer)
    hidden, state = edge.spread(texts)
    hiddens, states = [hidden], [state]
    ids: list[Tensor] = []
    costs, firsts = [torch.zeros(texts)], []
    written = np.zeros(texts)
    while True:
        logs = torch.log_softmax(decoder.logits(hidden).float(), -1)
        firsts.append(-logs[:, first] if first is not None else torch.zeros(texts))
        if written.min() >= most or len(ids) >= WORN * most:
            break
        tokens = draw(logs)
        costs.append(-logs.gather(1, tokens[:, None])[:, 0])
        ids.append(tokens)
        written += widths[tokens.cpu().numpy()]
        hidden, state = decoder.advance(tokens, state)
        hiddens.append(hidden)
        states.append(state)
    block = torch.stack(ids).cpu().numpy()
    each = torch.stack([part.cpu() for part in costs]).double().numpy()
    return _Grown(
        ids=block,
        costs=each.cumsum(0),
        first=torch.stack([part.cpu() for part in firsts]).double().numpy(),
        hidden=hiddens,
        states=states,
        rate=float(each.sum() / max(1.0, widths[block].sum())),
    )


def _cuts(tokenizer: Tokenizer, grown: _Grown, limits: Limits, side: Side) -> list[_Cut]:
    """The different texts within the limits; where none has just that many characters, the nearest of each."""
    T, N = grown.ids.shape
    found: dict[str, _Cut] = {}
    for number in range(N):
        column = tuple(grown.ids[:, number].tolist())
        nearest: list[tuple[int, _Cut]] = []
        for length in range(1, T + 1):
            ids = column[:length] if side == "ahead" else column[:length][::-1]
            text = tokenizer.decode(ids)
            if not is_whole(text):
                continue
            cut = _Cut(Proposal(ids, text), number, length)
            if limits.least <= len(text) <= limits.most:
                found.setdefault(text, cut)
            nearest.append((abs(len(text) - limits.most), cut))
            if len(text) > limits.most:
                break
        if limits.least == limits.most and nearest:
            best = min(nearest, key=lambda each: each[0])[1]
            found.setdefault(best.proposal.text, best)
    return list(found.values())


def is_whole(text: str) -> bool:
    """Whether all characters of a decoded text are there, and it is one."""
    return bool(text) and REPLACEMENT not in writable(text)


def _glance(decoder: Decoder, grown: _Grown, cuts: Sequence[_Cut], beyond: Ids) -> npt.NDArray[np.float64]:
    """What the first tokens beyond the gap cost after each cut, in nats."""
    ids, _ = padded([beyond] * len(cuts))
    ids = ids.to(decoder.device)
    hidden = torch.stack([grown.hidden[cut.length][cut.text_number] for cut in cuts])
    state = join([select(grown.states[cut.length], [cut.text_number]) for cut in cuts])
    outputs, _ = decoder.read(ids[:-1], state)
    logs = torch.log_softmax(decoder.logits(torch.cat((hidden[None], outputs))).float(), -1)
    nats: npt.NDArray[np.float64] = -logs.gather(-1, ids[..., None])[..., 0].sum(0).double().cpu().numpy()
    return nats


def _widths(tokenizer: Tokenizer) -> npt.NDArray[np.float64]:
    """Characters (V,) of every id; a part of one counts as less than one."""
    pieces = (tokenizer.decode([token]) for token in range(tokenizer.vocabulary))
    return np.array([len(text) if is_whole(text) else FRAGMENT for text in pieces])
