"""Steps on CUDA, recorded once as a graph and replayed: the time of a small step is that of starting its kernels.

A graph works at fixed addresses and in one shape. So states are copied in and out, and every step has `ROWS` rows, of
which some may be unused: fewer cost a GPU as much. That also makes a row's bits the same whatever stands beside it,
as a product of another shape may be summed in another order: a take can be made again alone.
"""

import threading
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from engine.stack import State

ROWS = 64  # streams of a graph; more are stepped in several goes
_RECORDING = threading.Lock()  # torch records one graph at a time in a process
WARM_UPS = 3  # runs before recording, in which libraries choose their kernels and take their memory

Work = Callable[[Tensor, State], tuple[Tensor, Tensor, State]]  # ids (B,), state → outputs (B, H), logits, state
Recorded = tuple[Sequence[Tensor], Callable[[], None]]  # tensors, and what computes them anew
Recorder = Callable[[Callable[[], Sequence[Tensor]]], Recorded]


def record_on_cuda(work: Callable[[], Sequence[Tensor]]) -> Recorded:
    """Records what `work` starts on the current CUDA device, which must not depend on values or make shapes of them.

    Raises `RuntimeError` where it can't be recorded.
    """
    here = torch.cuda.current_stream()
    with _RECORDING:
        try:
            aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            aside.wait_stream(here)
            with torch.cuda.stream(aside):
                for _ in range(WARM_UPS):
                    work()
            here.wait_stream(aside)
            graph = torch.cuda.CUDAGraph()
            # Other threads of the service may be reading or stepping meanwhile.
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                results = work()
        except BaseException:
            torch.cuda.set_stream(here)  # a recording that fails leaves this thread on the stream of recordings
            raise
    return results, graph.replay


def run_again(work: Callable[[], Sequence[Tensor]]) -> Recorded:
    """What stands in for a recording where there can be none: the same results at the same addresses, by doing it."""
    results = [result.clone() for result in work()]

    def replay() -> None:
        for kept, new in zip(results, work(), strict=True):
            kept.copy_(new)

    return results, replay


class RecordedSteps:
    """A `Work` that is recorded at its first call, for any number of rows. May be called from several threads.

    Where it can't be recorded it is done, in the same shape.
    """

    def __init__(self, work: Work, start: State, record: Recorder = record_on_cuda) -> None:
        """`start` is a state of `ROWS` rows before any text: it tells shapes and device."""
        self._work = work
        self._record = record
        self._shape = [len(layer) for layer in start]
        self._ids = torch.zeros(ROWS, dtype=torch.int64, device=start[0][0].device)
        self._before = torch.stack([part for layer in start for part in layer])  # (parts, ROWS, H)
        self._recorded: Recorded | None = None
        self._lock = threading.Lock()

    def __call__(self, ids: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        parts = torch.stack([part for layer in state for part in layer])
        goes = [self._go(*rows) for rows in zip(torch.split(ids, ROWS), torch.split(parts, ROWS, dim=1), strict=True)]
        hidden, logits, after = goes[0] if len(goes) == 1 else _joined(goes)
        return hidden, logits, self._as_state(after)

    def _go(self, ids: Tensor, parts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows = len(ids)
        with self._lock:
            self._ids[:rows].copy_(ids)
            self._before[:, :rows].copy_(parts)
            if self._recorded is None:
                self._recorded = self._make_recording()
            (hidden, logits, after), replay = self._recorded
            replay()
            return hidden[:rows].clone(), logits[:rows].clone(), after[:, :rows].clone()

    def _make_recording(self) -> Recorded:
        try:
            return self._record(self._at_fixed_places)
        except RuntimeError:  # an old driver, or an operation that waits for the device
            return run_again(self._at_fixed_places)

    def _at_fixed_places(self) -> Sequence[Tensor]:
        hidden, logits, state = self._work(self._ids, self._as_state(self._before))
        return hidden, logits, torch.stack([part for layer in state for part in layer])

    def _as_state(self, parts: Tensor) -> State:
        each = iter(parts)
        return [tuple(next(each) for _ in range(count)) for count in self._shape]


def _joined(goes: Sequence[tuple[Tensor, Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    hidden, logits, after = zip(*goes, strict=True)
    return torch.cat(hidden), torch.cat(logits), torch.cat(after, dim=1)
