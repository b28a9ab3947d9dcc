"""Several processes that train one model together, as ``torchrun`` starts them.

Rank 0 runs the training as if it were alone: it decides everything, and it alone writes the model folder. The other
ranks only follow its orders. Before each step, and for all else that needs them, it broadcasts one small `Order`; so
progress, learning rate, requests, rollbacks and the end are decided once, by rank 0's clock.

Nothing that ranks send each other is pickled: JSON and tensors only.
"""

import contextlib
import enum
import os
import re
import signal
import socket
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import cast

import msgspec
import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from corpora.errors import InputError
from corpora.tokenizers.files import tokenizer_from_json
from corpora.tokens import tokenize
from engine.checkpoint import load_resume, random_of
from engine.device import check_precision, choose_device
from engine.folder import ModelFolder
from engine.model import LanguageModel
from engine.objective import Carried
from engine.preparation import Prepared, find_corpus, prepare, threads_of
from engine.ranks import Place, RankLostError
from engine.recording import log
from engine.records import ModelRecord
from engine.streams import Shape
from engine.training import Everywhere, Step, Trainer, random_state, set_random_state

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


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the others must know to build the same trainer. Everything but the corpus comes from rank 0."""

    record: ModelRecord
    tokenizer: str  # JSON, as in ``tokenizer.json``
    batch: int  # of all ranks
    length: int
    tokens: int  # of the training text, to be sure that all read the same
    device: str


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where rank 0 is, and which tensors follow."""

    step: int
    tokens: int
    epoch: int
    column: int
    rate_scale: float
    loss_scale: float
    moments: tuple[float, ...]  # by parameter, steps that the optimizer took; -1 where it took none
    random: bool  # whether the random state of every rank is known


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
        return self.crew.mean(values)

    def collect(self) -> Everywhere:
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
            try:
                self.crew.order(Order.COLLECT)
                return super().collect()
            except RankLostError:
                self.lost = True
                raise
        others = self.streams.shape.batch - self.streams.share
        whole = self.carried.map(lambda part: torch.cat((part, part.new_zeros(others, part.shape[1]))))
        return Everywhere(whole.tensors(), [random_state(self.device)])

    def return_to(self, weights: dict[str, Tensor]) -> None:
        super().return_to(weights)
        self._ask(Order.RETURN)
        self.share_weights()

    def wait(self) -> None:
        self._ask(Order.WAIT)

    def dismiss(self) -> None:
        with contextlib.suppress(RankLostError):  # everything is saved
            self._ask(Order.END)
        self.crew.leave()

    def _ask(self, order: Order) -> None:
        try:
            self.crew.order(order)
        except RankLostError:
            self.lost = True
            raise


def lead(folder: ModelFolder, say: Callable[[str], None], place: Place) -> Prepared:
    """`prepare` for rank 0, with the others ready to take steps. Raises as that does, and `RankLostError`."""
    say(f"Waiting for the other ranks, {place.ranks} in all")
    crew = Crew(place)
    told = False
    try:
        prepared = prepare(folder, say, place, Leader)
        trainer = cast(Leader, prepared.trainer)
        plan = Plan(
            record=prepared.record,
            tokenizer=prepared.tokenizer.to_json().decode(),
            batch=trainer.streams.shape.batch,
            length=trainer.streams.shape.length,
            tokens=len(trainer.streams.tokens),
            device=trainer.device.type,
        )
        told = True
        crew.send(msgspec.json.encode(plan))
    finally:
        if not told:
            crew.send(b"")  # they leave as well
    say("Waiting until all ranks are ready")
    for rank, problem in enumerate(crew.report()):
        if problem:
            raise InputError(f"Rank {rank} can't begin. {problem}")
    trainer.join(crew)
    tensors = load_resume(folder)[1] if prepared.resumed else {}
    _show_place(trainer, tensors, same=prepared.resumed is not None and _same_shape(prepared))
    return prepared


def follow(folder: ModelFolder, place: Place) -> int:
    """The whole life of a rank that is not 0. Returns the process's exit code; why it failed is on stderr."""
    try:
        crew = Crew(place)
        # Who is asked to stop is rank 0: it saves what all have, and then lets the others go.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        message = crew.receive()
        if not message:
            return 0
        trainer = _build(folder, msgspec.json.decode(message, type=Plan), crew, place)
        if trainer is None:
            return 1
        trainer.join(crew)
        _take_place(trainer, msgspec.json.decode(crew.receive(), type=Position))
        _obey(trainer, crew)
    except RankLostError:
        log(f"Rank {place.rank} leaves: the others can't be reached any more.")
        return 1
    except Exception:
        traceback.print_exc()
        log(f"Rank {place.rank} failed.")
        return 1
    return 0


def _obey(trainer: RankTrainer, crew: Crew) -> None:
    """Does what rank 0 orders, until the end."""
    while True:
        order, progress = crew.hear()
        match order:
            case Order.STEP:
                with reaching():
                    trainer.advance(progress)
            case Order.COLLECT:
                trainer.collect()
            case Order.RETURN:
                trainer.return_to(trainer.model.state_dict())
                trainer.share_weights()
            case Order.WAIT:
                pass
            case Order.END:
                crew.leave()
                return


