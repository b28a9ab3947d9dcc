"""Every choice that makes a model, a run or a sample what it is, as frozen typed values. Free of torch."""

from typing import Literal

import msgspec

from corpora.errors import InputError

Unit = Literal["char", "word", "bpe"]
Cell = Literal["gru", "lstm", "lstm-peephole", "rnn-tanh", "rnn-relu"]
Peephole = Literal["diagonal", "full"]
Softmax = Literal["full", "adaptive"]
Schedule = Literal["cosine", "one-cycle"]
ClipBy = Literal["norm", "value"]
Precision = Literal["auto", "float32", "bf16", "fp16"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Packing = Literal["float32", "fp16", "int8"]

UNITS: tuple[Unit, ...] = ("char", "word", "bpe")
CELLS: tuple[Cell, ...] = ("gru", "lstm", "lstm-peephole", "rnn-tanh", "rnn-relu")
DEVICES: tuple[Device, ...] = ("auto", "cpu", "cuda", "mps")
PACKINGS: tuple[Packing, ...] = ("float32", "fp16", "int8")  # of a decoder's weights, from exact to quick


class ModelConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The architecture of one `LanguageModel`: embedding, a stack of recurrent layers, (tied) decoder."""

    unit: Unit = "char"
    cell: Cell = "gru"
    peephole: Peephole = "diagonal"  # of lstm-peephole: vectors (Gers & Schmidhuber 2000) or matrices
    identity: bool = False  # rnn-relu begins with the identity as its recurrent matrix (Le et al. 2015)
    vocabulary: int = 0  # V, tokens that the tokenizer knows; 0 until the trainer has built it
    layers: int = 1
    hidden: int = 256  # H, width of every recurrent layer
    embedding: int = 128  # E, width of a token's vector
    bidirectional: bool = False  # a second stack reads right to left; both meet at the output layer only
    residual: bool = False  # a layer adds to its input instead of replacing it, where the widths are equal
    layer_norm: bool = False  # normalises each layer's input and the last one's output (Ba et al. 2016)
    # Locked dropout (Gal & Ghahramani 2016): one mask for all time steps. `dropout` is what the three places take
    # that have none of their own.
    dropout: float = 0.0
    input_dropout: float | None = None  # on the embedding's vectors
    layer_dropout: float | None = None  # between layers
    output_dropout: float | None = None  # before the decoder
    embedding_dropout: float = 0.0  # of whole tokens: all their occurrences in a step (Merity et al. 2018)
    weight_dropout: float = 0.0  # of recurrent weights, DropConnect (Wan et al. 2013, Merity et al. 2018)
    softmax: Softmax = "full"  # adaptive: rare tokens in clusters of narrower vectors (Grave et al. 2017)
    tied: bool = False  # decoder weights are the embedding's

    def check(self) -> None:
        """Raises `InputError`, naming the field and the range, where a value can't work."""
        _within("vocabulary", self.vocabulary, 0, 1_000_000)
        _within("layers", self.layers, 1, 16)
        _within("hidden", self.hidden, 1, 8192)
        _within("embedding", self.embedding, 1, 8192)
        for name in ("dropout", "input_dropout", "layer_dropout", "output_dropout"):
            _share(name, getattr(self, name))
        _share("embedding_dropout", self.embedding_dropout)
        _share("weight_dropout", self.weight_dropout)
        if self.softmax == "adaptive" and self.tied:
            raise InputError("An adaptive softmax has tables of its own: it can't be tied to the embedding.")
        if self.identity and self.cell != "rnn-relu":
            raise InputError("Only rnn-relu can begin with the identity.")

    def drop(self, place: Literal["input", "layer", "output"]) -> float:
        """The dropout of one place: its own, or the one for all."""
        own = {"input": self.input_dropout, "layer": self.layer_dropout, "output": self.output_dropout}[place]
        return self.dropout if own is None else own


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one run trains. Exactly one of `minutes` and `steps` is the budget."""

    minutes: float | None = None
    steps: int | None = None
    batch: int = 16  # B, parallel streams
    length: int = 48  # T, tokens of truncated backpropagation through time
    accumulate: int = 1  # parts that a batch is computed in, one after the other, to fit into memory
    learning_rate: float = 8e-3  # the peak, after warm-up
    schedule: Schedule = "cosine"  # one-cycle: up for 30 % of the budget, momentum the other way (Smith 2018)
    warmup: float = 0.03  # share of the budget
    final_learning_rate: float = 0.02  # where the cosine ends, as a share of the peak
    horizon: float = 1.0  # share of the budget over which the rate follows its schedule; then it stays at its end
    weight_decay: float = 0.1  # AdamW, on matrices only
    beta1: float = 0.9
    beta2: float = 0.99
    restart: float = 0.02  # chance of a stream, at each step, to go on from the zero state, as every prompt does
    clip: float = 1.0  # what gradients are clipped at
    clip_by: ClipBy = "norm"  # the global norm is scaled down to it, or each value is cut at it
    activation_regularisation: float = (
        0.0  # AR: times the mean square of the top layer's dropped outputs (Merity et al. 2017)
    )
    temporal_regularisation: float = 0.0  # TAR: times the mean square of what they change by from token to token
    ema: float = 0.0  # decay of a moving average of the weights, evaluated beside them; 0: none is kept
    patience: int = 0  # evaluations without a new best after which the run ends; 0: never
    precision: Precision = "auto"  # auto: bf16 where the device multiplies it itself, on a CPU in LSTM layers
    validation: float = 0.1  # share of the text, at its end, kept for validation
    seed: int = 0
    device: Device = "auto"
    vocabulary_cap: int = 0  # the most pieces that the tokenizer may keep; 0: what suits the unit and the text
    sample_prompt: str = ""  # sampled at every evaluation with the same RNG seed; empty: the validation text's start
    sample_length: int = 300  # characters

    def check(self) -> None:
        """Raises `InputError`, naming the field and the range, where a value can't work."""
        if (self.minutes is None) == (self.steps is None):
            raise InputError("Give one budget: either minutes or steps.")
        if self.minutes is not None and not 0.01 <= self.minutes <= 100_000:
            raise InputError(f"The budget is {self.minutes:g} minutes; it must be between 0.01 and 100,000.")
        if self.steps is not None:
            _within("steps", self.steps, 1, 1_000_000_000)
        _within("batch", self.batch, 1, 4096)
        _within("length", self.length, 1, 8192)
        _within("accumulate", self.accumulate, 1, self.batch)
        _within("patience", self.patience, 0, 1_000_000)
        for name in ("learning_rate", "clip"):
            value = getattr(self, name)
            if not value > 0.0:
                raise InputError(f"{name} is {value:g}; it must be above 0.")
            if value >= 1e6:
                raise InputError(f"{name} is {value:g}; it must be below a million.")
        for name in ("warmup", "final_learning_rate", "beta1", "beta2", "restart", "ema"):
            _share(name, getattr(self, name))
        for name in ("weight_decay", "activation_regularisation", "temporal_regularisation"):
            value = getattr(self, name)
            if not 0.0 <= value < 100.0:
                raise InputError(f"{name} is {value:g}; it must be at least 0 and below 100.")
        if not 0.01 <= self.validation <= 0.5:
            raise InputError(f"validation is {self.validation:g}; it must be between 0.01 and 0.5.")
        if not 0.0 < self.horizon <= 1.0:
            raise InputError(f"horizon is {self.horizon:g}; it must be above 0 and at most 1.")
        _within("seed", self.seed, 0, 2**63 - 1)
        _within("sample_length", self.sample_length, 0, 100_000)


class Dials(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All sampling settings together. They may change between any two tokens of a stream."""

    temperature: float = 0.8  # 0 always takes the likeliest token
    top_k: int = 0  # keep the k likeliest tokens; 0: all
    top_p: float = 1.0  # keep the smallest set of tokens whose probabilities reach p; 1: all (Holtzman et al. 2020)
    min_p: float = 0.0  # keep tokens at least this share as likely as the likeliest (Nguyen et al. 2024)
    typical: float = (
        1.0  # keep tokens about as surprising as is usual here, up to this share; 1: all (Meister et al. 2023)
    )
    repetition: float = 1.0  # divides the probability of tokens that came a moment ago; 1: doesn't
    spell: bool = False  # let words and characters without a token of their own be spelled, piece by piece
    pace: float = 0.0  # tokens a second, so that a reader can follow; 0: as fast as they come

    def check(self) -> None:
        """Raises `InputError`, naming the dial and its range, where a value can't work."""
        if not 0.0 <= self.temperature <= 10.0:
            raise InputError(f"temperature is {self.temperature:g}; it must be between 0 and 10.")
        _within("top-k", self.top_k, 0, 1_000_000)
        if not 0.0 < self.top_p <= 1.0:
            raise InputError(f"top-p is {self.top_p:g}; it must be above 0 and at most 1.")
        if not 0.0 <= self.min_p < 1.0:
            raise InputError(f"min-p is {self.min_p:g}; it must be at least 0 and below 1.")
        if not 0.0 < self.typical <= 1.0:
            raise InputError(f"typical is {self.typical:g}; it must be above 0 and at most 1.")
        if not 1.0 <= self.repetition <= 100.0:
            raise InputError(f"repetition is {self.repetition:g}; it must be between 1 and 100.")
        if not 0.0 <= self.pace <= 100_000:
            raise InputError(f"pace is {self.pace:g}; it must be between 0 and 100,000 tokens a second.")


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(f"{name} is {value:,}; it must be between {low:,} and {high:,}.")


def _share(name: str, value: float | None) -> None:
    if value is not None and not 0.0 <= value < 1.0:
        raise InputError(f"{name} is {value:g}; it must be at least 0 and below 1.")
