"""Trained models in memory, ready to decode, with what was read before remembered."""

import hashlib
import threading
from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor

from corpora.errors import InputError
from corpora.tokenizers import Tokenizer, load_tokenizer
from engine.checkpoint import load_weights
from engine.decoder import BLOCK, Decoder
from engine.device import choose_device
from engine.folder import ModelFolder, ModelLibrary
from engine.model import Side, count_parameters
from engine.protocol import ModelInfo
from engine.settings import Device
from engine.stack import State

MODELS = 3  # kept in memory at once
SNAPSHOTS = 256  # states kept a model; one of 2 x 512 units is 8 KB


class LoadedModel:
    """One model: its tokenizer, its decoders, and states at the block ends of prompts it has read."""

    def __init__(self, folder: ModelFolder, device: torch.device) -> None:
        """Reads the folder. Raises `InputError` where anything in it is missing or damaged."""
        record = folder.record()
        self.version = version(folder)
        self.tokenizer: Tokenizer = load_tokenizer(folder.tokenizer_path)
        if self.tokenizer.vocabulary != record.model.vocabulary:
            raise InputError(
                f"{folder.tokenizer_path} does not belong to this model ({self.tokenizer.vocabulary:,} tokens, not "
                f"{record.model.vocabulary:,}). Restore the folder from a backup, or train the model again."
            )
        model, note = load_weights(folder, record.model, device)
        self.decoder = Decoder(model)
        self.back_decoder = Decoder(model, "back") if model.back is not None else None
        self.info = ModelInfo(
            model=str(folder.path),
            slug=folder.slug,
            name=record.name,
            unit=record.model.unit,
            cell=record.model.cell,
            layers=record.model.layers,
            hidden=record.model.hidden,
            vocabulary=record.model.vocabulary,
            parameters=count_parameters(model),
            step=note.step,
            device=str(device),
            bits_per_character=record.results.bits_per_character if record.results else None,
        )
        self._snapshots: OrderedDict[bytes, State] = OrderedDict()
        self._lock = threading.Lock()

    def side(self, side: Side) -> Decoder:
        """The decoder that reads this way. Raises `InputError` where the model has none."""
        decoder = self.decoder if side == "ahead" else self.back_decoder
        if decoder is None:
            raise InputError(
                f"{self.info.name} reads forwards only. A model trained with --bidirectional can write backwards too."
            )
        return decoder

    def prefill(self, ids: Tensor, side: Side = "ahead") -> tuple[Tensor, State]:
        """Logits (1, V) after the prompt ids (T,), T at least 1, and the state there.

        The back side is given ids from right to left. States are remembered at multiples of `BLOCK`, which is where
        `Decoder.prefill` cuts too: going on from a remembered one gives the same bits as reading everything again,
        only sooner.
        """
        decoder = self.side(side)
        digest, digests = hashlib.blake2b(side.encode()), []
        whole = (len(ids) - 1) // BLOCK  # blocks before the last, which is always read
        for block in range(whole):
            digest.update(ids[block * BLOCK : (block + 1) * BLOCK].numpy().tobytes())
            digests.append(digest.copy().digest())
        done, state = self._recall(digests)
        for block in range(done, whole):
            _, state = _read(decoder, ids[block * BLOCK : (block + 1) * BLOCK], state)
            self._remember(digests[block], state)
        return _read(decoder, ids[whole * BLOCK :], state)

    def _recall(self, digests: list[bytes]) -> tuple[int, State]:
        with self._lock:
            for number in range(len(digests), 0, -1):
                state = self._snapshots.get(digests[number - 1])
                if state is not None:
                    self._snapshots.move_to_end(digests[number - 1])
                    return number, state
        return 0, self.decoder.zero_state()

    def _remember(self, digest: bytes, state: State) -> None:
        with self._lock:
            self._snapshots[digest] = state
            while len(self._snapshots) > SNAPSHOTS:
                self._snapshots.popitem(last=False)


class Models:
    """The models in use, by folder; one whose weights have changed on disk is read anew."""

    def __init__(self, root: Path | None = None) -> None:
        self._library = ModelLibrary(root)
        self._loaded: OrderedDict[tuple[Path, str], LoadedModel] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str, device: Device = "auto") -> LoadedModel:
        """The model with this slug, name or path; safe to call from any thread. Raises `InputError`."""
        folder = self._library.get(name)
        chosen = choose_device(device)
        key = (folder.path.resolve(), str(chosen))
        with self._lock:
            model = self._loaded.get(key)
            if model is None or model.version != version(folder):
                model = LoadedModel(folder, chosen)
                self._loaded[key] = model
            self._loaded.move_to_end(key)
            while len(self._loaded) > MODELS:
                self._loaded.popitem(last=False)
            return model


def _read(decoder: Decoder, ids: Tensor, state: State) -> tuple[Tensor, State]:
    return decoder.prefill(ids.to(decoder.device)[:, None], state)


def version(folder: ModelFolder) -> tuple[int, int]:
    """Changes whenever the weights on disk do."""
    try:
        stat = folder.weights_path.stat()
    except OSError:
        return (0, 0)
    return stat.st_mtime_ns, stat.st_size
