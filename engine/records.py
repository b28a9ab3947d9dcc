"""What a model folder's files hold, as typed values: one struct for each JSON file or line. Free of torch."""

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from engine.settings import ModelConfig, Packing, TrainingConfig

if TYPE_CHECKING:
    from corpora.corpus import Corpus

State = Literal["prepared", "queued", "starting", "training", "paused", "finished", "stopped", "failed"]
Request = Literal["pause", "resume", "checkpoint", "stop", "change"]
Changeable = Literal["minutes", "steps", "learning_rate", "dropout"]  # once a run has begun
RUNNING: frozenset[State] = frozenset({"starting", "training", "paused"})


class CorpusReference(msgspec.Struct, frozen=True, kw_only=True):
    """Which text a model was made from."""

    slug: str
    name: str
    sha256: str
    characters: int

    @classmethod
    def of(cls, corpus: "Corpus") -> "CorpusReference":
        """The reference to a corpus as it is now."""
        record = corpus.record
        return cls(slug=corpus.slug, name=record.name, sha256=record.sha256, characters=record.characters)


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What the best weights reached on the validation text. Losses in nats per token."""

    step: int
    tokens: int  # trained on, counting repeats
    elapsed: float  # seconds of training behind these weights
    validation_loss: float
    bits_per_character: float
    perplexity: float  # per token
    back_validation_loss: float | None = None  # of a bidirectional model, reading right to left
    both_validation_loss: float | None = None  # from both sides: a pseudo-likelihood, no rival of the others
    packing: Packing = "float32"  # the quickest kind of weights that decodes as well as these: see `engine.packing`


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that was changed once the run had begun: the step after `step` is the first that has it."""

    step: int
    setting: Changeable
    before: float
    after: float


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``model.json``."""

    format: int = 1
    name: str
    created: str  # ISO 8601, UTC
    model: ModelConfig
    training: TrainingConfig
    corpus: CorpusReference
    parameters: int = 0
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
    started: float = 0.0  # Unix time at which this process was started
    heartbeat: float = 0.0  # Unix time of the last sign of life
    step: int = 0
    progress: float = 0.0  # share of the budget spent, 0 to 1
    elapsed: float = 0.0  # seconds of training, over all resumes
    remaining: float = 0.0  # seconds, estimated
    message: str = ""  # what it is doing, in words: "Encoding the corpus"
    error: str = ""  # the last error, in words


class MetricsLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One line of ``metrics.jsonl``. Losses in nats per token, norms before clipping.

    `loss`, and the gradient norm where it is not finite, are None when the step was skipped.
    """

    step: int
    tokens: int  # trained on so far
    time: float  # Unix time
    elapsed: float
    remaining: float
    loss: float | None = None  # mean over the steps since the last line, reading left to right
    losses: dict[str, float] = {}  # of a bidirectional model at this step: "ahead", "back", "both"
    validation_loss: float | None = None  # where this step was evaluated: of the raw weights or their average
    raw_validation_loss: float | None = None  # of the weights as they are, where an average is kept as well
    averaged_validation_loss: float | None = None  # of their moving average
    back_validation_loss: float | None = None  # of a bidirectional model, reading right to left
    both_validation_loss: float | None = None  # predicting each token from both sides: a pseudo-likelihood
    bits_per_character: float | None = None  # of the validation text, where evaluated
    learning_rate: float = 0.0
    gradient_norm: float | None = None
    gradient_norms: dict[str, float] = {}  # by parameter group: "embedding", "layer 1", …, "decoder"
    gradient_flow: dict[str, list[float]] = {}  # by layer: how much the loss feels the state k = 0 … T tokens before
    clipped: bool = False
    tokens_per_second: float = 0.0
    skipped: int = 0  # steps skipped since the last line, for a loss or gradient that was not finite
    best: bool = False  # this evaluation is the best so far; its weights were kept


class SampleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``samples.jsonl``: the same seed text and RNG seed at every evaluation."""

    step: int
    elapsed: float
    prompt: str
    seed: int
    temperature: float
    text: str  # without the prompt


class ControlLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``control.jsonl``: a request to the trainer."""

    request: Request
    time: float  # Unix time
    setting: str = ""  # of a change: a `Changeable`
    value: float = 0.0  # of a change: what is added to a budget, or the new value
