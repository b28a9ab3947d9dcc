"""A gap between two texts, and what a model charges for whatever may stand in it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from corpora.cleaning.cleaner import clean_text
from corpora.tokenizers import Ids
from engine.decoder import Decoder
from engine.model import Side
from engine.models import LoadedModel
from engine.stack import State
from engine.states import fork

CONTEXT = 2000  # characters that are read on each side
JUDGED = 120  # characters of each context, next to the gap, by which a text in the gap is judged
SLACK = 40  # characters more that may be judged, so that the rest begins between two words
LOGITS = 4_000_000  # logits in memory at once
ROWS = 256  # texts read at once
_SPACE = re.compile(r"(?<=\S)(?=\s)")  # where the tokens of every unit may be cut, whatever stands around


@dataclass(frozen=True)
class Edge:
    """A direction's top output (1, H), and its state, where it has read all on its side of the gap."""

    hidden: Tensor
    state: State

    def spread(self, batch: int) -> tuple[Tensor, State]:
        """The same for `batch` streams, (B, H)."""
        return self.hidden.expand(batch, -1).contiguous(), fork(self.state, batch)


@dataclass(frozen=True)
class Cost:
    """What a text in the gap costs one direction, in nats."""

    gap: float  # the text itself, after the context that the direction comes from
    beyond: float  # the nearest of the other context, after both


@dataclass(frozen=True)
class Judgement:
    """What a text in the gap costs each direction that the model has."""

    text: str
    costs: dict[Side, Cost]


class Gap:
    """The place between `left` and `right` as one model sees it. Either may be empty; long ones are cut."""

    def __init__(self, model: LoadedModel, left: str, right: str) -> None:
        self.model = model
        self.left = clean_text(left)[-CONTEXT:]
        self.right = clean_text(right)[:CONTEXT]
        before, after = _cut_before(self.left), _cut_after(self.right)
        self._near_left, self._near_right = self.left[before:], self.right[:after]
        self._far_left = model.tokenizer.encode(self.left[:before])
        self._far_right = model.tokenizer.encode(self.right[after:])

    @property
    def sides(self) -> tuple[Side, ...]:
        """The directions in which the model reads."""
        return ("ahead",) if self.model.back_decoder is None else ("ahead", "back")

    def context(self, side: Side) -> Ids:
        """All ids on the side from which this direction comes, in its order."""
        text = self.left if side == "ahead" else self.right
        return _ordered(self.model.tokenizer.encode(text), side)

    def edge(self, side: Side) -> Edge:
        """Where this direction stands before the gap."""
        return self._edge(self.context(side), side)

    def judge(self, texts: Sequence[str]) -> list[Judgement]:
        """What each text costs. The tokens are those of the whole text, so also where two of its parts join."""
        judgements = []
        for start in range(0, len(texts), ROWS):
            judgements += self._judge(texts[start : start + ROWS])
        return judgements

    def _judge(self, texts: Sequence[str]) -> list[Judgement]:
        encode = self.model.tokenizer.encode
        whole = [encode(self._near_left + text + self._near_right) for text in texts]
        costs = {"ahead": self._charge("ahead", whole, [encode(self._near_left + text) for text in texts])}
        if "back" in self.sides:
            costs["back"] = self._charge("back", whole, [encode(text + self._near_right) for text in texts])
        return [
            Judgement(text, {side: costs[side][number] for side in self.sides}) for number, text in enumerate(texts)
        ]

    def _charge(self, side: Side, whole: Sequence[Ids], parts: Sequence[Ids]) -> list[Cost]:
        """What this direction charges for each whole text; `parts` are those without the context beyond the gap.

        What all begin with is read once and costs nothing.
        """
        near = self.model.tokenizer.encode(self._near_left if side == "ahead" else self._near_right)
        rows = [_ordered(row, side) for row in (*whole, near)]
        same = min(_common(rows), *(max(0, len(row) - 1) for row in rows[:-1]))
        far = _ordered(self._far_left if side == "ahead" else self._far_right, side)
        edge = self._edge(np.concatenate((far, rows[0][:same])), side)
        *charges, context = charge(self.model.side(side), edge, [row[same:] for row in rows])
        # A token across the end of the gap counts as beyond it.
        ends = [_common([row, _ordered(part, side)]) for row, part in zip(rows, parts, strict=False)]
        return [
            Cost(float(nats[: max(0, end - same)].sum() - context.sum()), float(nats[max(0, end - same) :].sum()))
            for nats, end in zip(charges, ends, strict=True)
        ]

    def _edge(self, ids: Ids, side: Side) -> Edge:
        """Where a direction stands after these ids, which are in its order."""
        decoder = self.model.side(side)
        if len(ids) == 0:
            return Edge(decoder.start_hidden(), decoder.zero_state())
        read = torch.from_numpy(ids.astype(np.int64))
        state = self.model.prefill(read[:-1], side)[1] if len(ids) > 1 else decoder.zero_state()
        hidden, state = decoder.read(read[-1:, None].to(decoder.device), state)
        return Edge(hidden[0], state)


