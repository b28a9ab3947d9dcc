"""What the engine service does for a writer at a caret: takes, alternatives to a word, surprisal, copied spans."""

import time
from collections.abc import Sequence

from corpora.boundaries import CONTEXT
from corpora.cleaning.cleaner import clean_text
from corpora.copying import copied_spans
from corpora.errors import InputError
from corpora.library import CorpusLibrary
from engine.alternatives import likeliest_words, probability_of, word_at
from engine.context import Context
from engine.documents import Documents
from engine.encoded_text import CUT
from engine.gap import CONTEXT as BESIDE
from engine.jobs import Job
from engine.models import LoadedModel
from engine.protocol import (
    Alternative,
    Alternatives,
    AlternativesParams,
    Copied,
    CopiedParams,
    CopiedSpan,
    Growing,
    Place,
    Surprisal,
    SurprisalParams,
    Takes,
    TakesParams,
)
from engine.surprisal import LONGEST, token_nats, token_spans, word_spans
from engine.take_ranking import leading_to, merged, ranked, ranked_towards
from engine.takes import TakeGrower

PACE = 0.02  # seconds between two notifications of growing takes
_NEAR = 400  # characters within which a passage is widened to whole tokens


class Desk:
    """Answers requests about texts and about the documents that are open."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def context(self, model: LoadedModel, text: str, at: Place | None, job: Job, *, backward: bool = False) -> Context:
        """Where the model stands at a place of a document, or after (`backward`: before) a text."""
        if at is None:
            return model.context(clean_text(text), "back" if backward else "ahead")
        document = self._documents.get(at.document)
        try:
            if not backward:
                return document.context(model, at, job, exact=at.exact)
            after = document.at(at)[at.offset :]
            made = model.context(clean_text(after[:BESIDE]), "back")
            return Context(made.logits, made.state, made.recent, after[:CONTEXT], exact=len(after) <= BESIDE)
        finally:
            self._documents.read_ahead()

    def takes(self, model: LoadedModel, params: TakesParams, job: Job) -> Takes:
        """Several continuations. Raises `InputError` and `JobCancelled`."""
        began = time.monotonic()
        decoder = model.side("back" if params.backward else "ahead")
        context = self.context(model, params.prompt, params.at, job, backward=params.backward)
        grower = TakeGrower(
            decoder,
            model.tokenizer,
            context,
            takes=params.takes,
            until=params.until,
            length=params.length,
            dials=params.dials,
            seed=params.seed,
        )
        right = self._other_side(params)  # as it is now: whoever types along with the takes changes the document
        told = Telling(job, exact=context.exact) if params.growing else None
        grown = grower.grow(job, told)
        if told is not None:
            told.rest()
        takes = merged(grown)
        if right:
            takes = ranked_towards(takes, leading_to(right, takes, decoder, model.tokenizer, context, grown))
        elif params.ranked:
            takes = ranked(takes)
        if not params.ranked:
            takes.sort(key=lambda take: take.seed)
        return Takes(takes=tuple(takes), exact=context.exact, seconds=time.monotonic() - began)

    def alternatives(self, model: LoadedModel, params: AlternativesParams, job: Job) -> Alternatives:
        """The likeliest words where one stands. Raises `InputError` and `JobCancelled`."""
        text, offset = params.text + params.word, len(params.text)
        if params.at is not None:
            text, offset = self._documents.get(params.at.document).at(params.at), params.at.offset
        start, end = word_at(text, offset) if params.at is not None else (offset, len(text))
        # The tokens of words and of pieces bring the space before them.
        caret = start - 1 if model.info.unit != "char" and text[start - 1 : start] == " " else start
        at = None if params.at is None else _moved(params.at, caret)
        context = self.context(model, text[:caret], at, job)
        found = likeliest_words(model.decoder, model.pieces, context, max(1, min(params.count, 100)), job)
        own = None
        if word := text[start:end]:
            own = dict(found.found).get(word)
            if own is None:
                lead = text[caret:start]
                own = probability_of(model.decoder, model.tokenizer, model.pieces, context, lead + word)
        return Alternatives(
            words=tuple(Alternative(text=word, probability=probability) for word, probability in found.found),
            word=text[start:end],
            probability=own,
            start=start,
            end=end,
            certain=found.certain,
            exact=context.exact,
        )

    def surprisal(self, model: LoadedModel, params: SurprisalParams, job: Job) -> Surprisal:
        """What a passage costs by token or by word. Raises `InputError` and `JobCancelled`."""
        text, start, end = params.context + params.text, len(params.context), len(params.context) + len(params.text)
        if params.at is not None:
            text, start = self._documents.get(params.at.document).at(params.at), params.at.offset
            end = min(params.end, len(text))
        if end - start > LONGEST:
            raise InputError(f"The passage has {end - start:,} characters; ask for at most {LONGEST:,} at once.")
        first, last = _whole_tokens(text, start, max(start, end))
        at = None if params.at is None else _moved(params.at, first)
        context = self.context(model, text[:first], at, job)
        part = text[first:last]
        cleaned = clean_text(part)
        ids = model.tokenizer.encode(cleaned if len(cleaned) == len(part) else part)
        base = first if params.at is not None else first - start
        spans = token_spans(model.tokenizer, ids, list(token_nats(model.decoder, context, ids, job)), base)
        if params.by == "word":
            spans = word_spans(spans, lambda place: text[place - base + first])
        return Surprisal(spans=tuple(spans), exact=context.exact)

    def copied(self, model: LoadedModel, params: CopiedParams, job: Job) -> Copied:
        """What of a passage stands in the model's corpus. Raises `InputError` where that is not there any more."""
        text, start, end = params.text, 0, len(params.text)
        if params.at is not None:
            text, start = self._documents.get(params.at.document).at(params.at), params.at.offset
            end = min(params.end, len(text))
        corpus = CorpusLibrary().get(model.corpus.slug)
        if corpus.record.sha256 != model.corpus.sha256:
            raise InputError(
                f"The corpus {corpus.slug} is not the text that {model.info.name} was trained on any more."
            )
        found = copied_spans(corpus, text[start:end], least=params.least, check=job.check)
        return Copied(
            spans=tuple(
                CopiedSpan(start=span.start + start, end=span.end + start, corpus=span.corpus) for span in found
            ),
            corpus=corpus.slug,
        )

    def _other_side(self, params: TakesParams) -> str:
        """The text that ranked takes shall lead to."""
        if not params.ranked or params.at is None or not params.right_from_document:
            return clean_text(params.right) if params.ranked else ""
        text, offset = self._documents.get(params.at.document).at(params.at), params.at.offset
        return clean_text(text[max(0, offset - BESIDE) : offset] if params.backward else text[offset : offset + BESIDE])


