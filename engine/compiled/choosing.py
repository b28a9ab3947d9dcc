"""Drawing tokens from logits in one pass a row: the same as `engine.choosing.choose_rows`, which explains it."""

import numpy as np
import numpy.typing as npt

from engine.compiled.copying import put
from engine.compiled.cross_entropy import highest
from engine.compiled.functions import exp
from engine.compiled.jit import exactly

Array = npt.NDArray[np.float32]
COLDEST = 1e-6  # as in `engine.sampling`
_INFINITE = np.float32(np.inf)
_NEVER = 2.0  # a share that no probabilities reach


@exactly
def choose(
    logits: Array,
    recent: npt.NDArray[np.int64],
    banned: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.float64],
    temperature: float,
    top_k: int,
    typical: float,
    top_p: float,
    min_p: float,
    penalty: float,
) -> tuple[npt.NDArray[np.int64], Array]:
    """logits (B, V), recent (B, R) with -1 for none, banned (n,), uniform numbers (B,) → tokens (B,), their nats (B,).

    `penalty` is what the logits of recent tokens lose.
    """
    rows, size = logits.shape
    tokens, nats = np.empty(rows, np.int64), np.empty(rows, np.float32)
    bent, p = np.empty(size, np.float32), np.empty(size, np.float32)
    for row in range(rows):
        plain = logits[row]
        put(plain, bent)
        if penalty != 0.0:
            for token in recent[row]:
                if token >= 0:
                    bent[token] = plain[token] - np.float32(penalty)  # once, however often it came
        for token in banned:
            bent[token] = -_INFINITE
        if temperature < COLDEST:
            token = int(bent.argmax())
        else:
            _temper(bent, np.float32(temperature), p)
            _filter(bent, np.float32(temperature), p, top_k, typical, top_p, min_p)
            token = _draw(p, numbers[row])
        tokens[row] = token
        nats[row] = _cost(plain, token)
    return tokens, nats


@exactly
def _temper(logits: Array, temperature: np.float32, p: Array) -> None:
    """Probabilities (V,) into p."""
    largest = highest(logits)
    for token in range(len(logits)):
        x = (logits[token] - largest) / temperature
        power = exp(x)  # before it is asked whether it counts: so LLVM makes vectors of it
        p[token] = power if x > -_INFINITE else np.float32(0.0)
    total = np.float32(0.0)
    for token in range(len(p)):
        total += p[token]
    for token in range(len(p)):
        p[token] /= total


@exactly
def _filter(
    logits: Array, temperature: np.float32, p: Array, top_k: int, typical: float, top_p: float, min_p: float
) -> None:
    size, order = len(p), np.empty(0, np.int64)
    few = 0 < top_k < size
    if few:
        order = _leading(logits, temperature, p, top_k, 0.0)[:top_k]
        _keep(p, order, _NEVER)
    if typical < 1.0:
        nearness = _distances(p)
        for token in range(size):
            nearness[token] = -nearness[token]
        _keep(p, _leading(nearness, np.float32(0.1), p, 0, typical), typical)
    if top_p < 1.0:
        _keep(p, order if few else _leading(logits, temperature, p, 0, top_p), top_p)
    if min_p > 0.0:
        least = np.float32(min_p) * highest(p)
        for token in range(size):
            if p[token] < least:
                p[token] = 0.0
        _normalise(p)


@exactly
def _distances(p: Array) -> Array:
    """How far the surprisal of each token (V,) is from the entropy; infinitely for those that are out."""
    distances = np.empty_like(p)
    entropy = np.float32(0.0)
    for token in range(len(p)):
        distances[token] = -np.log(max(p[token], np.float32(1e-30)))
        entropy += p[token] * distances[token]
    for token in range(len(p)):
        distances[token] = abs(distances[token] - entropy) if p[token] > 0.0 else _INFINITE
    return distances


@exactly
def _leading(keys: Array, unit: np.float32, p: Array, count: int, share: float) -> npt.NDArray[np.int64]:
    """The tokens with the highest keys (V,), these first, and of equal ones those that come first: at least `count`,
    and so many that their probabilities reach `share`.

    Those within some units of the highest are enough, most of the time, and few: to sort all takes longer than a step.
    """
    top, some = highest(keys), np.empty(len(keys), np.int64)
    for units in (7, 14, 28, 56):
        least, found = top - np.float32(units) * unit, 0
        for token in range(len(keys)):
            if keys[token] >= least:
                some[found] = token
                found += 1
        if found < count:
            continue
        near = some[:found]
        order = near[np.argsort(-keys[near], kind="mergesort")]
        reached = np.float32(0.0)
        for token in order:
            reached += p[token]
        if reached >= share:
            return order
    return np.argsort(-keys, kind="mergesort")


@exactly
def _keep(p: Array, order: npt.NDArray[np.int64], share: float) -> None:
    """Keeps the tokens that come first in an order, so many of them that their probabilities reach `share`."""
    kept, reached = np.zeros_like(p), np.float32(0.0)
    for token in order:
        if reached >= share:
            break
        kept[token] = p[token]
        reached += p[token]
    put(kept, p)
    _normalise(p)


@exactly
def _normalise(p: Array) -> None:
    total = np.float32(0.0)
    for token in range(len(p)):
        total += p[token]
    for token in range(len(p)):
        p[token] /= total


@exactly
def _draw(p: Array, number: float) -> int:
    """The token at which the cumulative distribution reaches a uniform number."""
    total = 0.0
    for token in range(len(p)):
        total += p[token]
    point = number * total
    reached, last = 0.0, 0
    for token in range(len(p)):
        if p[token] > 0.0:
            last = token  # rounding at the very end: the last token that has any probability
            reached += p[token]
            if reached > point:
                return token
    return last


@exactly
def _cost(logits: Array, token: int) -> np.float32:
    """Nats of a token under logits (V,)."""
    largest = highest(logits)
    powers = np.empty_like(logits)
    for each in range(len(logits)):
        powers[each] = exp(logits[each] - largest)
    total = np.float32(0.0)
    for each in range(len(powers)):
        total += powers[each]
    cost: np.float32 = np.log(total) - (logits[token] - largest)
    return cost
