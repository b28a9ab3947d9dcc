"""What the engine service does for each request that needs a model."""

import math
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path

import msgspec
import torch

from corpora.cleaning.cleaner import Cleaner
from corpora.encoding import decode_file, find_encoding
from corpora.errors import InputError
from engine.context import Context
from engine.device import begin_thread, idle_cores, threads
from engine.generation import Continuation
from engine.infilling import fill
from engine.jobs import Foreground, Job, JobCancelled, NotifyAll
from engine.model import Side
from engine.models import LoadedModel
from engine.protocol import (
    Done,
    Infilled,
    InfillParams,
    NextParams,
    NextToken,
    NextTokens,
    Reason,
    Score,
    ScoreParams,
    StreamParams,
    Token,
)
from engine.ranking import Limits
from engine.sampling import shape
from engine.scoring import make_score, total_nats
from engine.settings import Dials

GetContext = Callable[[], Context]
TOGETHER = 0.01  # seconds within which tokens are sent together: an app that wakes up for each paints no frames
LATE = 0.05  # seconds that a stream may be behind its pace and catch up
EARLY = 0.002  # seconds that a token may come too soon: shorter waits take longer than they say


class Streaming(threading.Thread):
    """One stream: a thread that sends a ``token`` for each piece at the dials' pace, then ``done``."""

    def __init__(
        self,
        number: int,
        model: LoadedModel,
        params: StreamParams,
        notify: NotifyAll,
        running: MutableMapping[int, "Streaming"],
        context: GetContext,
        foreground: Foreground,
        job: Job,
    ) -> None:
        super().__init__(name=f"stream {number}", daemon=True)
        self.number = number
        self._params = params
        self._notify = notify
        self._running = running
        self._cancelled = threading.Event()
        self._turned = threading.Event()
        self._foreground = foreground
        self._job = job  # the reading before the first token
        self._get_context = context
        self._exact = True
        self._due = 0.0  # when the next token is to come
        self._unsent: list[Token] = []
        self._sent = 0.0  # when tokens were sent last
        side: Side = "back" if params.backward else "ahead"
        self._continuation = Continuation(
            model.side(side),
            model.tokenizer,
            "",
            dials=params.dials,
            seed=params.seed,
            length=params.length,
            stop=params.stop,
            turns=params.turns,
            context=self._context,
        )

    def set_dials(self, dials: Dials) -> None:
        """From the next token on."""
        self._continuation.dials = dials
        self._turned.set()

    def cancel(self) -> None:
        """Ends the stream before its next token, and the reading before its first."""
        self._job.cancel()
        self._cancelled.set()
        self._turned.set()

    def run(self) -> None:
        """Writes token by token until an end or a cancellation; tells of failures itself, and raises nothing."""
        began = time.monotonic()
        tokens = characters = 0
        reason: Reason = "error"
        failure = ""
        dials = self._params.dials
        begin_thread()
        try:
            pieces = iter(self._continuation)
            while True:
                with self._foreground():
                    piece = next(pieces, None)
                if piece is None:
                    break
                self._unsent.append(
                    Token(
                        stream=self.number,
                        index=tokens,
                        id=piece.id,
                        text=piece.text,
                        probability=piece.probability if self._params.probabilities else None,
                        dials=piece.dials if _differ(piece.dials, dials) else None,
                        exact=self._exact or tokens > 0,
                    )
                )
                dials = piece.dials
                tokens += 1
                characters += len(piece.text)
                self._keep_pace()
                if self._cancelled.is_set():
                    break
            reason = "cancelled" if self._cancelled.is_set() else self._continuation.reason
        except InputError as error:
            failure = str(error)
        except JobCancelled:
            reason = "cancelled"
        except Exception as error:
            failure = f"The engine failed at this text ({type(error).__name__}: {error})."
        self._send()
        self._running.pop(self.number, None)
        tail = self._continuation.tail
        done = Done(
            stream=self.number,
            reason=reason,
            tokens=tokens,
            characters=characters + len(tail),
            seconds=time.monotonic() - began,
            exact=self._exact,
            text=tail,
            error=failure,
        )
        self._notify([("done", done)])

    def _context(self) -> Context:
        context = self._get_context()
        self._exact = context.exact
        return context

    def _keep_pace(self) -> None:
        """Sends what is there once in a moment, and before a longer wait; then waits until the next token is due.

        A turned dial may bring that forward. What is late is caught up with, within bounds.
        """
        now = time.monotonic()
        self._due = max(self._due, now - LATE) + self._wait()
        if max(self._due, now) - self._sent >= TOGETHER:
            self._send()
        while not self._cancelled.is_set() and (left := self._due - time.monotonic()) > EARLY:
            if self._turned.wait(left):
                self._turned.clear()
                self._due = min(self._due, now + self._wait())

    def _wait(self) -> float:
        """Seconds between two tokens."""
        pace = self._continuation.dials.pace
        return 1.0 / pace if pace > 0 else 0.0

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent:
            self._notify([("token", token) for token in unsent])
        self._sent = time.monotonic()


