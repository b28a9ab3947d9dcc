"""Prose of our own for the benchmarks that need a model: sentences of 60 to 90 characters in the mean, in paragraphs.

A model of 2 x 512 learns in a minute where its sentences end, so that takes have the lengths of a novel's.
"""

import random

WHO = [
    "the ferryman",
    "my sister",
    "old Tomas",
    "the baker's daughter",
    "a heron",
    "the schoolmaster",
    "nobody",
    "Mrs. Hale",
    "the second oarsman",
    "the clerk from the upper town",
    "his father",
    "the woman with the lamp",
    "Anna",
    "the dog",
    "every one of us",
]
DID = [
    "waited for",
    "remembered",
    "sang to",
    "mended",
    "had forgotten",
    "counted",
    "wrote about",
    "walked past",
    "asked after",
    "dreamed of",
    "carried home",
    "would not look at",
    "listened to",
    "had always known",
]
WHAT = [
    "the river",
    "the first snow",
    "an empty chair",
    "the bells",
    "her letters",
    "the slow boats",
    "a door that no longer closed",
    "the price of salt",
    "the wet meadow",
    "the lights across the water",
    "two cups of tea",
    "the names on the wall",
]
WHEN = [
    "in the morning",
    "before the market opened",
    "after the long rain",
    "when the water was high",
    "on the last Sunday in May",
    "as if nothing had happened",
    "for the third time",
    "without a word",
    "all through the winter",
]
LINKS = (", and", ", but", "; then", ", because", ", while", ", although")


def prose(characters: int, seed: int = 0) -> str:
    """So many characters, or a few more; the same seed gives the same text."""
    draw = random.Random(seed)
    parts: list[str] = []
    written = 0
    while written < characters:
        paragraph = " ".join(_sentence(draw) for _ in range(draw.randint(2, 7))) + "\n\n"
        parts.append(paragraph)
        written += len(paragraph)
    return "".join(parts)


def _sentence(draw: random.Random) -> str:
    words = _clause(draw)
    while draw.random() < 0.4:
        words += f"{draw.choice(LINKS)} {_clause(draw)}"
    return words[0].upper() + words[1:] + draw.choice("....?!")


def _clause(draw: random.Random) -> str:
    parts = [draw.choice(WHO), draw.choice(DID), draw.choice(WHAT)]
    if draw.random() < 0.5:
        parts.append(draw.choice(WHEN))
    return " ".join(parts)
