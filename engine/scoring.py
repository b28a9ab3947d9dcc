"""How well a model predicts a text: every token counted, the state carried from the first to the last."""

import math
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from corpora.errors import InputError
from engine.decoder import Decoder
from engine.protocol import Score

CHUNK = 1024  # tokens read at once


@torch.inference_mode()
def total_nats(
    decoder: Decoder, chunks: Iterable[npt.NDArray[np.integer]], check: Callable[[], None] = lambda: None
) -> tuple[float, int]:
    """What the model charges for a text given as chunks of tokens, in nats, and how many tokens there were.

    The first token is predicted from the zero state, so nothing is left out: the total is the size to which the model
    would compress the text. `check` is called now and then, and may end it all. Raises `InputError` for no text.
    """
    state = decoder.zero_state()
    logits = decoder.start_logits()  # (1, V)
    nats, tokens = 0.0, 0
    for array in chunks:
        for start in range(0, len(array), CHUNK):
            check()
            ids = torch.from_numpy(array[start : start + CHUNK].astype(np.int64)).to(decoder.device)  # (T,)
            hidden, state = decoder.model.read(ids[:, None], state)
            following = decoder.model.logits(hidden[:, 0])  # (T, V): each row predicts the next token
            rows = torch.cat((logits, following[:-1])).float()
            nats += F.cross_entropy(rows, ids, reduction="sum").item()
            tokens += len(ids)
            logits = following[-1:]
    if tokens == 0:
        raise InputError("There is no text to score.")
    return nats, tokens


def make_score(nats: float, *, tokens: int, characters: int, size: int) -> Score:
    """All figures from the total in nats and three lengths."""
    bits = nats / math.log(2)
    return Score(
        tokens=tokens,
        characters=characters,
        bytes=size,
        nats_per_token=nats / tokens,
        bits_per_character=bits / max(1, characters),
        bits_per_byte=bits / max(1, size),
        perplexity=math.exp(min(700.0, nats / tokens)),
    )
