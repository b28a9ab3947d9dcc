"""The channels between the processes that train one model together.

Nothing that ranks send each other is pickled: JSON and tensors only.
"""

import contextlib
import enum
import os
import re
from collections.abc import Iterator
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from engine.log import log
from engine.ranks import Place, RankLostError

# A killed process is noticed at once, by its closed connections. The limits are for machines that vanish silently.
STEP_LIMIT = 120.0  # seconds that ranks wait for each other inside a step
REST_LIMIT = 3600.0  # seconds that the others wait for rank 0's next order, and all for the slowest preparation
REPORT = 1000  # bytes of a report, at most
# What gloo, NCCL and the store say where a connection ends; torch raises most of it as a plain RuntimeError.
LOST = re.compile(r"gloo|nccl|pair closure|connection|timed out|socket", re.IGNORECASE)


class Order(enum.IntEnum):
    """What rank 0 tells the others to do next."""

    STEP = 0  # one training step at this progress
    COLLECT = 1  # send what a checkpoint keeps of each rank
    RETURN = 2  # take rank 0's weights, after a loss that exploded
    WAIT = 3  # nothing; rank 0 is still there
    END = 4
    ADOPT = 5  # take the learning rate and the dropout that rank 0 sends


@contextlib.contextmanager
def reaching() -> Iterator[None]:
    """Turns what torch raises where another rank can't be reached into `RankLostError`."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or not (
            isinstance(error, dist.DistError) or LOST.search(str(error))
        ):
            raise
        log(f"Another rank can't be reached: {str(error).splitlines()[0]}")
        raise RankLostError from error


class Crew:
    """The channels between the ranks, used by all in the same order. Every use may raise `RankLostError`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        limit = float(os.environ.get("PANTOUM_RANK_LIMIT") or STEP_LIMIT)
        step, rest = timedelta(seconds=limit), timedelta(seconds=REST_LIMIT)
        with reaching():
            dist.init_process_group("gloo", timeout=rest)
            self._steps = dist.new_group(backend="gloo", timeout=step)
            # Between two orders rank 0 may evaluate for minutes; an order itself is heard within a step's time.
            self._orders = dist.new_group(backend="gloo", timeout=step if place.rank == 0 else rest)
        self._limit = step
        self._gradients = self._steps

    def wrap(self, objective: torch.nn.Module, device: torch.device, *, some_unused: bool) -> DistributedDataParallel:
        """The objective with gradients that are means over all ranks, and with rank 0's weights.

        `some_unused` says that there are parameters that not every step needs.
        """
        with reaching():
            if device.type == "cuda":
                self._gradients = dist.new_group(backend="nccl", timeout=self._limit)
            return DistributedDataParallel(
                objective,
                process_group=self._gradients,
                find_unused_parameters=some_unused,
            )

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all ranks, the same to the bit on all of them."""
        with reaching():
            dist.all_reduce(values, group=self._gradients)
        return values / self.place.ranks

    def share(self, value: Tensor) -> Tensor:
        """Rank 0's value, in place, on the device of the training."""
        with reaching():
            dist.broadcast(value, 0, group=self._gradients)
        return value

    def order(self, order: Order, progress: float = 0.0) -> None:
        """Rank 0's side of `hear`."""
        with reaching():
            dist.broadcast(torch.tensor([float(order), progress], dtype=torch.float64), 0, group=self._orders)

    def hear(self) -> tuple[Order, float]:
        """The next order, and the share of the budget that is spent."""
        message = torch.zeros(2, dtype=torch.float64)
        with reaching():
            dist.broadcast(message, 0, group=self._orders)
        order, progress = message.tolist()
        return Order(int(order)), progress

    def gather(self, value: Tensor) -> list[Tensor]:
        """Every rank's value on the CPU, by rank; on rank 0 only, elsewhere nothing."""
        every = [torch.empty_like(value) for _ in range(self.place.ranks)] if self.place.rank == 0 else None
        with reaching():
            dist.gather(value, every, 0, group=self._steps)
        return every or []

    def send(self, message: bytes) -> None:
        """Rank 0's side of `receive`."""
        with reaching():
            dist.broadcast(torch.tensor([len(message)]), 0)
            if message:
                dist.broadcast(torch.frombuffer(bytearray(message), dtype=torch.uint8), 0)

    def receive(self) -> bytes:
        """What rank 0 sent; waits long, since it may be encoding a large corpus."""
        length = torch.zeros(1, dtype=torch.int64)
        with reaching():
            dist.broadcast(length, 0)
            message = torch.empty(int(length), dtype=torch.uint8)
            if len(message):
                dist.broadcast(message, 0)
        return message.numpy().tobytes()

    def report(self, problem: str = "") -> list[str]:
        """Says whether this rank is ready, or why not. Rank 0 gets every rank's problem; waits for the slowest."""
        text = problem.encode()[:REPORT].ljust(REPORT)
        mine = torch.frombuffer(bytearray(text), dtype=torch.uint8)
        every = [torch.empty_like(mine) for _ in range(self.place.ranks)] if self.place.rank == 0 else None
        with reaching():
            dist.gather(mine, every, 0)
        return [part.numpy().tobytes().decode(errors="replace").strip() for part in every or []]

    def leave(self) -> None:
        """Closes the channels. The others must be at their end too."""
        with contextlib.suppress(RankLostError):
            self.gather(torch.zeros(1))  # so that nobody hangs up on one who is still listening
        with contextlib.suppress(RuntimeError):
            dist.destroy_process_group()
