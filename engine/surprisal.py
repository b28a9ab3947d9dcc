"""What each token or word of a passage costs a model after everything before it."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from corpora.boundaries import JOINERS, is_letter, stands_alone
from corpora.tokenizers import Ids, Tokenizer
from engine.context import Context
from engine.decoder import Decoder
from engine.device import idle_cores, threads
from engine.jobs import Job
from engine.protocol import Span

CHUNK = 256  # tokens read at once: a cancelled request ends after one
LONGEST = 50_000  # characters of a passage


@torch.inference_mode()
def token_nats(decoder: Decoder, context: Context, ids: Ids, job: Job) -> Iterator[float]:
    """Nats of each token of ids (T,) after the context and the tokens before it. Raises `JobCancelled`."""
    logits, state = context.logits, context.state
    for start in range(0, len(ids), CHUNK):
        job.check()
        part = torch.from_numpy(ids[start : start + CHUNK].astype(np.int64)).to(decoder.device)  # (T,)
        with threads(idle_cores()):
            hidden, state = decoder.read_stream(part, state)  # (T, H)
            following = decoder.model.logits(hidden)  # (T, V): each row predicts the next token
        rows = torch.cat((logits, following[:-1])).float()
        yield from (-torch.log_softmax(rows, -1).gather(1, part[:, None])[:, 0]).tolist()
        logits = following[-1:]


def token_spans(tokenizer: Tokenizer, ids: Ids, nats: Sequence[float], start: int) -> list[Span]:
    """The tokens' characters, counted from `start`, and their bits; parts of one character are one span."""
    detokenizer = tokenizer.detokenizer()
    spans: list[Span] = []
    held, at = 0.0, start
    for token, cost in zip(ids.tolist(), nats, strict=True):
        held += cost / math.log(2)
        if text := detokenizer.push(token):
            spans.append(Span(start=at, end=at + len(text), bits=held))
            at, held = at + len(text), 0.0
    if rest := detokenizer.flush():
        spans.append(Span(start=at, end=at + len(rest), bits=held))
    return spans


def word_spans(spans: Sequence[Span], character: Callable[[int], str]) -> list[Span]:
    """Words of the text, whose character at each place is asked for: each with the marks and spaces before it.

    A word's bits are those of all tokens that begin within it. So a passage's words cost what its tokens do.
    """
    words: list[Span] = []
    for span in spans:
        if words and not _begins_word(words[-1], span, character):
            words[-1] = Span(start=words[-1].start, end=span.end, bits=words[-1].bits + span.bits)
        else:
            words.append(span)
    return words


def _begins_word(word: Span, span: Span, character: Callable[[int], str]) -> bool:
    """Whether a token begins a new word after what stands in `word`: where a word's letters have ended."""
    if not any(is_letter(character(place)) for place in range(word.start, word.end)):
        return False  # only marks and spaces so far: the word is yet to come
    last, first = character(span.start - 1), character(span.start)
    if stands_alone(first) or stands_alone(last):
        return True
    joined = is_letter(first) or first in JOINERS if is_letter(last) else last in JOINERS and is_letter(first)
    return not joined
