"""Every setting of a model and its training, as people meet it: its name, its group and one short line of help.

The command line's options, the form's fields and what is told of a model all follow from this list; kinds, choices and
defaults are read off the settings themselves.
"""

import types
from dataclasses import dataclass
from typing import Literal, Union, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT
from msgspec.structs import fields

from corpora.errors import InputError
from engine.settings import ModelConfig, TrainingConfig
from tui.typed_numbers import typed_integer, typed_number

Group = Literal["Model", "Regularisation", "Training", "Validation and samples", "Machine"]
Value = int | float | str | bool

GROUPS: tuple[Group, ...] = get_args(Group)
_HINTS = {**get_type_hints(ModelConfig), **get_type_hints(TrainingConfig)}
_DEFAULTS = {field.name: field.default for config in (ModelConfig, TrainingConfig) for field in fields(config)}


@dataclass(frozen=True)
class Setting:
    """One field of `ModelConfig` or `TrainingConfig`."""

    name: str  # as in the settings
    label: str
    help: str  # begins small and ends without a full stop: it stands beside the field
    option: str = ""  # where the command line calls it something else
    derived: bool = False  # the presets decide, unless it is set
    otherwise: str = ""  # the default that it has beside another setting

    @property
    def kind(self) -> type[Value]:
        """What its values are; a choice is a str."""
        return str if self.choices else next(each for each in (bool, int, float, str) if each is _plain(self.name))

    @property
    def choices(self) -> tuple[str, ...]:
        """What it can be, where that is one of a few names."""
        plain = _plain(self.name)
        return get_args(plain) if get_origin(plain) is Literal else ()

    @property
    def default(self) -> Value | None:
        """What it is where neither the person nor the presets decide; None where it has no value of its own."""
        default = _DEFAULTS[self.name]
        assert default is not NODEFAULT
        return default  # type: ignore[no-any-return]

    @property
    def of_model(self) -> bool:
        return self.name in ModelConfig.__struct_fields__

    @property
    def flag(self) -> str:
        """``--layer-norm``"""
        return f"--{self.option or self.name.replace('_', '-')}"

    def shown(self, value: Value) -> str:
        """A value as one would type it."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value:g}" if isinstance(value, float) else str(value)

    def read(self, text: str) -> Value:
        """What was typed as a value. Raises `InputError` where it is none of this setting's kind."""
        if self.kind is str:
            return text
        if self.kind is bool:
            return text == "yes"
        try:
            return typed_integer(text) if self.kind is int else typed_number(text)
        except ValueError as error:
            kind = "a whole number" if self.kind is int else "a number such as 0.5"
            raise InputError(f"{self.label} must be {kind}; {text.strip()!r} is not.") from error


def _plain(name: str) -> object:
    """The type of a field, without the None that stands for "not set"."""
    hint = _HINTS[name]
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    return hint


