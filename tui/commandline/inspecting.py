"""What `pantoum next` and `pantoum copied` do."""

import asyncio
from pathlib import Path

from corpora.copying import copied_spans
from corpora.errors import InputError
from corpora.library import CorpusLibrary
from engine.folder import ModelLibrary
from engine.protocol import Alternatives, AlternativesParams
from engine.settings import Device
from tui.commandline import output
from tui.commandline.output import line, note, printable
from tui.commandline.serving import serving
from tui.commandline.voices import known_model, read_stdin, text_of_file, well_formed

SHOWN = 60  # characters of a copied passage in its row


def next_words(name: str, *, prompt: str, count: int, device: Device, json: bool) -> None:
    """Prints the likeliest words after a text. Raises `InputError`."""
    text = read_stdin() if prompt == "-" else well_formed(prompt)
    params = AlternativesParams(model=known_model(name), text=text, count=count)
    found = asyncio.run(_ask(params, device))
    if json:
        output.as_json(
            {"model": Path(params.model).name, "prompt": text, "words": found.words, "certain": found.certain}
        )
        return
    for word in found.words:
        line(f"{word.probability * 100:6.2f} %  {printable(word.text)}")
    if not found.certain:
        note("There may be likelier words than the last of these.")


async def _ask(params: AlternativesParams, device: Device) -> Alternatives:
    async with serving(params.model, device) as client:
        return await client.alternatives(params)


def copied(name: str, file: str, *, least: int, json: bool) -> None:
    """Prints the passages of a file or of stdin that stand in the model's corpus. Raises `InputError`."""
    record = ModelLibrary().get(name).record()
    corpus = CorpusLibrary().get(record.corpus.slug)
    if corpus.record.sha256 != record.corpus.sha256:
        raise InputError(f"The corpus {corpus.slug} is not the text that {record.name} was trained on any more.")
    text = text_of_file(file)
    spans = copied_spans(corpus, text, least=least)
    if json:
        output.as_json({"corpus": corpus.slug, "characters": len(text), "spans": spans})
        return
    for span in spans:
        passage = printable(text[span.start : span.end].replace("\n", " "))
        shown = passage if len(passage) <= SHOWN else f"{passage[: SHOWN - 1]}…"
        length = span.end - span.start
        line(f"{length:>7,} characters at {span.start:>9,}, in {corpus.slug} at {span.corpus:>11,}  {shown}")
    share = len({place for span in spans for place in range(span.start, span.end)}) / max(1, len(text))
    note(f"{len(spans):,} passages, {share * 100:.1f} % of the text.")
