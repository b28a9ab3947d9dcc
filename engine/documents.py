"""Documents that an app has open, kept here so that a key press costs its few characters and not the whole text.

A request names a document, an offset in it and the revision that it means; an answer about another revision would come
too late to be of use, so there is none. What models have read of a document is read ahead by a thread of its own, up to
the caret and some way beyond, which stands still while anybody waits for anything else.
"""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from corpora.boundaries import CONTEXT
from corpora.errors import InputError
from engine.context import Context
from engine.decoder import BLOCK
from engine.device import begin_thread, step_back
from engine.jobs import Foreground, Job, JobCancelled
from engine.models import LoadedModel
from engine.protocol import Place
from engine.reading import QUICK, Reading

AHEAD = 16_384  # characters beyond the caret that are read while nobody waits
REST = 0.25  # seconds without a question after which reading ahead goes on: not between two keys
AT_ONCE = 50_000  # characters of a document that is encoded while the first request waits
OPEN = 16  # documents at once; the one used longest ago is closed
READINGS = 3  # models whose reading of a document is kept


class Document:
    """One open document: its text, and what models have read of it. Safe from several threads."""

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self.revision = 0
        self.caret = 0
        self._text = text
        self._lock = threading.Lock()
        self._readings: OrderedDict[int, Reading] = OrderedDict()  # by the model's identity; newest last
        self._wanted: OrderedDict[int, LoadedModel] = OrderedDict()  # models whose reading is yet to be made

    def edit(self, start: int, end: int, text: str) -> None:
        """Replaces the characters from `start` to `end`. Raises `InputError` for a place outside the text."""
        with self._lock:
            if not 0 <= start <= end <= len(self._text):
                raise InputError(f"The edit from {start:,} to {end:,} is outside the document; open it again.")
            self._text = self._text[:start] + text + self._text[end:]
            self.revision += 1
            for reading in self._readings.values():
                reading.edit(start, end, text)

    def close(self) -> None:
        """Nobody will ask about it any more."""
        with self._lock:
            for reading in self._readings.values():
                reading.close()

    @property
    def text(self) -> str:
        return self._text

    def at(self, place: Place) -> str:
        """The whole text, where the place is in it. Raises `JobCancelled` for another revision, `InputError`."""
        with self._lock:
            if place.revision is not None and place.revision != self.revision:
                raise JobCancelled
            if not 0 <= place.offset <= len(self._text):
                raise InputError(f"There is no place {place.offset:,} in a document of {len(self._text):,} characters.")
            self.caret = place.offset
            return self._text

    def context(self, model: LoadedModel, place: Place, job: Job, *, exact: bool = False) -> Context:
        """The forward context at a place, exact or quick. Raises `JobCancelled` and `InputError`."""
        text = self.at(place)
        reading = self.reading(model, wait=exact or len(text) <= AT_ONCE)
        before = text[max(0, place.offset - CONTEXT) : place.offset]
        if reading is not None:
            context = reading.context(place.offset, before, job, exact=exact, still=lambda: self.at(place))
        else:
            # From a place that stays the same for some keys: what was read there is remembered.
            start = max(0, place.offset - QUICK) // BLOCK * BLOCK
            context = replace(model.context(text[start : place.offset]), exact=False)
        self.at(place)  # what was edited meanwhile makes the answer one about another text
        return context

    def reading(self, model: LoadedModel, *, wait: bool) -> Reading | None:
        """This model's reading; where there is none yet and nobody is to `wait`, it is made in the background."""
        key = id(model)
        with self._lock:
            reading = self._readings.get(key)
            if reading is not None:
                self._readings.move_to_end(key)
                return reading
            self._wanted[key] = model
        return self._make(model) if wait else None

    def encode(self) -> bool:
        """Makes a reading that is wanted; False where none is. Until it is there, each question costs a quick state."""
        with self._lock:
            wanted = next(iter(self._wanted.values()), None)
        if wanted is not None:
            self._make(wanted)
        return wanted is not None

    def read_on(self, pause: Callable[[], object]) -> bool:
        """Reads one block in the background, calling `pause` now and then; False where there is none."""
        with self._lock:
            reading = next(reversed(self._readings.values()), None)
            caret = min(self.caret + AHEAD, len(self._text))
        return reading is not None and reading.advance(reading.place(caret), 1, pause)

    def _make(self, model: LoadedModel) -> Reading:
        """Encodes the document, which may take a second; edits go on meanwhile and are caught up with at the end."""
        key = id(model)
        with self._lock:
            text, revision = self._text, self.revision
        made = Reading(model, text)
        with self._lock:
            if key in self._readings:
                return self._readings[key]
            if revision != self.revision:
                same, now = _common(text, self._text), self._text
                tail = _common(text[same:][::-1], now[same:][::-1])
                made.edit(same, len(text) - tail, now[same : len(now) - tail])
            self._readings[key] = made
            self._wanted.pop(key, None)
            while len(self._readings) > READINGS:
                self._readings.popitem(last=False)[1].close()
            return made


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class Documents:
    """All open documents, and the thread that reads ahead in them."""

    def __init__(self, foreground: Foreground) -> None:
        self._foreground = foreground
        self._documents: OrderedDict[int, Document] = OrderedDict()  # the one used last is last
        self._count = 0
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, text: str) -> Document:
        """A new document with this text."""
        with self._lock:
            self._count += 1
            document = self._documents[self._count] = Document(self._count, text)
            while len(self._documents) > OPEN:
                self._documents.popitem(last=False)[1].close()
            return document

    def get(self, number: int) -> Document:
        """An open document. Raises `InputError`."""
        with self._lock:
            document = self._documents.get(number)
            if document is None:
                raise InputError(f"Document {number} is not open.")
            self._documents.move_to_end(number)
            return document

    def close(self, number: int) -> None:
        """Forgets a document; one that isn't open is none."""
        with self._lock:
            document = self._documents.pop(number, None)
        if document is not None:
            document.close()

    def read_ahead(self) -> None:
        """Something has changed: there may be something to read."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="reading ahead", daemon=True)
                self._thread.start()
        self._work.set()

    def _run(self) -> None:
        begin_thread()
        step_back()
        while True:
            self._work.wait()
            self._work.clear()
            try:
                while self._step():
                    pass
            except Exception as error:  # a full memory, say; whoever asks next is told, by their own work
                print(f"reading ahead failed ({type(error).__name__}: {error})", file=sys.stderr)  # noqa: T201

    def _step(self) -> bool:
        """One block of the document used last that has anything to read; before that, documents are encoded at once."""
        with self._lock:
            documents = list(reversed(self._documents.values()))
        if any(document.encode() for document in documents):
            return True
        pause = partial(self._foreground.wait, REST)
        pause()
        return any(document.read_on(pause) for document in documents)