def _build(folder: ModelFolder, plan: Plan, crew: Crew, place: Place) -> RankTrainer | None:
    """The trainer of this rank; None where it can't be built, which rank 0 is told."""
    try:
        device = choose_device(plan.record.training.device, place)
        if device.type != plan.device:
            raise InputError(f"Rank 0 computes on {plan.device}, and here there is {device.type}. Choose one --device.")
        check_precision(device, plan.record.training.precision)
        torch.set_num_threads(threads_of(place))
        torch.manual_seed(plan.record.training.seed)
        corpus = find_corpus(folder, plan.record)
        tokenizer = tokenizer_from_json(plan.tokenizer.encode())
        split = tokenize(corpus, tokenizer, validation=plan.record.training.validation)
        if len(split.train) != plan.tokens:
            raise InputError("It encodes the corpus in another way than rank 0. Use the same Pantoum everywhere.")
        shape = Shape(plan.batch, plan.length)
        training = msgspec.structs.replace(plan.record.training, ema=0.0)  # only rank 0 needs the average
        trainer = RankTrainer(LanguageModel(plan.record.model), split.train, training, device, shape, place)
    except InputError as error:
        problem = str(error)
    except (OSError, MemoryError, torch.OutOfMemoryError) as error:
        problem = f"{type(error).__name__}: {error}"
    else:
        crew.report()
        return trainer
    log(problem)
    crew.report(f"{socket.gethostname()}: {problem}")
    return None


def _same_shape(prepared: Prepared) -> bool:
    resumed, shape = prepared.resumed, prepared.trainer.streams.shape
    return resumed is not None and Shape(resumed.batch, resumed.length) == shape


def _show_place(trainer: Leader, tensors: dict[str, Tensor], *, same: bool) -> None:
    """Rank 0's side of `_take_place`. `same` says that streams are as they were in the checkpoint's `tensors`."""
    states = [trainer.optimizer.state.get(parameter, {}) for parameter in trainer.parameters]
    random = [random_of(tensors, rank) for rank in range(trainer.place.ranks)]
    mine = random_state(trainer.device)
    every = all(state.keys() == mine.keys() for state in random)
    position = Position(
        step=trainer.step,
        tokens=trainer.tokens,
        epoch=trainer.streams.epoch,
        column=trainer.streams.column,
        rate_scale=trainer.rate_scale,
        loss_scale=trainer.scaler.get_scale() if trainer.scaler.is_enabled() else 0.0,
        moments=tuple(float(state["step"]) if state else -1.0 for state in states),
        random=every,
    )
    crew = trainer.crew
    crew.send(msgspec.json.encode(position))
    for state in states:
        if state:
            crew.share(state["exp_avg"])
            crew.share(state["exp_avg_sq"])
    carried = flat(trainer.carried)
    whole = carried.new_zeros(trainer.streams.shape.batch, carried.shape[1])
    if same:
        numbers = range(len(trainer.carried.tensors()))
        whole = torch.cat([tensors[f"state.{number}"].float() for number in numbers], dim=1)
    crew.share(whole.to(trainer.device))
    for kind in mine if every else ():
        crew.share(torch.stack([state[kind] for state in random]).to(trainer.device))


def _take_place(trainer: RankTrainer, position: Position) -> None:
    """Goes where rank 0 is: after a resume that is where all were."""
    crew, device = trainer.crew, trainer.device
    trainer.step, trainer.tokens, trainer.rate_scale = position.step, position.tokens, position.rate_scale
    if trainer.scaler.is_enabled():
        trainer.scaler.load_state_dict({**trainer.scaler.state_dict(), "scale": position.loss_scale})
    trainer.streams.seek(position.epoch, position.column)
    for parameter, steps in zip(trainer.parameters, position.moments, strict=True):
        if steps >= 0.0:
            moments = {name: crew.share(torch.empty_like(parameter)) for name in ("exp_avg", "exp_avg_sq")}
            trainer.optimizer.state[parameter] = {"step": torch.tensor(steps, device=device), **moments}
    width = flat(trainer.carried).shape[1]
    states = crew.share(torch.empty(trainer.streams.shape.batch, width, device=device))
    trainer.carried = unflat(states[trainer.streams.mine], trainer.carried)
    mine = random_state(device)
    if position.random:
        ranks = trainer.place.ranks
        for kind, state in mine.items():
            every = crew.share(torch.empty(ranks, len(state), dtype=torch.uint8, device=device))
            mine[kind] = every[trainer.place.rank].cpu().clone()  # torch crashes on a view
        set_random_state(device, mine)
    else:  # masks of its own, and others after each resume
        seeds = np.random.SeedSequence((trainer.config.seed, trainer.place.rank, position.step))
        torch.manual_seed(int(seeds.generate_state(1, np.uint64)[0] >> np.uint64(1)))


def flat(carried: Carried) -> Tensor:
    """All states side by side, float32 on the CPU: (B, sum of their widths)."""
    return torch.cat([part.detach().float().cpu() for part in carried.tensors()], dim=1)


def unflat(states: Tensor, like: Carried) -> Carried:
    """The states (B, …) that `flat` put side by side, of the kinds and on the device of `like`; any B."""
    parts = iter(torch.split(states, [part.shape[1] for part in like.tensors()], dim=1))
    return like.map(lambda part: next(parts).to(part).contiguous())