def _differ(some: Dials, others: Dials) -> bool:
    """Whether a text depends on which of these it is written with: it doesn't on the pace."""
    return some is not others and msgspec.structs.replace(some, pace=others.pace) != others


@torch.inference_mode()
def next_tokens(model: LoadedModel, context: Context, params: NextParams) -> NextTokens:
    """The likeliest tokens after a context, under the undistorted model and under the dials."""
    row = context.logits[0].float().cpu()
    probabilities = torch.softmax(row, 0)
    dialled = None
    if params.dials is not None:
        params.dials.check()
        dialled = shape(row.numpy(), params.dials)
    top = probabilities.topk(max(1, min(params.count, len(probabilities))))
    entropy = -(probabilities * probabilities.clamp_min(1e-30).log()).sum().item() / math.log(2)
    return NextTokens(
        tokens=tuple(
            NextToken(
                id=token,
                text=model.tokenizer.piece(token),
                probability=probability,
                dialled=float(dialled[token]) if dialled is not None else None,
            )
            for token, probability in zip(top.indices.tolist(), top.values.tolist(), strict=True)
        ),
        entropy=entropy,
        exact=context.exact,
    )


def score_text(model: LoadedModel, params: ScoreParams, job: Job) -> Score:
    """Scores a text or a file, cleaned as the corpora are.

    Raises `InputError`, also for a file that is not text, and `JobCancelled`.
    """
    if (params.text is None) == (params.path is None):
        raise InputError("Give either a text or a file to score.")
    chunks = iter([params.text]) if params.text is not None else _read(Path(params.path or ""))
    counter = _Counter(Cleaner().clean(chunks))
    with threads(idle_cores()):
        nats, tokens = total_nats(model.decoder, model.tokenizer.encode_chunks(counter), job.check)
    return make_score(nats, tokens=tokens, characters=counter.characters, size=counter.bytes)


def infill(model: LoadedModel, params: InfillParams, job: Job) -> Infilled:
    """Texts for a gap. Raises `InputError` and `JobCancelled`."""
    limits = Limits(1, params.max_length) if params.length is None else Limits(params.length, params.length)
    takes = fill(
        model,
        params.left,
        params.right,
        limits,
        takes=params.takes,
        dials=params.dials,
        seed=check_seed(params.seed),
        job=job,
    )
    return Infilled(takes=tuple(takes))


def check_seed(seed: int) -> int:
    """The same seed. Raises `InputError` where no random generator takes it."""
    if not 0 <= seed < 2**63:
        raise InputError(f"The RNG seed is {seed}; it must be between 0 and {2**63 - 1}.")
    return seed


def _read(path: Path) -> Iterator[str]:
    try:
        yield from decode_file(path, find_encoding(path))
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror or error}).") from error


class _Counter:
    """Lets chunks of a text through, and knows afterwards how long it was."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self.characters = 0
        self.bytes = 0

    def __iter__(self) -> Iterator[str]:
        for chunk in self._chunks:
            self.characters += len(chunk)
            self.bytes += len(chunk.encode("utf-8", "surrogatepass"))
            yield chunk