class Telling:
    """Tells how takes grow, not more often than a screen can show."""

    def __init__(self, job: Job, *, exact: bool) -> None:
        self._job, self._exact = job, exact
        self._last = 0.0
        self._untold: tuple[str, ...] = ()

    def __call__(self, texts: Sequence[str]) -> None:
        self._untold = tuple(texts)
        now = time.monotonic()
        if now - self._last >= PACE and any(texts):
            self._last = now
            self.rest()

    def rest(self) -> None:
        """Tells what was grown since the last time: ranking long takes lasts."""
        if self._job.number is not None and any(self._untold):
            self._job.tell("growing", Growing(request=self._job.number, texts=self._untold, exact=self._exact))
        self._untold = ()


def _moved(place: Place, offset: int) -> Place:
    return Place(document=place.document, offset=offset, revision=place.revision, exact=place.exact)


def _whole_tokens(text: str, start: int, end: int) -> tuple[int, int]:
    """The passage, widened to places where the tokens of every unit end."""
    low = max(0, start - _NEAR)
    first = max((match.start() for match in CUT.finditer(text, low, start + 1)), default=None)
    match = CUT.search(text, end, end + _NEAR)
    last = match.start() if match else end if len(text) > end + _NEAR else len(text)
    return (0 if low == 0 else start) if first is None else first, last
