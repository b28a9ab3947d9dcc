"""Which kind of weights a trained model is decoded with: measured, on text that it was not trained on."""

import itertools

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from engine import compiled
from engine.decoder import Decoder
from engine.model import LanguageModel
from engine.products import available
from engine.settings import Packing

TOLERANCE = 0.002  # of the bits a character: what a quicker kind may cost
STREAMS = 32
TOKENS = 128  # of each stream, at most
FEWEST = 16 * STREAMS + 1  # tokens that tell anything
# Bytes of weights: less is read so fast that preparing other kinds costs more than it saves.
SMALL, SMALL_COMPILED = 4_000_000, 400_000


def choose_packing(model: LanguageModel, tokens: npt.NDArray[np.unsignedinteger]) -> Packing:
    """The quickest kind that predicts `tokens` as well as float32 does, but for `TOLERANCE`; float32 where there is too
    little text to tell.

    Kinds are for CPUs, and where a model was trained says nothing of where it writes: it is on the CPU afterwards.
    """
    small = step_bytes(model) < (SMALL_COMPILED if compiled.usable() else SMALL)
    if small or len(tokens) < FEWEST:
        return "float32"
    model = model.cpu()
    exact = stepped_loss(Decoder(model), tokens)
    chosen: Packing = "float32"
    for packing in available()[1:]:
        if stepped_loss(Decoder(model, packing=packing), tokens) <= exact * (1.0 + TOLERANCE):
            chosen = packing
    return chosen


def step_bytes(model: LanguageModel) -> int:
    """Bytes of float32 weights that one step of one direction reads: all recurrent layers but the folded embedding."""
    layers = model.ahead.each()
    return sum(
        4 * weight.numel()
        for number, layer in enumerate(layers)
        for weight in (layer.weights()[1:2] if number == 0 else layer.weights()[:2])
    )


@torch.inference_mode()
def stepped_loss(decoder: Decoder, tokens: npt.NDArray[np.unsignedinteger]) -> float:
    """Nats a token of streams spread evenly over tokens (N,), N at least `FEWEST`, stepped through one by one."""
    length = min(TOKENS, (len(tokens) - 1) // STREAMS)
    starts = np.linspace(0, len(tokens) - 1 - length, STREAMS).astype(np.int64)
    ids = torch.from_numpy(tokens[starts + np.arange(length + 1)[:, None]].astype(np.int64))  # (T + 1, B)
    state = decoder.zero_state(STREAMS)
    total = 0.0
    for row, targets in itertools.pairwise(ids):
        logits, state = decoder.step(row, state)
        total += F.cross_entropy(logits.float(), targets).item()
    return total / length
