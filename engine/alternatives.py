"""The likeliest words at a place, from models of any unit: rolled forward, token by token, to the words' ends.

Best-first: always the likeliest beginnings are read on, many in one batch. A beginning's words can't be likelier than
the beginning, so once none is likelier than the last word wanted, what was found is certain. Work is bounded; where the
bound is reached first, the answer says that it isn't.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from corpora.boundaries import JOINERS, is_letter, is_mark, stands_alone
from corpora.tokenizers import Tokenizer
from engine.backward import REPLACEMENT
from engine.context import Context
from engine.decoder import Decoder
from engine.jobs import Job
from engine.stack import State
from engine.states import fork, join, select

BATCH = 32  # beginnings read on at once
ROUNDS = 60  # times that this is done, at most
FANOUT = 200  # continuations of one beginning, at most
LEAST = 1e-7  # beginnings less likely than this are left alone
_EDGES = " \n"


@dataclass(frozen=True)
class Words:
    """Words and their probabilities, likeliest first."""

    found: list[tuple[str, float]]
    certain: bool


class Pieces:
    """What each token of a vocabulary may do to a word: go on with it, or end it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.texts = [tokenizer.decode([token]) for token in range(tokenizer.vocabulary)]
        # Those of word and bpe models bring the space before the word.
        self.opens = np.array(
            [_is_word(text.lstrip(_EDGES)) and text.lstrip(_EDGES)[0] not in JOINERS for text in self.texts]
        )
        self.inside = np.array([_is_word(text) or (text != "" and text in JOINERS) for text in self.texts])
        self.ends = np.array([bool(text) and not inside for text, inside in zip(self.texts, self.inside, strict=True)])


@dataclass(order=True)
class _Beginning:
    rank: float  # the heap's least is read on first
    number: int
    worth: float = 0.0  # minus its log-probability
    text: str = ""
    token: int = -1
    state: State | None = None  # of one stream, before `token`


@torch.inference_mode()
def likeliest_words(decoder: Decoder, pieces: Pieces, context: Context, count: int, job: Job) -> Words:
    """The `count` likeliest words after a context. Raises `JobCancelled`."""
    words: dict[str, float] = defaultdict(float)
    heap: list[_Beginning] = []
    counter = 0

    def branch(text: str, worth: float, logs: npt.NDArray[np.float64], state: State) -> None:
        """Puts the likeliest tokens of logs (V,) that may follow `text`, worth so many nats, among the open ends."""
        nonlocal counter
        allowed = pieces.inside if text else pieces.opens
        likely = np.flatnonzero(allowed & (worth - logs < -np.log(LEAST)))
        for token in likely[np.argsort(-logs[likely], kind="stable")[:FANOUT]].tolist():
            counter += 1
            cost = worth - float(logs[token])
            # An apostrophe after a word may not belong to it: it is looked behind together with the word.
            rank = worth if pieces.texts[token] in JOINERS and is_letter(text[-1:] or " ") else cost
            heapq.heappush(heap, _Beginning(rank, counter, cost, text + pieces.texts[token], token, state))

    branch("", 0.0, _logs(context.logits)[0], context.state)
    for _ in range(ROUNDS):
        job.check()
        least = _least(words, count)
        some = [heapq.heappop(heap) for _ in range(min(BATCH, len(heap))) if np.exp(-heap[0].rank) > least]
        if not some:
            return Words(_best(words, count), certain=not heap or len(words) >= count)
        state = join([beginning.state for beginning in some if beginning.state is not None])
        ids = torch.tensor([beginning.token for beginning in some], device=decoder.device)
        if len(some) == 1:
            state, ids = fork(state, 2), ids.repeat(2)  # a batch's bits, as in `engine.takes`
        logits, after = decoder.step(ids, state)
        for row, (beginning, logs) in enumerate(zip(some, _logs(logits), strict=False)):
            here = beginning.text.strip(_EDGES)
            if stands_alone(here[-1:] or " "):
                words[here] += float(np.exp(-beginning.worth))
                continue
            ended = float(np.exp(logs[pieces.ends]).sum())
            if word := here.rstrip(JOINERS):
                words[word] += float(np.exp(-beginning.worth)) * ended
            branch(beginning.text, beginning.worth, logs, select(after, [row]))
    return Words(_best(words, count), certain=False)


@torch.inference_mode()
def probability_of(decoder: Decoder, tokenizer: Tokenizer, pieces: Pieces, context: Context, word: str) -> float:
    """That just this word (with the space before it, where the context has none) stands here and ends."""
    logs, state = _logs(context.logits)[0], fork(context.state, 2)
    total = 0.0
    for token in tokenizer.encode(word).tolist():
        total += float(logs[token])
        logits, state = decoder.step(torch.tensor([token] * 2, device=decoder.device), state)
        logs = _logs(logits)[0]
    ended = 1.0 if stands_alone(word[-1:] or " ") else float(np.exp(logs[pieces.ends]).sum())
    return float(np.exp(total)) * ended


def word_at(text: str, offset: int) -> tuple[int, int]:
    """Where the word at a caret, be it inside or at an edge, begins and ends; both the caret where there is none."""
    if offset < len(text) and stands_alone(text[offset]):
        end = offset + 1
        while end < len(text) and is_mark(text[end]):
            end += 1
        return offset, end

    def inside(place: int) -> bool:
        if not 0 <= place < len(text) or stands_alone(text[place]):
            return False
        if is_letter(text[place]):
            return True
        joins = text[place] in JOINERS and 0 < place < len(text) - 1
        return joins and is_letter(text[place - 1]) and is_letter(text[place + 1])

    start = end = offset
    while inside(start - 1):
        start -= 1
    while inside(end):
        end += 1
    return start, end


def _is_word(text: str) -> bool:
    return (
        bool(text)
        and REPLACEMENT not in text
        and all(is_letter(each) or each in JOINERS for each in text)
        and (any(is_letter(each) for each in text))
    )


def _logs(logits: torch.Tensor) -> npt.NDArray[np.float64]:
    logs: npt.NDArray[np.float64] = torch.log_softmax(logits.float(), -1).double().cpu().numpy()
    return logs


def _least(words: dict[str, float], count: int) -> float:
    """What a beginning must be worth for a word of it to be among the best."""
    return heapq.nlargest(count, words.values())[-1] if len(words) >= count else 0.0


def _best(words: dict[str, float], count: int) -> list[tuple[str, float]]:
    return sorted(words.items(), key=lambda each: (-each[1], each[0]))[:count]
