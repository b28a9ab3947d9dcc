"""Trainers that have a share of the streams, and take every step together with the others."""

import contextlib
from collections.abc import Iterator
from typing import cast

import msgspec
import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from engine.crew import Crew, Order, reaching
from engine.objective import Carried
from engine.ranks import RankLostError
from engine.training import Everywhere, Step, Trainer, random_state, set_random_state


class RankTrainer(Trainer):
    """A trainer that has a share of the streams. `join` it to a crew before its first step."""

    crew: Crew

    def join(self, crew: Crew) -> None:
        """Shares gradients with the others from now on, beginning with rank 0's weights. Raises `RankLostError`."""
        self.crew = crew
        some_unused = self.model.config.softmax == "adaptive"  # a cluster is used where a target is in it
        self.objective = crew.wrap(self.objective, self.device, some_unused=some_unused)

    def part(self, *, last: bool) -> contextlib.AbstractContextManager[None]:
        """Gradients travel once a step, after the last part."""
        if last:
            return contextlib.nullcontext()
        return cast(DistributedDataParallel, self.objective).no_sync()

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all ranks. Raises `RankLostError`."""
        return self.crew.mean(values)

    def collect(self) -> Everywhere:
        """On rank 0 what all ranks have; elsewhere, where it is only sent, nothing. Raises `RankLostError`."""
        states = self.crew.gather(flat(self.carried))
        mine = random_state(self.device)
        kinds = {kind: self.crew.gather(state) for kind, state in mine.items()}
        if not states:
            return Everywhere([], [])
        random = [{kind: by_rank[rank] for kind, by_rank in kinds.items()} for rank in range(self.place.ranks)]
        return Everywhere(unflat(torch.cat(states), self.carried).tensors(), random)

    def share_weights(self) -> None:
        """Everybody takes rank 0's weights."""
        for parameter in self.parameters:
            self.crew.share(parameter.detach())


class Leader(RankTrainer):
    """Rank 0's: every step is one of all ranks. Where one is lost, the trainer is left as after its last whole step."""

    lost = False

    def advance(self, progress: float) -> Step:
        """Has all ranks take one step. Raises `RankLostError`, with text, states and random numbers put back."""
        epoch, column, carried = self.streams.epoch, self.streams.column, self.carried
        random = random_state(self.device)
        try:
            with reaching():
                self.crew.order(Order.STEP, progress)
                return super().advance(progress)
        except RankLostError:
            self.lost = True
            self.streams.seek(epoch, column)
            self.carried = carried
            set_random_state(self.device, random)
            raise

    def collect(self) -> Everywhere:
        """Without the others, the states of their streams are zero."""
        if not self.lost:
            with self._noticing():
                self.crew.order(Order.COLLECT)
                return super().collect()
        others = self.streams.shape.batch - self.streams.share
        whole = self.carried.map(lambda part: torch.cat((part, part.new_zeros(others, part.shape[1]))))
        return Everywhere(whole.tensors(), [random_state(self.device)])

    def return_to(self, weights: dict[str, Tensor]) -> None:
        """As a trainer alone, and the others take the same weights. Raises `RankLostError`."""
        super().return_to(weights)
        self._ask(Order.RETURN)
        with self._noticing():
            self.share_weights()

    def adopt(self, *, learning_rate: float, dropout: float, rate_scale: float) -> None:
        """As a trainer alone, and so do the others. Raises `RankLostError`."""
        super().adopt(learning_rate=learning_rate, dropout=dropout, rate_scale=rate_scale)
        self._ask(Order.ADOPT)
        with self._noticing():
            self.crew.send(msgspec.json.encode((learning_rate, dropout, rate_scale)))

    def wait(self) -> None:
        """Lets the others know that rank 0 is still there. Raises `RankLostError`."""
        self._ask(Order.WAIT)

    def dismiss(self) -> None:
        """As a trainer alone; and lets the others go, and closes the channels."""
        super().dismiss()
        with contextlib.suppress(RankLostError):  # everything is saved
            self._ask(Order.END)
        self.crew.leave()

    def _ask(self, order: Order) -> None:
        with self._noticing():
            self.crew.order(order)

    @contextlib.contextmanager
    def _noticing(self) -> Iterator[None]:
        """Remembers that a rank was lost, so that nothing more is asked of the others."""
        try:
            yield
        except RankLostError:
            self.lost = True
            raise


def flat(carried: Carried) -> Tensor:
    """All states side by side, float32 on the CPU: (B, sum of their widths)."""
    return torch.cat([part.detach().float().cpu() for part in carried.tensors()], dim=1)


def unflat(states: Tensor, like: Carried) -> Carried:
    """The states (B, …) that `flat` put side by side, of the kinds and on the device of `like`; any B."""
    parts = iter(torch.split(states, [part.shape[1] for part in like.tensors()], dim=1))
    return like.map(lambda part: next(parts).to(part).contiguous())
