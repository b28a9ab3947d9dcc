"""From a model folder to a trainer that is ready to step: corpus, tokenizer, tokens, model, and a resume's place."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
import torch
from torch import Tensor

from corpora.errors import InputError
from corpora.home import home
from corpora.library import Corpus, CorpusLibrary
from corpora.tokenizers import Tokenizer, load_tokenizer, save_tokenizer, train_tokenizer
from corpora.tokens import TokenSplit, tokenize, training_chunks
from engine.changes import as_of, later
from engine.checkpoint import Best, ResumeRecord, load_resume, restore, restore_best
from engine.device import choose_device, cores, free_memory
from engine.evaluation import Evaluator
from engine.folder import ModelFolder
from engine.gradient_flow import excerpts
from engine.memory import check_memory
from engine.model import LanguageModel, count_parameters
from engine.precision import allow_tf32, check_precision
from engine.ranks import ALONE, Place
from engine.records import Change, ModelRecord
from engine.shapes import Shape, fit, fit_ranks
from engine.training import Trainer

QUICK_EVALUATION = 32_768  # tokens: about half a second for a model of 256 units on two cores
FULL_EVALUATION = 262_144


@dataclass
class Prepared:
    """All that a run works with."""

    record: ModelRecord  # with the settings of the next step
    tokenizer: Tokenizer
    trainer: Trainer
    quick: Evaluator  # for every evaluation
    full: Evaluator  # for the results at the end
    characters_per_token: float  # of the validation text
    sample_prompt: str
    excerpts: tuple[Tensor, Tensor]  # inputs and targets on which gradients are followed back in time
    good: dict[str, Tensor]  # weights to return to: the best that were kept, or the first
    best: Best | None  # of an earlier process
    resumed: ResumeRecord | None
    pending: tuple[Change, ...] = ()  # changes of steps that are still to be taken again


def prepare(
    folder: ModelFolder, say: Callable[[str], None], place: Place = ALONE, kind: type[Trainer] = Trainer
) -> Prepared:
    """Builds what is missing in the folder, loads what is there. Raises `InputError`, `OSError`.

    `say` is told what is being done, often where that takes long, and may raise to end it.
    """
    record = folder.record()
    device = choose_device(record.training.device, place)
    check_precision(device, record.training.precision)
    allow_tf32(device, record.training.precision)
    torch.set_num_threads(threads_of(place))
    torch.manual_seed(record.training.seed)
    say("Looking for the corpus")
    corpus = find_corpus(folder, record)
    tokenizer = _tokenizer(folder, record, corpus, say)
    say("Encoding the corpus")
    split = tokenize(
        corpus,
        tokenizer,
        validation=record.training.validation,
        progress=lambda share, _: say(f"Encoding the corpus, {share:.0%}"),
    )
    resumed, tensors = load_resume(folder) if folder.resume_path.exists() else (None, {})
    done = resumed.step if resumed else 0
    record, pending = as_of(record, done), later(record, done)
    record = _with_vocabulary(record, tokenizer)
    shape, notice = _fit(record, split, resumed, place.ranks)
    mine = msgspec.structs.replace(record.training, batch=shape.batch // place.ranks, length=shape.length)
    check_memory(record.model, mine, *free_memory(device))
    say("Building the model")
    model = LanguageModel(record.model)
    model.start_from_frequencies(_frequencies(split.train, record.model.vocabulary))
    trainer = kind(model, split.train, record.training, device, shape, place)
    best: Best | None = None
    good = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    if resumed is not None:
        if resumed.ranks == place.ranks:
            # Sums depend on how many threads share them: the same number as before, where there are that many.
            torch.set_num_threads(max(1, min(resumed.threads, threads_of(place))))
        restore(trainer, resumed, tensors, folder.resume_path)
        # Only now, as it may write other weights: a damaged checkpoint has been refused.
        best = restore_best(folder, model, resumed, tensors, device, exact=record.training.steps is not None)
        if any(change.step == done and change.setting == "learning_rate" for change in record.changes):
            trainer.rate_scale = 1.0  # see `Run._adopt`: it was changed while nobody trained
    record = msgspec.structs.replace(record, parameters=count_parameters(model))
    folder.update_record(functools.partial(_completed, prepared=record, notice=notice))
    return Prepared(
        record=record,
        tokenizer=tokenizer,
        trainer=trainer,
        quick=Evaluator(split.validation, QUICK_EVALUATION, device, record.training.precision),
        full=Evaluator(split.validation, FULL_EVALUATION, device, record.training.precision),
        characters_per_token=split.validation_characters / max(1, len(split.validation)),
        sample_prompt=record.training.sample_prompt or _first_line(tokenizer, split.validation),
        excerpts=excerpts(split.validation, device),
        good=best.weights if best else good,
        best=best,
        resumed=resumed,
        pending=pending,
    )


def threads_of(place: Place) -> int:
    """Threads for this rank: its share of the machine's cores."""
    return max(1, cores() // place.local_ranks)


def find_corpus(folder: ModelFolder, record: ModelRecord) -> Corpus:
    """The corpus that a model was made from. Raises `InputError` where it is gone or has changed."""
    beside = folder.path.parent.parent  # a library's own models lie beside its corpora
    root = beside if (beside / "corpora").is_dir() else home()
    try:
        corpus = CorpusLibrary(root).get(record.corpus.slug)
    except InputError as error:
        raise InputError(f"The corpus of {folder.slug} is needed to train it. {error}") from error
    if corpus.record.sha256 != record.corpus.sha256:
        raise InputError(
            f"The corpus {record.corpus.slug!r} is not the text that {folder.slug} was made from any more. "
            "Bring the old text back, or train a new model."
        )
    return corpus


def _tokenizer(folder: ModelFolder, record: ModelRecord, corpus: Corpus, say: Callable[[str], None]) -> Tokenizer:
    if folder.tokenizer_path.exists():
        return load_tokenizer(folder.tokenizer_path)
    say("Building the vocabulary")
    chunks = _watched(training_chunks(corpus, record.training.validation), say)
    tokenizer = train_tokenizer(record.model.unit, chunks, cap=record.training.vocabulary_cap)
    save_tokenizer(tokenizer, folder.tokenizer_path)
    return tokenizer


def _watched(chunks: Iterator[str], say: Callable[[str], None]) -> Iterator[str]:
    for chunk in chunks:
        say("Building the vocabulary")
        yield chunk


def _with_vocabulary(record: ModelRecord, tokenizer: Tokenizer) -> ModelRecord:
    """Raises `InputError` where the tokenizer is another model's."""
    if record.model.vocabulary not in (0, tokenizer.vocabulary):
        raise InputError("tokenizer.json does not belong to this model. Restore the folder, or train the model again.")
    return msgspec.structs.replace(record, model=msgspec.structs.replace(record.model, vocabulary=tokenizer.vocabulary))


def _completed(record: ModelRecord, prepared: ModelRecord, notice: str) -> ModelRecord:
    """The record with what preparation found out. A notice is given once, however often a run is prepared."""
    new = notice and notice not in record.notices
    return msgspec.structs.replace(
        record,
        model=msgspec.structs.replace(record.model, vocabulary=prepared.model.vocabulary),
        parameters=prepared.parameters,
        notices=(*record.notices, notice) if new else record.notices,
    )


def _fit(record: ModelRecord, split: TokenSplit, resumed: ResumeRecord | None, ranks: int) -> tuple[Shape, str]:
    """Batch and length, shrunk to what the text can feed, and a notice where that is less than was asked for."""
    notice = ""
    asked = record.training
    if resumed is not None:
        before = Shape(resumed.batch, resumed.length)
        shape = fit_ranks(len(split.train), before, ranks)
        if shape != before:
            notice = (
                f"From step {resumed.step:,} on the text is read as {shape.batch} streams instead of {before.batch}: "
                f"{ranks} ranks share them equally. Each stream began anew there."
            )
        return shape, notice
    if len(split.train) < 3 or len(split.validation) < 2:
        raise InputError("The text is too short to train on. Add a few pages more.")
    whole = Shape(asked.batch * ranks, asked.length)
    shape = fit_ranks(len(split.train), fit(len(split.train), whole.batch, whole.length), ranks)
    if shape != whole:
        notice = (
            f"The text is short ({len(split.train):,} tokens to train on): it is read as {shape.batch} "
            f"{'stream' if shape.batch == 1 else 'streams'} of {shape.length} "
            f"{'token' if shape.length == 1 else 'tokens'} a step instead of {whole.batch} of {whole.length}."
        )
    return shape, notice


def _frequencies(tokens: np.ndarray[tuple[int], np.dtype[np.unsignedinteger]], vocabulary: int) -> torch.Tensor:
    counts = np.zeros(vocabulary, dtype=np.int64)
    for start in range(0, len(tokens), 1 << 22):  # a bounded piece at a time: the array may be a large file
        counts += np.bincount(tokens[start : start + (1 << 22)], minlength=vocabulary)
    return torch.from_numpy(counts)


def _first_line(tokenizer: Tokenizer, validation: np.ndarray[tuple[int], np.dtype[np.unsignedinteger]]) -> str:
    """A seed text that the model was not trained on: the first whole words of the validation text."""
    opening: str = tokenizer.decode(validation[:120].astype(np.int32))
    lines = [line for line in opening.split("\n") if line.strip()]
    return lines[0][:60].rsplit(" ", 1)[0] if lines else opening[:60]