CATALOGUE: dict[Group, tuple[Setting, ...]] = {
    "Model": (
        Setting("cell", "Cell", "the kind of recurrent cell", derived=True),
        Setting("peephole", "Peepholes", "for lstm-peephole: vectors or matrices"),
        Setting("identity", "Identity", "begins with the identity (rnn-relu)"),
        Setting("layers", "Layers", "recurrent layers, one on the other", derived=True),
        Setting("hidden", "Hidden", "width of a layer", derived=True),
        Setting("embedding", "Embedding", "width of a token's vector", derived=True),
        Setting("bidirectional", "Bidirectional", "also reads from right to left"),
        Setting("residual", "Residual", "a layer adds to what it is given"),
        Setting("layer_norm", "Layer norm", "normalises what each layer is given"),
        Setting("tied", "Tied", "input and output share their vectors", derived=True),
        Setting("softmax", "Softmax", "adaptive: for many rare tokens", derived=True),
        Setting("vocabulary_cap", "Vocabulary cap", "the most tokens to keep; 0: what suits"),
    ),
    "Regularisation": (
        Setting("dropout", "Dropout", "for the three places below that have none", derived=True),
        Setting("input_dropout", "Input dropout", "of what goes into the first layer", derived=True),
        Setting("layer_dropout", "Layer dropout", "of what goes from layer to layer"),
        Setting("output_dropout", "Output dropout", "of what the last layer gives"),
        Setting("embedding_dropout", "Embedding dropout", "of whole tokens, wherever they occur", derived=True),
        Setting("weight_dropout", "Weight dropout", "of recurrent weights (DropConnect)", derived=True),
        Setting("weight_decay", "Weight decay", "pulls weights towards 0 (AdamW)"),
        Setting("activation_regularisation", "AR", "penalises large outputs of the last layer", option="ar"),
        Setting("temporal_regularisation", "TAR", "penalises outputs that change fast", option="tar"),
    ),
    "Training": (
        Setting("steps", "Steps", "the budget in steps, instead of time"),
        Setting("batch", "Batch", "streams of text read side by side"),
        Setting("length", "Length", "tokens that errors travel back through"),
        Setting("accumulate", "Accumulate", "parts of a batch, to fit into memory"),
        Setting("learning_rate", "Learning rate", "the highest learning rate", derived=True),
        Setting("schedule", "Schedule", "how the rate rises and falls"),
        Setting("warmup", "Warm-up", "share of the budget in which it rises"),
        Setting("final_learning_rate", "Final rate", "where the cosine ends, as share of the peak"),
        Setting("horizon", "Horizon", "share of the budget the schedule lasts", derived=True),
        Setting("beta1", "Beta 1", "how long the gradient is remembered"),
        Setting("beta2", "Beta 2", "how long its square is remembered"),
        Setting("clip", "Clip", "longer gradients are shortened to this", otherwise="0.1 with --clip-by value"),
        Setting("clip_by", "Clip by", "the gradient's norm, or each value"),
        Setting("restart", "Restart", "chance of a stream to begin anew at a step"),
        Setting("ema", "EMA", "decay of averaged weights; 0: none", derived=True),
        Setting("patience", "Patience", "worse evaluations until it ends; 0: never", derived=True),
    ),
    "Validation and samples": (
        Setting("validation", "Validation", "share of the text, at its end, kept aside"),
        Setting("sample_prompt", "Sample prompt", "seed text of the samples"),
        Setting("sample_length", "Sample length", "characters of a sample; 0: none"),
    ),
    "Machine": (
        Setting("seed", "RNG seed", "the same RNG seed gives the same model"),
        Setting("device", "Device", "where to compute"),
        Setting("precision", "Precision", "of matrix products"),
    ),
}
SETTINGS: dict[str, Setting] = {setting.name: setting for group in CATALOGUE.values() for setting in group}


def concerned(sentence: str) -> Setting | None:
    """The setting that a sentence of `ModelConfig.check` or `TrainingConfig.check` is about, where it begins so."""
    name, found, _ = sentence.partition(" is ")
    return SETTINGS.get(name) if found else None


def renamed(sentence: str, name: str) -> str:
    """Such a sentence with another name for its setting: the field's label, or the option."""
    return name + sentence[len(sentence.partition(" is ")[0]) :]


def uncommon(config: ModelConfig | TrainingConfig, *, but: tuple[str, ...] = ()) -> list[str]:
    """What is set otherwise than by default, as ``dropout 0.2`` or ``layer norm``; the settings in `but` left out."""
    found = []
    for setting in SETTINGS.values():
        if setting.of_model != isinstance(config, ModelConfig) or setting.name in but:
            continue
        value = getattr(config, setting.name)
        if value is not None and value != setting.default:
            found.append(_told(setting, value))
    return found


def _told(setting: Setting, value: Value) -> str:
    label = setting.label if setting.label.isupper() or setting.name == "seed" else setting.label.lower()
    if value is True:
        return label
    if value is False:
        return f"not {label}"
    if isinstance(value, str) and not setting.choices:
        return f"{label} {value!r}"
    return f"{label} {setting.shown(value)}"
