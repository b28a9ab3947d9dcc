"""Trained models in memory, ready to decode, with what was read before remembered."""

import functools
import threading
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from torch import Tensor

from corpora.errors import InputError
from corpora.tokenizers import Tokenizer, load_tokenizer
from engine.alternatives import Pieces
from engine.context import Context, read_context
from engine.decoder import Decoder
from engine.device import choose_device, idle_cores, threads
from engine.folder import ModelFolder, ModelLibrary
from engine.hashing import hash_file
from engine.model import Side, count_parameters
from engine.protocol import ModelInfo
from engine.records import ModelRecord
from engine.settings import Device, ModelConfig, Packing
from engine.snapshots import Snapshots
from engine.stack import State
from engine.weights import load_weights

MODELS = 3  # kept in memory at once


class LoadedModel:
    """One model: its tokenizer, its decoders, and what they remember of prompts that they have read."""

    def __init__(self, folder: ModelFolder, device: torch.device) -> None:
        """Reads the folder. Raises `InputError` where anything in it is missing or damaged."""
        self._stamp = _stamp(folder)
        record = folder.record()
        self._made_of = _made_of(record)
        self.corpus = record.corpus
        self.tokenizer: Tokenizer = load_tokenizer(folder.tokenizer_path)
        if self.tokenizer.vocabulary != record.model.vocabulary:
            raise InputError(
                f"{folder.tokenizer_path} does not belong to this model ({self.tokenizer.vocabulary:,} tokens, not "
                f"{record.model.vocabulary:,}). Restore the folder from a backup, or train the model again."
            )
        model, note = load_weights(folder, record.model, device)
        packing = self._made_of[1]
        self.decoder = Decoder(model, packing=packing)
        self.back_decoder = Decoder(model, "back", packing) if model.back is not None else None
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
            hash=hash_file(folder.weights_path),
        )
        self._snapshots: dict[Side, Snapshots] = {"ahead": Snapshots(self.decoder)}
        if self.back_decoder is not None:
            self._snapshots["back"] = Snapshots(self.back_decoder)

    def is_current(self, folder: ModelFolder) -> bool:
        """Whether the folder still has what this was made of. Raises `InputError` where its record is damaged by now.

        What is only told of a model may have changed, and is taken over: nothing that was read needs to be read again.
        """
        stamp = _stamp(folder)
        if stamp is not None and stamp == self._stamp:
            return True
        record = folder.record()
        same = stamp is not None and self._stamp is not None and stamp.weights == self._stamp.weights
        if not same or _made_of(record) != self._made_of:
            return False
        bits = record.results.bits_per_character if record.results else None
        self.info = msgspec.structs.replace(self.info, name=record.name, bits_per_character=bits)
        self._stamp = stamp
        return True

    @property
    def snapshots(self) -> Snapshots:
        """What it remembers of texts that it has read from their beginning."""
        return self._snapshots["ahead"]

    @functools.cached_property
    def pieces(self) -> Pieces:
        """What each token may do to a word."""
        return Pieces(self.tokenizer)

    def side(self, side: Side) -> Decoder:
        """The decoder that reads this way. Raises `InputError` where the model has none."""
        decoder = self.decoder if side == "ahead" else self.back_decoder
        if decoder is None:
            raise InputError(
                f"{self.info.name} reads forwards only. A model trained with --bidirectional can write backwards too."
            )
        return decoder

    def prefill(self, ids: Tensor, side: Side = "ahead") -> tuple[Tensor, State]:
        """Logits (1, V) after the prompt ids (T,), T at least 1, and the state there; see `engine.snapshots`.

        The back side is given ids from right to left. Raises `InputError` where the model has none.
        """
        self.side(side)
        with threads(idle_cores()):
            return self._snapshots[side].prefill(ids)

    def context(self, text: str, side: Side = "ahead") -> Context:
        """Where this side stands after a whole text. Raises `InputError` where the model has no such side."""
        return read_context(self.side(side), self.tokenizer, text, functools.partial(self.prefill, side=side))


class Models:
    """The models in use, by folder; one whose weights have changed on disk is read anew."""

    def __init__(self, root: Path | None = None) -> None:
        self._library = ModelLibrary(root)
        self._names: set[str] = set()  # under which models were found
        self._devices: dict[Path, Device] = {}  # on which they were asked for last
        self._loaded: OrderedDict[tuple[Path, str], LoadedModel] = OrderedDict()
        self._lock = threading.Lock()  # for a moment only: of these
        self._loading: dict[tuple[Path, str], threading.Lock] = {}  # while one is read, for who asks for the same

    def get(self, name: str, device: Device | None = None) -> LoadedModel:
        """The model with this slug, name or path; safe to call from any thread. Raises `InputError`.

        Without a `device` it is on the one that it was asked for last, ``auto`` at first.
        One whose folder is gone is gone, though it may still be in memory: nobody could tell later what wrote a text.
        """
        try:
            folder = self._library.get(name)
        except InputError as error:
            with self._lock:
                known = name in self._names
            if known:
                gone = f"The model {Path(name).name} is no longer there: it was deleted, moved or renamed."
                raise InputError(gone) from error
            raise
        path = folder.path.resolve()
        with self._lock:
            self._names.add(name)
            asked = device or self._devices.get(path, "auto")
        chosen = choose_device(asked)
        key = (path, str(chosen))
        with self._lock:
            if device is not None:
                self._devices[path] = device
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            model = self._loaded.get(key)
            if model is None or not model.is_current(folder):
                model = LoadedModel(folder, chosen)
            with self._lock:
                self._loaded[key] = model
                self._loaded.move_to_end(key)
                while len(self._loaded) > MODELS:
                    self._loaded.popitem(last=False)
        return model


class _Stamp(NamedTuple):
    """By which it is seen at a glance that nothing of a folder has changed."""

    weights: tuple[int, int]
    record: int


def _stamp(folder: ModelFolder) -> _Stamp | None:
    """None where something is missing."""
    try:
        stat = folder.weights_path.stat()
        return _Stamp((stat.st_mtime_ns, stat.st_size), folder.record_path.stat().st_mtime_ns)
    except OSError:
        return None


def _made_of(record: ModelRecord) -> tuple[ModelConfig, Packing]:
    """What a model with the same weights would be made of anew; dropout is for training only."""
    return msgspec.structs.replace(record.model, dropout=0.0), record.results.packing if record.results else "float32"