@torch.inference_mode()
def charge(decoder: Decoder, edge: Edge, rows: Sequence[Ids]) -> list[Tensor]:
    """Nats (N,) that a direction, standing at `edge`, charges for the tokens (N,) of each row; float64."""
    ids, lengths = padded(rows)  # (T, B)
    ids = ids.to(decoder.device)
    if len(ids) == 0:
        return [torch.zeros(0, dtype=torch.float64) for _ in rows]
    hidden, state = edge.spread(len(rows))
    outputs = hidden[None]  # (1, B, H)
    if len(ids) > 1:
        outputs = torch.cat((outputs, decoder.read(ids[:-1], state)[0]))
    nats = []
    for some, targets in _in_parts(outputs, ids, decoder.model.config.vocabulary):
        logs = torch.log_softmax(decoder.logits(some).float(), -1)
        nats.append(-logs.gather(-1, targets[..., None])[..., 0])
    all_nats = torch.cat(nats).double().cpu()  # (T, B)
    return [all_nats[:length, row] for row, length in enumerate(lengths)]


def _in_parts(outputs: Tensor, ids: Tensor, vocabulary: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The same places of both, so many at a time that their logits fit into memory."""
    step = max(1, LOGITS // (vocabulary * ids.shape[1]))
    return zip(torch.split(outputs, step), torch.split(ids, step), strict=True)


def padded(rows: Sequence[Ids] | Sequence[Sequence[int]]) -> tuple[Tensor, list[int]]:
    """Rows of different lengths as one block (T, B), zeros at their ends; and the lengths."""
    lengths = [len(row) for row in rows]
    block = np.zeros((max(lengths, default=0), len(rows)), dtype=np.int64)
    for column, row in enumerate(rows):
        block[: len(row), column] = np.asarray(row)
    return torch.from_numpy(block), lengths


def _ordered(ids: Ids, side: Side) -> Ids:
    return ids if side == "ahead" else ids[::-1]


def _common(rows: Sequence[Ids]) -> int:
    """How many ids all rows begin with."""
    shortest = min(len(row) for row in rows)
    same = np.ones(shortest, dtype=np.bool_)
    for row in rows[1:]:
        same &= row[:shortest] == rows[0][:shortest]
    return shortest if same.all() else int(same.argmin())


def _cut_before(left: str) -> int:
    """Where the judged end of the left context begins."""
    latest = max(0, len(left) - JUDGED)
    earliest = max(0, latest - SLACK)
    places: Iterable[re.Match[str]] = _SPACE.finditer(left, earliest, latest)
    return max((match.start() for match in places), default=latest)


def _cut_after(right: str) -> int:
    """Where the judged beginning of the right context ends."""
    match = _SPACE.search(right, min(JUDGED, len(right)), JUDGED + SLACK)
    return match.start() if match else min(JUDGED, len(right))
