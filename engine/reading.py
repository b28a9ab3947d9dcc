"""One model's reading of a document that is being edited: the state at any place of it, at once or exactly.

Exact states lie at every `BLOCK` tokens from the document's beginning up to where the model has read, and after an
edit only up to there. What lay behind the edit is kept as an old state: it is off by what the edit changes, which a
recurrent model forgets. So a quick context reads the last tokens from the nearest state, exact or old, and says that it
is quick.

The model also keeps those states under a digest of all that stands before them (`engine.snapshots`). Where a later edit
brings that text back, as when the writer goes to another branch and returns, they are exact again without being read.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from corpora.tokenizers import Ids
from engine.context import RECENT, Context
from engine.decoder import BLOCK, TAIL, Decoder
from engine.device import idle_cores, threads
from engine.encoded_text import EncodedText
from engine.jobs import Job
from engine.models import LoadedModel
from engine.snapshots import MEMORY
from engine.stack import State
from engine.states import size
from engine.trail import Trail

QUICK = 2000  # characters that a quick context reads
PATIENCE = 0.05  # seconds between two looks whether one is still wanted
EDITS = 32  # remembered: what was read meanwhile is of use up to the first of them
NEAR = 1500  # tokens behind an edit in which old states are worth less than none


@dataclass(frozen=True)
class _Plan:
    """What must be read for a context."""

    ids: Ids  # from `start` on
    start: int
    state: State
    exact: bool
    recent: tuple[int, ...]
    revision: int
    certain: int  # places up to this have the ids of the whole text before them


class Reading:
    """A document's ids and states. Safe from several threads; none waits while another reads with the model."""

    def __init__(self, model: LoadedModel, text: str) -> None:
        self.model = model
        self._decoder: Decoder = model.decoder
        self._remembered = model.snapshots
        self._text = EncodedText(model.tokenizer, text)
        self._trail = Trail(self._text)
        self._lock = threading.Lock()
        self._revision = 0
        self._edits: deque[tuple[int, int]] = deque(maxlen=EDITS)  # the last revisions, and where each begins
        self._exact: list[State] = []  # number n is the state after (n + 1) * BLOCK tokens
        self._places: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)  # of old states, in order
        self._old: list[State] = []
        self._last: tuple[int, int, Context] | None = None  # place, revision and the context there: asked for twice
        self._under_way: dict[tuple[int, int], threading.Event] = {}  # places and revisions that are being read
        self._most = max(1, MEMORY // size(self._decoder.zero_state()))

    def edit(self, start: int, end: int, text: str) -> None:
        """Replaces the characters from `start` to `end`; states behind the edit become old ones."""
        with self._lock:
            change = self._text.edit(start, end, text)
            if change.old == change.new == 0:
                return
            self._revision += 1
            self._edits.append((self._revision, change.first))
            kept = change.first // BLOCK
            behind = [(number + 1) * BLOCK for number in range(kept, len(self._exact))]
            self._keep_old(behind, self._exact[kept:])
            self._leave(kept)
            self._trail.edited(change.first)
            before = self._places <= change.first
            far = self._places > change.first + change.old + NEAR
            keep = np.flatnonzero(before | far)
            self._old = [self._old[number] for number in keep.tolist()]
            shift = np.where(far[keep], change.new - change.old, 0)
            self._places = self._places[keep] + shift

    def context(
        self, offset: int, before: str, job: Job, *, exact: bool = False, still: Callable[[], object] = lambda: None
    ) -> Context:
        """The context at an offset; `before` is the text next to it. Quick where reading all of it would take long.

        With `exact` it waits until everything before the offset is read, unless its states are more than memory is
        kept for. `still` is called now and then, and raises what ends the work when the text has become another.
        Raises `JobCancelled`.
        """
        while True:
            job.check()
            still()
            with self._lock:
                plan, last, asked = self._plan(offset), self._last, (offset, self._revision)
                other = self._under_way.get(asked)
                here = plan is not None and last is not None and last[:2] == asked
            if here and plan is not None and last is not None and (last[2].exact or not (exact or plan.exact)):
                return last[2]
            if plan is None:
                return Context(self._decoder.start_logits(), self._decoder.zero_state(), (), before)
            if other is not None:  # reads just this: both at once would take each other's time
                other.wait(PATIENCE)
            elif plan.exact or not exact or not self.advance(plan.certain):
                with self._reads(asked):
                    context = self._follow(plan, before, job, still)
                    with self._lock:
                        self._last = offset, plan.revision, context
                return context

    @contextmanager
    def _reads(self, asked: tuple[int, int]) -> Iterator[None]:
        """Lets others who ask about the same place wait meanwhile."""
        done = threading.Event()
        with self._lock:
            self._under_way[asked] = done
        try:
            yield
        finally:
            with self._lock:
                self._under_way.pop(asked, None)
            done.set()

    def close(self) -> None:
        """Nobody will ask any more; what was read stays with the model."""
        with self._lock:
            self._leave(0)

    def advance(self, upto: int, cores: int = 0, pause: Callable[[], object] = lambda: None) -> bool:
        """Reads one more block of the document, up to the place `upto`; False where there is nothing left to read.

        On so many cores, or all that are idle: a state has the same bits however many read it. Calls `pause` now and
        then, which may take its time.
        """
        with self._lock:
            self._return(min(upto, len(self._text)))
            number, revision = len(self._exact), self._revision
            end = (number + 1) * BLOCK
            if end > min(upto, len(self._text)) or number >= self._most:
                return False
            ids = self._text.ids(end - BLOCK, end)
            state = self._exact[-1] if self._exact else self._decoder.zero_state()
        piece = TAIL if self._decoder.reads_in_pieces else BLOCK
        for start in range(0, BLOCK, piece):
            pause()
            with threads(cores or idle_cores()):
                _, state = self._decoder.prefill(_column(ids[start : start + piece], self._decoder), state)
        with self._lock:
            if revision == self._revision and number == len(self._exact):
                self._append(state)
        return True

    def place(self, offset: int) -> int:
        """How many tokens stand before an offset."""
        with self._lock:
            same, rest = self._text.before(offset)
            return same + len(rest)

    def _plan(self, offset: int) -> _Plan | None:
        """Where to begin for this offset. None where nothing stands before it."""
        certain, rest = self._text.before(offset)
        total = certain + len(rest)
        if total == 0:
            return None
        self._return(min(total - 1, certain))
        block = min((total - 1) // BLOCK, certain // BLOCK, len(self._exact))
        start = block * BLOCK
        state = self._exact[block - 1] if block else self._decoder.zero_state()
        exact = True
        whole = (total - 1) // BLOCK * BLOCK  # where the last block, which is read in parts, begins
        if start == whole and total - whole < BLOCK:
            for place in range(min(certain, total - 1) // TAIL * TAIL, whole, -TAIL):
                if (fine := self._remembered.recall(self._trail.digest(place))) is not None:
                    start, state = place, fine
                    break
        if total - start > BLOCK and total - start > (quick := self._quick(offset)):
            exact = False
            start, state = self._nearest(start, state, min(certain, total - 1), total - quick)
        ids = np.concatenate((self._text.ids(start, certain), rest)) if start < certain else rest
        recent = np.concatenate((self._text.ids(max(0, certain - RECENT), certain), rest))[-RECENT:]
        return _Plan(ids, start, state, exact, tuple(recent.tolist()), self._revision, certain)

    def _quick(self, offset: int) -> int:
        """How many tokens the last characters before the offset are that a quick context reads."""
        first, some = self._text.before(max(0, offset - QUICK))
        last, rest = self._text.before(offset)
        return last + len(rest) - first - len(some)

    def _nearest(self, start: int, state: State, most: int, least: int) -> tuple[int, State]:
        """The nearest old state, where that is nearer than an exact one; and no more to read than is quick."""
        number = int(self._places.searchsorted(most, side="right")) - 1
        if number >= 0 and self._places[number] > start:
            start, state = int(self._places[number]), self._old[number]
        return max(start, min(least, most)), state

    def _follow(self, plan: _Plan, before: str, job: Job, still: Callable[[], object]) -> Context:
        """Reads what the plan says and remembers what is worth it."""
        state, start, ids = plan.state, plan.start, plan.ids
        end = start + len(ids)
        found: list[tuple[int, State]] = []
        with threads(idle_cores()):
            while (cut := self._next_cut(start, end, plan.exact)) < end:
                job.check()
                _, state = self._decoder.prefill(_column(ids[: cut - start], self._decoder), state)
                ids, start = ids[cut - start :], cut
                if start <= plan.certain:
                    found.append((start, state))
                    if plan.revision != self._revision:
                        self._remember(found, plan)
                        still()
            job.check()
            logits, state = self._decoder.prefill(_column(ids, self._decoder), state)
        self._remember(found, plan)
        return Context(logits, state, plan.recent, before, exact=plan.exact)

    def _next_cut(self, start: int, end: int, exact: bool) -> int:
        """Where the next part ends: as `Decoder.prefill` cuts, so that exact states have its bits."""
        whole = (end - 1) // BLOCK * BLOCK
        if start < whole:
            return min(start // BLOCK * BLOCK + BLOCK, whole)
        if exact and end - whole == BLOCK:
            return end
        return min(start // TAIL * TAIL + TAIL, end)

    def _remember(self, found: list[tuple[int, State]], plan: _Plan) -> None:
        with self._lock:
            first = min((place for revision, place in self._edits if revision > plan.revision), default=None)
            if first is not None:  # what stands before the edits made since is as it was
                found = [(place, state) for place, state in found if place <= first]
            if plan.revision + len(self._edits) < self._revision:
                return
            if not plan.exact:
                self._keep_old([place for place, _ in found[-1:]], [state for _, state in found[-1:]])
                return
            for place, state in found:
                if place % BLOCK == 0:
                    if place // BLOCK == len(self._exact) + 1 and len(self._exact) < self._most:
                        self._append(state)
                else:
                    self._remembered.remember([self._trail.digest(place)], [state])

    def _append(self, state: State) -> None:
        """One more exact state. The digest of what stands before it is made while that stands there."""
        self._exact.append(state)
        place = len(self._exact) * BLOCK
        self._trail.digest(place)
        gone = int(self._places.searchsorted(place, side="right"))
        if gone:
            self._places, self._old = self._places[gone:], self._old[gone:]

    def _leave(self, kept: int) -> None:
        """Keeps so many exact states; the model remembers the others."""
        digests = [self._trail.digest((number + 1) * BLOCK) for number in range(kept, len(self._exact))]
        self._remembered.remember(digests, self._exact[kept:])
        del self._exact[kept:]

    def _return(self, upto: int) -> None:
        """Takes back what the model remembers of the text as it is now, up to the place `upto`."""
        while (place := (len(self._exact) + 1) * BLOCK) <= upto and len(self._exact) < self._most:
            state = self._remembered.recall(self._trail.digest(place))
            if state is None:
                return
            self._append(state)

    def _keep_old(self, places: list[int], states: list[State]) -> None:
        if not places:
            return
        merged = dict(zip(self._places.tolist(), self._old, strict=True)) | dict(zip(places, states, strict=True))
        kept = sorted(merged)[-self._most :]
        self._places = np.array(kept, dtype=np.int64)
        self._old = [merged[place] for place in kept]


def _column(ids: Ids, decoder: Decoder) -> torch.Tensor:
    """Ids (T,) as one stream, (T, 1)."""
    return torch.from_numpy(ids.astype(np.int64)).to(decoder.device)[:, None]
