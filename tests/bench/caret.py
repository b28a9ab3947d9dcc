"""How long a writer waits: from a key press in a document of 1 MB to the first ghost characters and to five takes.

The engine's part, through the service's own classes and without the pipe: an edit, a context, and takes to the next
end of a sentence, by a model of 2 x 512 that was trained for a moment. Also how far the predictions of a quick state
are from those of the exact one.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch

from corpora.copying import build, copied_spans
from corpora.library import CorpusLibrary
from corpora.starters import add_starter
from corpora.tokenizers import Tokenizer, train_tokenizer
from engine.alternatives import Pieces, likeliest_words
from engine.context import Context, read_context
from engine.decoder import Decoder
from engine.documents import Document
from engine.jobs import Job
from engine.model import LanguageModel
from engine.models import LoadedModel
from engine.packing import choose_packing
from engine.protocol import Place
from engine.reading import Reading
from engine.settings import Dials, ModelConfig, TrainingConfig
from engine.shapes import Shape
from engine.snapshots import Snapshots
from engine.surprisal import token_nats
from engine.takes import TakeGrower
from engine.training import Trainer
from tests.bench._report import Figure, parser, report

PAGE = 3000  # characters that a large terminal shows
DIALS = Dials(temperature=0.8)


@dataclass
class Model:
    """What documents need of a loaded model."""

    decoder: Decoder
    tokenizer: Tokenizer

    def __post_init__(self) -> None:
        self.snapshots = Snapshots(self.decoder)

    def context(self, text: str) -> Context:
        return read_context(self.decoder, self.tokenizer, text, self.snapshots.prefill)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--text", type=Path, help="the text to train on (default: Python's manual)")
    options.add_argument("--document", type=int, default=1_000_000, help="characters of the document")
    options.add_argument("--steps", type=int, default=300, help="of training before anything is measured")
    options.add_argument("--keys", type=int, default=40, help="key presses at each place")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        library = CorpusLibrary(Path(folder))
        added = library.add([chosen.text], name="text") if chosen.text else add_starter(library, "manual")
        corpus = added.corpus
        text = corpus.text_path.read_text("utf-8")
        began = time.perf_counter()
        build(corpus)
        copying = [Figure("an index of copies", corpus.record.bytes / 1e6 / (time.perf_counter() - began), "MB/s")]
        began = time.perf_counter()
        copied_spans(corpus, text[100_000 : 100_000 + PAGE])
        copying.append(Figure("copies on a page", 1000 * (time.perf_counter() - began), "ms"))
    model = trained(text, chosen.steps)
    # Parts of the text in another order: a document like the corpus, but not the corpus.
    rng = np.random.default_rng(0)
    parts = [
        text[start : start + 2000] for start in rng.integers(0, len(text) - 2000, chosen.document // 2000).tolist()
    ]
    document = Document(1, "".join(parts))
    began = time.perf_counter()
    reading = document.reading(model, wait=True)
    assert reading is not None
    encoding = Figure("encoding the document", 1000 * (time.perf_counter() - began), "ms")
    began = time.perf_counter()
    while reading.advance(len(document.text)):
        pass
    whole = Figure("reading the document", len(document.text) / (time.perf_counter() - began), "characters/s")
    figures = [encoding, whole]
    for name, place in (("at the end", len(document.text)), ("in the middle", len(document.text) // 2)):
        figures += keys(name, model, document, place, chosen.keys)
    figures += branches(model, document)
    figures += quick_states(model, document)
    figures += pages(model, document)
    report([*figures, *copying], as_json=chosen.json)


def trained(text: str, steps: int) -> LoadedModel:
    """A model of 2 x 512, decoded as one that a person trained would be."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer("char", [text])
    ids = tokenizer.encode(text).astype(np.uint16)
    cut = int(0.9 * len(ids))
    config = ModelConfig(cell="lstm", layers=2, hidden=512, embedding=64, vocabulary=tokenizer.vocabulary)
    model = LanguageModel(config)
    model.start_from_frequencies(torch.from_numpy(np.bincount(ids[:cut], minlength=tokenizer.vocabulary)))
    trainer = Trainer(
        model,
        ids[:cut],
        TrainingConfig(steps=steps, learning_rate=4e-3),
        torch.device("cpu"),
        Shape(32, 48),
    )
    torch.set_num_threads(2)
    for step in range(steps):
        trainer.advance(step / steps)
    torch.set_num_threads(1)
    trained_model = trainer.model.eval()
    packing = choose_packing(trained_model, ids[cut:])
    return cast(LoadedModel, Model(Decoder(trained_model, packing=packing), tokenizer))


