"""Where a model stands before the first token that it writes, and how it came there."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from corpora.tokenizers import Ids, Tokenizer
from engine.decoder import Decoder
from engine.stack import State

RECENT = 64  # tokens that a penalty on repetition looks back
# ids (T,) in the order in which the decoder reads → logits (1, V) after the last, and the state there
Prefill = Callable[[Tensor], tuple[Tensor, State]]


@dataclass(frozen=True)
class Context:
    """All that writing on needs of the text that was read."""

    logits: Tensor  # (1, V): of the first token to come
    state: State  # of one stream
    recent: tuple[int, ...]  # the last ids read
    beside: str  # the text next to the caret, on the side from which the model comes
    exact: bool = True  # whether everything on that side was read; else its nearest part only, after an older state


def read_context(decoder: Decoder, tokenizer: Tokenizer, text: str, prefill: Prefill) -> Context:
    """The context after a whole text, which is what stands before the caret, or after it for the back side."""
    ids: Ids = tokenizer.encode(text)
    if len(ids) == 0:
        return Context(decoder.start_logits(), decoder.zero_state(), (), "")
    read = ids[::-1] if decoder.side == "back" else ids
    logits, state = prefill(torch.from_numpy(read.astype("int64")))
    return Context(logits, state, tuple(read[-RECENT:].tolist()), text)
