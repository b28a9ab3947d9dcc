"""What a model folder's files hold, as typed values: one struct for each JSON file or line. Free of torch."""

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from corpora.records import Count as Count
from engine.settings import ModelConfig, Packing, TrainingConfig

if TYPE_CHECKING:
    from corpora.corpus import Corpus

State = Literal["prepared", "queued", "starting", "training", "paused", "finished", "stopped", "failed"]
Request = Literal["pause", "resume", "checkpoint", "stop", "change"]
Changeable = Literal["minutes", "steps", "learning_rate", "dropout"]  # once a run has begun
# No number of a run is larger: a folder from elsewhere may hold some that no sum or square of can be made.
Figure = Annotated[float, msgspec.Meta(ge=-1e39, le=1e39)]
RUNNING: frozenset[State] = frozenset({"starting", "training", "paused"})


class CorpusReference(msgspec.Struct, frozen=True, kw_only=True):
    """Which text a model was made from."""

    slug: str
    name: str
    sha256: str
    characters: Count

    @classmethod
    def of(cls, corpus: "Corpus") -> "CorpusReference":
        """The reference to a corpus as it is now."""
        record = corpus.record
        return cls(slug=corpus.slug, name=record.name, sha256=record.sha256, characters=record.characters)


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What the best weights reached on the validation text. Losses in nats per token."""

    step: Count
    tokens: Count  # trained on, counting repeats
    elapsed: Figure  # seconds of training behind these weights
    validation_loss: Figure
    bits_per_character: Figure
    perplexity: float  # per token
    back_validation_loss: Figure | None = None  # of a bidirectional model, reading right to left
    both_validation_loss: Figure | None = None  # from both sides: a pseudo-likelihood, no rival of the others
    packing: Packing = "float32"  # the quickest kind of weights that decodes as well as these: see `engine.packing`


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that was changed once the run had begun: the step after `step` is the first that has it."""

    step: Count
    setting: Changeable
    before: Figure
    after: Figure


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``model.json``."""

    format: int = 1
    name: str
    created: str  # ISO 8601, UTC
    model: ModelConfig
    training: TrainingConfig
    corpus: CorpusReference
    parameters: Count = 0
    results: Results | None = None
    changes: tuple[Change, ...] = ()  # in their order; `model` and `training` are as after the last one
    notices: tuple[str, ...] = ()  # what the person should know: "batch shrank from 16 to 4: the text is short"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """``status.json``: what the trainer says of itself, replaced every few seconds."""

    format: int = 1
    state: State
    pid: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    host: str = ""
    machine: str = ""  # which stays what it is when a network renames the host: see `engine.machine`
    started: Figure = 0.0  # Unix time at which this process was started
    heartbeat: Figure = 0.0  # Unix time of the last sign of life
    step: Count = 0
    progress: Figure = 0.0  # share of the budget spent, 0 to 1
    elapsed: Figure = 0.0  # seconds of training, over all resumes
    remaining: Figure = 0.0  # seconds, estimated
    message: str = ""  # what it is doing, in words: "Encoding the corpus"
    error: str = ""  # the last error, in words


class MetricsLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of ``metrics.jsonl``. Losses in nats per token, norms before clipping.

    `loss`, and the gradient norm where it is not finite, are None when the step was skipped.
    """

    step: Count
    tokens: Count  # trained on so far
    time: Figure  # Unix time
    elapsed: Figure
    remaining: Figure
    loss: Figure | None = None  # mean over the steps since the last line, reading left to right
    losses: dict[str, Figure] = {}  # of a bidirectional model at this step: "ahead", "back", "both"
    validation_loss: Figure | None = None  # where this step was evaluated: of the raw weights or their average
    raw_validation_loss: Figure | None = None  # of the weights as they are, where an average is kept as well
    averaged_validation_loss: Figure | None = None  # of their moving average
    back_validation_loss: Figure | None = None  # of a bidirectional model, reading right to left
    both_validation_loss: Figure | None = None  # predicting each token from both sides: a pseudo-likelihood
    bits_per_character: Figure | None = None  # of the validation text, where evaluated
    learning_rate: Figure = 0.0
    gradient_norm: Figure | None = None
    gradient_norms: dict[str, Figure] = {}  # by parameter group: "embedding", "layer 1", …, "decoder"
    gradient_flow: dict[str, list[Figure]] = {}  # by layer: how much the loss feels the state k = 0 … T tokens before
    clipped: bool = False
    tokens_per_second: Figure = 0.0
    skipped: Count = 0  # steps skipped since the last line, for a loss or gradient that was not finite
    best: bool = False  # this evaluation is the best so far; its weights were kept


class SampleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``samples.jsonl``: the same seed text and RNG seed at every evaluation."""

    step: Count
    elapsed: Figure
    prompt: str
    seed: int
    temperature: Figure
    text: str  # without the prompt


class ControlLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``control.jsonl``: a request to the trainer."""

    request: Request
    time: Figure  # Unix time
    setting: str = ""  # of a change: a `Changeable`
    value: Figure = 0.0  # of a change: what is added to a budget, or the new value
