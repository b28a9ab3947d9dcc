"""Texts in a gap drawn anew, token by token, from what a bidirectional model thinks of each given both sides of it."""

from collections.abc import Sequence

import torch

from engine.gap import Gap, padded
from engine.model import Side
from engine.proposals import Drawing


@torch.inference_mode()
def sweep(gap: Gap, texts: Sequence[Sequence[int]], side: Side, drawing: Drawing) -> list[list[int]]:
    """The same texts (ids in reading order, one at least in each) with every token drawn anew.

    One side steps from its end of the gap to the other and takes in what it draws; what the other side has seen is
    the old text. Going to and fro is Gibbs sampling, but for this: two-sided predictions are trained one place at a
    time and need not agree with each other on one distribution of texts. So it only proposes.
    """
    other: Side = "back" if side == "ahead" else "ahead"
    model, stepping, standing = gap.model.decoder.model, gap.model.side(side), gap.model.side(other)
    towards = [list(text) if side == "ahead" else list(text)[::-1] for text in texts]
    ids, lengths = padded(towards)  # (T, B), in the stepping side's order
    against, _ = padded([text[::-1] for text in towards])
    device = stepping.device
    ids, against = ids.to(device), against.to(device)
    T, B = ids.shape
    hidden, state = gap.edge(other).spread(B)
    seen = torch.cat((hidden[None], standing.read(against, state)[0]))  # (T + 1, B, H): row n has read n old tokens
    left = torch.tensor(lengths, device=device)  # tokens that the other side has yet to see before this place
    columns = torch.arange(B, device=device)
    hidden, state = gap.edge(side).spread(B)
    draw = drawing.after(gap.context(side), B)
    for place in range(T):
        left = left - 1
        beside = seen[left.clamp_min(0), columns]
        logits = model.logits(hidden, beside) if side == "ahead" else model.logits(beside, hidden)
        ids[place] = draw(logits)  # a text that has ended draws too, so that none changes with its neighbours
        hidden, state = stepping.advance(ids[place], state)
    drawn = [ids[:length, row].tolist() for row, length in enumerate(lengths)]
    return drawn if side == "ahead" else [text[::-1] for text in drawn]