def keys(name: str, model: LoadedModel, document: Document, place: int, count: int) -> list[Figure]:
    """A key, then what a writer sees of five takes: their first characters, and their last."""
    first, last, lengths, exact = [], [], [], 0
    typed = "and so it was that the others went on with "
    for number in range(count):
        began = time.perf_counter()
        document.edit(place, place, typed[number % len(typed)])
        place += 1
        context = document.context(model, Place(document=1, offset=place), Job())
        exact += context.exact
        seen: list[float] = []

        def look(texts: object, seen: list[float] = seen) -> None:
            if not seen:
                seen.append(time.perf_counter())

        grower = TakeGrower(
            model.decoder,
            model.tokenizer,
            context,
            takes=5,
            until="sentence",
            length=400,
            dials=DIALS,
            seed=number,
        )
        grown = grower.grow(Job(), look)
        lengths.append(max(len(take.text) for take in grown))
        last.append(1000 * (time.perf_counter() - began))
        first.append(1000 * (seen[0] - began))
    return [
        Figure(f"{name}: key to first ghost characters, p50", statistics.median(first), "ms"),
        Figure(f"{name}: key to first ghost characters, p95", high(first), "ms", at_most=60.0),
        Figure(f"{name}: key to 5 takes of a sentence, p50", statistics.median(last), "ms", at_most=100.0),
        Figure(f"{name}: key to 5 takes of a sentence, p95", high(last), "ms", at_most=250.0),
        Figure(f"{name}: the longest take of five, p50", statistics.median(lengths), "characters"),
        Figure(f"{name}: contexts that were exact", 100.0 * exact / count, "%"),
    ]


def branches(model: LoadedModel, document: Document) -> list[Figure]:
    """The writer goes to and fro between two branches that part 50,000 characters before the end, both read."""
    start = len(document.text) - 50_000
    one, other = document.text[start : start + 40], "and it was then that the others went on."
    place = Place(document=1, offset=len(document.text))
    waited, exact = [], []
    for visit in range(12):
        began = time.perf_counter()
        document.edit(start, start + 40, other if visit % 2 == 0 else one)
        context = document.context(model, place, Job())
        seen: list[float] = []

        def look(texts: object, seen: list[float] = seen) -> None:
            if not seen:
                seen.append(time.perf_counter())

        TakeGrower(
            model.decoder, model.tokenizer, context, takes=5, until="sentence", length=400, dials=DIALS, seed=visit
        ).grow(Job(), look)
        if visit >= 2:
            waited.append(1000 * (seen[0] - began))
            exact.append(context.exact)
        document.context(model, place, Job(), exact=True)
    return [
        Figure("to a branch and back: first ghost characters, p50", statistics.median(waited), "ms"),
        Figure("to a branch and back: first ghost characters, at most", max(waited), "ms", at_most=60.0),
        Figure("to a branch and back: contexts that were exact", 100.0 * sum(exact) / len(exact), "%"),
    ]


def quick_states(model: LoadedModel, document: Document) -> list[Figure]:
    """Predictions of quick states against exact ones: of a text never read, and far after an edit."""
    text = document.text[:200_000]
    places = [40_000, 90_000, 150_000, 200_000]
    exact = Reading(model, text)
    logs = [torch.log_softmax(exact.context(place, "", Job(), exact=True).logits[0], 0) for place in places]

    def distances(contexts: Callable[[int], Context]) -> list[float]:
        return [
            float((log.exp() * (log - torch.log_softmax(contexts(place).logits[0], 0))).sum())
            for place, log in zip(places, logs, strict=True)
        ]

    fresh = distances(lambda place: Reading(model, text).context(place, "", Job()))
    edited = Reading(model, "Now " + text[:100] + "something else" + text[114:])
    while edited.advance(len(text)):
        pass
    edited.edit(0, 4, "")
    edited.edit(100, 114, text[100:114])
    began = time.perf_counter()
    behind = distances(lambda place: edited.context(place, "", Job()))
    spent = (time.perf_counter() - began) / len(places)
    return [
        Figure("a text never read: quick against exact, KL at most", 1e6 * max(fresh), "millionths of a nat"),
        Figure("after an edit: quick against exact, KL at most", 1e6 * max(behind), "millionths of a nat"),
        Figure("after an edit: quick state", 1000 * spent, "ms"),
    ]


def pages(model: LoadedModel, document: Document) -> list[Figure]:
    """Surprisal of a page, and the alternatives to a word."""
    text = document.text[-PAGE:]
    context = document.context(model, Place(document=1, offset=len(document.text) - PAGE), Job())
    began = time.perf_counter()
    count = sum(1 for _ in token_nats(model.decoder, context, model.tokenizer.encode(text), Job()))
    page = 1000 * (time.perf_counter() - began)
    pieces = Pieces(model.tokenizer)
    began = time.perf_counter()
    found = likeliest_words(model.decoder, pieces, model.context("This is the "), 20, Job())
    return [
        Figure(f"surprisal of a page of {count:,}", page, "ms"),
        Figure(
            f"the 20 likeliest words{', certain' if found.certain else ''}", 1000 * (time.perf_counter() - began), "ms"
        ),
    ]


def high(values: list[float]) -> float:
    """The 95th percentile."""
    return float(np.percentile(values, 95))


if __name__ == "__main__":
    main()
