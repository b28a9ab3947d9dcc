"""What `pantoum score --surprising` adds: the words of a text that a model expected least."""

from dataclasses import dataclass

from engine.client import EngineClient
from engine.protocol import SurprisalParams

PASSAGE = 20_000  # characters asked for at once


@dataclass(frozen=True)
class Word:
    """One word of the text, with the marks before it."""

    text: str  # each run of spaces and line ends as one space
    start: int  # characters from the text's beginning
    bits: float


async def most_surprising(client: EngineClient, model: str, text: str, count: int) -> list[Word]:
    """The `count` words that cost most, each after everything before it; the most surprising first."""
    document = await client.open_document(text)
    words: list[Word] = []
    done = 0
    while done < len(text):
        params = SurprisalParams(model=model, at=document.at(done, exact=True), end=min(done + PASSAGE, len(text)))
        spans = (await client.surprisal(params)).spans
        words += [
            Word(" ".join(text[span.start : span.end].split()), span.start, span.bits)
            for span in spans
            if span.start >= done
        ]
        words = sorted(words, key=lambda word: -word.bits)[:count]
        done = max(params.end, spans[-1].end if spans else 0)
    document.close()
    return words
