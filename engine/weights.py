"""The weights of a model in a safetensors file: no pickle is ever written or read."""

from pathlib import Path

import msgspec
import safetensors
import torch
from torch import Tensor

from corpora.errors import InputError
from engine.folder import ModelFolder
from engine.model import LanguageModel
from engine.records import Count
from engine.settings import ModelConfig
from engine.tensor_file import write_tensors
from engine.unfilled import unfilled

FORMAT = 2  # 1, before there were two directions, called the stack that reads ahead just "layers"
NOTE = "pantoum"  # the metadata key under which a JSON record travels inside the safetensors file


class WeightsNote(msgspec.Struct, frozen=True, kw_only=True):
    """What travels inside ``weights.safetensors``: no times, so that equal runs write equal files."""

    format: int = FORMAT
    step: Count
    tokens: Count
    validation_loss: float | None  # None where it was not finite


def save_weights(folder: ModelFolder, config: ModelConfig, weights: dict[str, Tensor], note: WeightsNote) -> None:
    """Replaces ``weights.safetensors`` by a model's state. Raises `OSError`."""
    write_tensors(folder.weights_path, without_tied(config, weights), {NOTE: msgspec.json.encode(note).decode()})


def load_weights(folder: ModelFolder, config: ModelConfig, device: torch.device) -> tuple[LanguageModel, WeightsNote]:
    """The model with its best validated weights, ready to be used on `device`.

    Shapes are checked against the settings before anything is allocated, so that a damaged or malicious folder can
    ask for no more memory than its file has bytes. Raises `InputError`.
    """
    path = folder.weights_path
    if not path.exists():
        raise InputError(f"{folder.slug} has no weights yet. Let it train until its first evaluation.")
    tensors, text = read_tensors(path)
    note = _note(path, text)
    tensors = upgraded(tensors, note.format)
    model = unfilled(config)
    check_shapes(path, model, tensors)
    wanted = model.state_dict()
    # Copies: what was read may be the file itself in memory, which another process may replace.
    copies = {name: tensor.to(wanted[name].dtype, copy=True) for name, tensor in with_tied(config, tensors).items()}
    model.load_state_dict(copies, assign=True)
    model = model.to(device)
    model.tie()
    if not model.is_sound():
        raise damaged(path)
    return model.eval(), note


def holds(path: Path, note: WeightsNote) -> bool:
    """Whether the weights at `path` are there, and are those that `note` is about."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return _note(path, (file.metadata() or {}).get(NOTE, "")) == note
    except (safetensors.SafetensorError, OSError, RuntimeError, ValueError, InputError):
        return False


def read_tensors(path: Path) -> tuple[dict[str, Tensor], str]:
    """What is in the file, and the record that travels in it as JSON. Raises `InputError`."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, (file.metadata() or {}).get(NOTE, "")  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise damaged(path) from error


def upgraded(tensors: dict[str, Tensor], format: int) -> dict[str, Tensor]:
    """Tensors under the names that they have today."""
    if format >= FORMAT:
        return tensors
    states = sorted(name for name in tensors if name.startswith("state."))
    renamed = {name: f"state.{number}" for number, name in enumerate(states)}
    for name in tensors:
        for prefix in ("layers.", "model.layers."):
            if name.startswith(prefix):
                renamed[name] = name.replace("layers.", "ahead.layers.", 1)
    return {renamed.get(name, name): value for name, value in tensors.items()}


def without_tied(config: ModelConfig, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A tied decoder's weights are the embedding's and are stored once."""
    return {name: value for name, value in tensors.items() if not (config.tied and name == "decoder.weight")}


def with_tied(config: ModelConfig, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The other way."""
    return {**tensors, "decoder.weight": tensors["embedding.weight"]} if config.tied else tensors


def check_shapes(path: Path, model: LanguageModel, tensors: dict[str, Tensor]) -> None:
    """Raises `InputError` where the tensors of `path` are not those of such a model."""
    expected = {name: value.shape for name, value in model.state_dict().items()}
    if model.config.tied:
        del expected["decoder.weight"]
    found = {name: value.shape for name, value in tensors.items()}
    if found != expected:
        wrong = next(name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name))
        raise InputError(
            f"{path} does not fit its model.json: {wrong} is {_shape(found.get(wrong))}, expected "
            f"{_shape(expected.get(wrong))}. Restore the folder from a backup, or train the model again."
        )


def damaged(path: Path) -> InputError:
    """What to raise about a file that can't be used."""
    return InputError(f"{path} is damaged. Restore it from a backup, or remove its folder and train again.")


def _note(path: Path, text: str) -> WeightsNote:
    """The note that is in the metadata `text` of weights. Raises `InputError` where it is damaged or newer."""
    try:
        note = msgspec.json.decode(text, type=WeightsNote)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise damaged(path) from error
    if note.format > FORMAT:
        raise InputError(f"{path} was written by a newer Pantoum (format {note.format}). Update Pantoum.")
    return note


def _shape(shape: torch.Size | None) -> str:
    return "missing" if shape is None else "x".join(str(size) for size in shape)
