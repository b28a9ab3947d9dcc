"""Several processes that train one model together, as ``torchrun`` starts them.

Rank 0 runs the training as if it were alone: it decides everything, and it alone writes the model folder. The other
ranks only follow its orders. Before each step, and for all else that needs them, it broadcasts one small `Order`; so
progress, learning rate, requests, rollbacks and the end are decided once, by rank 0's clock.
"""

import signal
import socket
import traceback
from collections.abc import Callable
from typing import cast

import msgspec
import torch

from corpora.errors import InputError
from corpora.tokenizers.files import tokenizer_from_json
from corpora.tokens import tokenize
from engine.checkpoint import load_resume
from engine.crew import Crew, Order, reaching
from engine.device import choose_device
from engine.folder import ModelFolder
from engine.log import log
from engine.model import LanguageModel
from engine.precision import allow_tf32, check_precision
from engine.preparation import Prepared, find_corpus, prepare, threads_of
from engine.rank_position import Position, show_position, take_position
from engine.rank_training import Leader, RankTrainer
from engine.ranks import Place, RankLostError
from engine.records import ModelRecord
from engine.shapes import Shape
from engine.subnormals import flushed


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the others must know to build the same trainer. Everything but the corpus comes from rank 0."""

    record: ModelRecord
    tokenizer: str  # JSON, as in ``tokenizer.json``
    batch: int  # of all ranks
    length: int
    tokens: int  # of the training text, to be sure that all read the same
    device: str
    threads: int  # of a rank: sums depend on them


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
            threads=torch.get_num_threads(),
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
    show_position(trainer, tensors, same=prepared.resumed is not None and _same_shape(prepared))
    return prepared


@flushed()
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
        take_position(trainer, msgspec.json.decode(crew.receive(), type=Position))
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
            case Order.ADOPT:
                rate, dropout, scale = msgspec.json.decode(crew.receive(), type=tuple[float, float, float])
                trainer.adopt(learning_rate=rate, dropout=dropout, rate_scale=scale)
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
        allow_tf32(device, plan.record.training.precision)
        torch.set_num_threads(max(1, min(plan.threads, threads_of(place))))
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
