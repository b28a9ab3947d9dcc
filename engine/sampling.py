"""From logits to the next token: temperature, top-k, typical, top-p, min-p, repetition, and one draw.

In numpy and not in torch: a row has some hundred numbers, and what it costs is the calls.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.settings import Dials

Row = npt.NDArray[np.float32]  # (…, V)
COLDEST = 1e-6  # below this a temperature counts as 0: dividing float32 logits by less can overflow


def shape(logits: Row, dials: Dials) -> Row:
    """The distributions (…, V) that draws are made from: logits (…, V) as the dials bend them; each row sums to 1.

    The temperature comes first, then every filter judges the tempered probabilities: top-k keeps the k likeliest
    tokens; typical (Meister et al. 2023) the smallest set whose sum reaches p of the tokens whose surprisal is nearest
    to the entropy; top-p (Holtzman et al. 2020) the smallest set of likeliest tokens whose sum reaches p; min-p (Nguyen
    et al. 2024) the tokens at least p times as likely as the likeliest. A filter that would leave nothing leaves the
    likeliest token. At temperature 0 all the weight is on that token.
    """
    if dials.temperature < COLDEST:
        only = np.zeros_like(logits)
        np.put_along_axis(only, logits.argmax(-1)[..., None], 1.0, -1)
        return only
    # Shifted first, so that the largest is 0 and none can overflow upwards.
    shifted = logits - logits.max(-1, keepdims=True)
    tempered = np.exp(shifted if dials.temperature == 1.0 else shifted / np.float32(dials.temperature))
    probabilities: Row = tempered / tempered.sum(-1, keepdims=True)
    size = probabilities.shape[-1]
    if 0 < dials.top_k < size:
        mask = np.zeros(probabilities.shape, np.bool_)
        np.put_along_axis(mask, _likeliest(logits)[..., : dials.top_k], True, -1)
        probabilities = _keep(probabilities, mask)
    if dials.typical < 1.0:
        probabilities = _typical(probabilities, dials.typical)
    if dials.top_p < 1.0:
        probabilities = _keep(probabilities, _first(probabilities, _likeliest(logits), dials.top_p))
    if dials.min_p > 0.0:
        largest = probabilities.max(-1, keepdims=True)
        probabilities = _keep(probabilities, probabilities >= np.float32(dials.min_p) * largest)
    return probabilities


def _likeliest(logits: Row) -> npt.NDArray[np.intp]:
    """The tokens of logits (…, V), the likeliest first (…, V): two logits that differ can round to one probability."""
    return np.argsort(-logits, -1, kind="stable")


def discourage(logits: Row, recent: Sequence[int], dials: Dials) -> Row:
    """Logits (V,) with the probability of every token of `recent` divided by `dials.repetition`.

    The penalty of Keskar et al. 2019, but subtracted: theirs changes with a constant added to all logits.
    """
    if dials.repetition == 1.0 or not recent:
        return logits
    less = logits.copy()
    less[list(set(recent))] -= np.float32(math.log(dials.repetition))
    return less


def _typical(probabilities: Row, share: float) -> Row:
    """The tokens that carry about as much information as is to be expected, and nearly `share` of the probability."""
    surprisals = -np.log(np.maximum(probabilities, np.float32(1e-30)))
    entropy = (probabilities * surprisals).sum(-1, keepdims=True)
    distances = np.where(probabilities > 0.0, np.abs(surprisals - entropy), np.float32(np.inf))
    return _keep(probabilities, _first(probabilities, np.argsort(distances, -1, kind="stable"), share))


def _first(probabilities: Row, order: npt.NDArray[np.intp], share: float) -> npt.NDArray[np.bool_]:
    """Which tokens (…, V) come first in an order (…, V), so many of them that their probabilities reach `share`."""
    keep = np.zeros(probabilities.shape, dtype=np.bool_)
    if probabilities.ndim == 1:  # the functions below take 10 µs more
        ordered = probabilities[order]
        keep[order[ordered.cumsum() - ordered < share]] = True
        return keep
    ordered = np.take_along_axis(probabilities, order, -1)
    np.put_along_axis(keep, order, ordered.cumsum(-1) - ordered < share, -1)
    return keep


def draw_at(probabilities: Row, numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The tokens (B,) at which the cumulative distributions (B, V) reach these uniform numbers (B,).

    A single number a token, whatever the dials: turning a dial doesn't shift the random numbers after it.
    """
    cumulative = probabilities.cumsum(-1, dtype=np.float64)
    points = numbers[:, None] * cumulative[:, -1:]
    chosen: npt.NDArray[np.int64] = (cumulative <= points).sum(-1)
    size = probabilities.shape[-1]
    if (chosen == size).any():  # rounding at the very end: the last token that has any probability
        chosen = np.minimum(chosen, size - 1 - (probabilities > 0)[:, ::-1].argmax(-1))
    return chosen


def _keep(probabilities: Row, mask: npt.NDArray[np.bool_]) -> Row:
    kept: Row = probabilities * mask
    kept /= kept.sum(-1, keepdims=True)
    return kept
