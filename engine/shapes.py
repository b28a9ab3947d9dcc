"""How many streams of how many tokens a step reads, and what a short text can feed of that. Free of torch."""

from dataclasses import dataclass

from corpora.errors import InputError

MIN_STEPS = 2  # per epoch: fewer would mean that a stream's state is never carried


@dataclass(frozen=True)
class Shape:
    """B streams read T tokens a step."""

    batch: int
    length: int


def fit(tokens: int, batch: int, length: int) -> Shape:
    """The largest shape within the one asked for that gives `tokens` at least `MIN_STEPS` steps an epoch.

    The batch shrinks first: long backpropagation is what a short text can still use.
    """
    length = max(1, min(length, (tokens - 1) // MIN_STEPS))
    batch = max(1, min(batch, (tokens - 1) // (MIN_STEPS * length)))
    return Shape(batch, length)


def fit_ranks(tokens: int, shape: Shape, ranks: int) -> Shape:
    """The shape with the nearest batch that gives every rank equally many streams.

    Raises `InputError` where the text can't feed one stream a rank.
    """
    most = (tokens - 1) // (MIN_STEPS * shape.length) // ranks
    if shape.batch % ranks == 0:
        return shape
    if most < 1:
        raise InputError(f"The text is too short for {ranks} ranks. Use fewer ranks, or a shorter --length.")
    share = (2 * shape.batch + ranks) // (2 * ranks)  # rounded
    return Shape(ranks * max(1, min(share, most)), shape.length)
