"""Texts of our own making that tests train on: enough structure to learn, made from a seed."""

import random

NOUNS = ["river", "stone", "window", "garden", "letter", "lantern", "harbour", "orchard", "winter", "shadow"]
VERBS = ["opens", "remembers", "follows", "carries", "forgets", "answers", "crosses", "holds"]
ADJECTIVES = ["quiet", "old", "narrow", "bright", "patient", "broken", "salt", "green"]


def prose(characters: int, seed: int = 0) -> str:
    """English-looking sentences in paragraphs, exactly `characters` long."""
    rng = random.Random(seed)
    parts: list[str] = []
    length = 0
    while length < characters:
        noun, other = rng.sample(NOUNS, 2)
        sentence = f"The {rng.choice(ADJECTIVES)} {noun} {rng.choice(VERBS)} the {rng.choice(ADJECTIVES)} {other}."
        sentence += rng.choice([" ", " ", " ", "\n\n"])
        parts.append(sentence)
        length += len(sentence)
    return "".join(parts)[:characters]
