"""How all ranks come to be where rank 0 is: at the beginning, or where a checkpoint was."""

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.checkpoint import random_of
from engine.rank_training import Leader, RankTrainer, flat, unflat
from engine.training import LossScale, random_state, set_random_state


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where rank 0 is, and which tensors follow."""

    step: int
    tokens: int
    epoch: int
    column: int
    rate_scale: float
    loss_scale: LossScale
    moments: tuple[float, ...]  # by parameter, steps that the optimizer took; -1 where it took none
    random: bool  # whether the random state of every rank is known


def show_position(trainer: Leader, tensors: dict[str, Tensor], *, same: bool) -> None:
    """Rank 0's side of `take_position`. `same` says that streams are as they were in the checkpoint's `tensors`."""
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
        loss_scale=trainer.loss_scale,
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


def take_position(trainer: RankTrainer, position: Position) -> None:
    """Goes where rank 0 is: after a resume that is where all were."""
    crew, device = trainer.crew, trainer.device
    trainer.step, trainer.tokens, trainer.rate_scale = position.step, position.tokens, position.rate_scale
    trainer.loss_scale = position.loss_scale
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
