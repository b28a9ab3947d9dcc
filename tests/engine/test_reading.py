"""A model's reading of a document that is edited: contexts against those of a plain prefill."""

from dataclasses import dataclass
from typing import cast

import pytest
import torch
from torch import Tensor

from corpora.errors import InputError
from corpora.tokenizers import Tokenizer, train_tokenizer
from engine import documents, reading
from engine.context import Context, read_context
from engine.decoder import BLOCK, TAIL, Decoder
from engine.documents import Document, Documents
from engine.jobs import Foreground, Job, JobCancelled
from engine.model import LanguageModel
from engine.models import LoadedModel
from engine.protocol import Place
from engine.reading import Reading
from engine.settings import ModelConfig
from engine.snapshots import Snapshots
from engine.stack import State
from tests.texts import prose

TEXT = prose(6 * BLOCK + 100)
TOKENIZER = train_tokenizer("char", [TEXT])


@dataclass
class Model:
    """What a reading needs of a loaded model."""

    decoder: Decoder
    tokenizer: Tokenizer

    def __post_init__(self) -> None:
        self.snapshots = Snapshots(self.decoder)

    def context(self, text: str) -> Context:
        return read_context(self.decoder, self.tokenizer, text, Snapshots(self.decoder).prefill)


@pytest.fixture
def model() -> LoadedModel:
    torch.manual_seed(0)
    config = ModelConfig(cell="lstm", vocabulary=TOKENIZER.vocabulary, hidden=24, embedding=12)
    return cast(LoadedModel, Model(Decoder(LanguageModel(config).eval()), TOKENIZER))


@pytest.fixture
def read(model: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens were read at each call of the model; of plain contexts too."""
    counts: list[int] = []
    prefill = model.decoder.prefill

    def counted(ids: Tensor, state: State) -> tuple[Tensor, State]:
        counts.append(len(ids))
        return prefill(ids, state)

    monkeypatch.setattr(model.decoder, "prefill", counted)
    return counts


def plain(model: LoadedModel, text: str) -> Context:
    return model.context(text)


def fresh(model: LoadedModel) -> LoadedModel:
    """The same model, remembering nothing."""
    return cast(LoadedModel, Model(model.decoder, model.tokenizer))


def same(one: Context, other: Context) -> bool:
    states = zip(one.state, other.state, strict=True)
    return (
        torch.equal(one.logits, other.logits)
        and one.recent == other.recent
        and all(torch.equal(a, b) for x, y in states for a, b in zip(x, y, strict=True))
    )


@pytest.mark.parametrize("offset", [0, 1, 63, 64, 65, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 70, len(TEXT)])
def test_an_exact_context_has_the_bits_of_reading_the_whole_text(model: LoadedModel, offset: int) -> None:
    made = Reading(model, TEXT)
    context = made.context(offset, "", Job(), exact=True)
    assert context.exact
    assert same(context, plain(model, TEXT[:offset]))
    # And again from what is remembered now.
    assert same(made.context(offset, "", Job()), plain(model, TEXT[:offset]))


def test_typing_at_any_place_keeps_contexts_exact_and_reads_little(model: LoadedModel, read: list[int]) -> None:
    made, text = Reading(model, TEXT), TEXT
    offset = 4 * BLOCK + 300
    made.context(offset, "", Job(), exact=True)
    for key in "typing on":
        made.edit(offset, offset, key)
        text, offset = text[:offset] + key + text[offset:], offset + 1
        read.clear()
        context = made.context(offset, "", Job())
        assert context.exact
        assert sum(read) <= 64
        assert same(context, plain(model, text[:offset]))


def test_far_behind_an_edit_a_quick_context_comes_first_and_an_exact_one_once_the_text_was_read(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "QUICK", 600)
    monkeypatch.setattr(reading, "NEAR", 600)
    made = Reading(model, TEXT)
    made.context(len(TEXT), "", Job(), exact=True)
    made.edit(10, 10, "XYZ")
    text = TEXT[:10] + "XYZ" + TEXT[10:]
    quick = made.context(len(text), "", Job())
    assert not quick.exact
    expected = plain(model, text)
    assert (quick.logits - expected.logits).abs().max() < 0.1
    while made.advance(len(text)):
        pass
    assert same(made.context(len(text), "", Job()), expected)


def test_a_quick_context_of_a_text_that_was_never_read_reads_its_last_characters(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "QUICK", 700)
    context = Reading(model, TEXT).context(len(TEXT), "", Job())
    assert not context.exact
    assert torch.allclose(context.logits, plain(model, TEXT[-700:]).logits, atol=1e-5)


def test_an_edit_ends_a_reading_that_is_under_way_and_what_was_read_before_the_edit_is_of_use(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = Document(1, TEXT)
    made = document.reading(model, wait=True)
    assert made is not None
    read: list[int] = []
    prefill = model.decoder.prefill

    def typed(ids: Tensor, state: State) -> tuple[Tensor, State]:
        read.append(len(ids))
        if len(read) == 3:
            document.edit(len(TEXT) - 5, len(TEXT), "")
        return prefill(ids, state)

    monkeypatch.setattr(model.decoder, "prefill", typed)
    with pytest.raises(JobCancelled):
        document.context(model, Place(document=1, offset=len(TEXT), revision=0), Job())
    assert len(read) == 3
    before = sum(read)
    document.context(model, Place(document=1, offset=len(TEXT) - 5, revision=1), Job())
    assert sum(read) - before < reading.QUICK - before + BLOCK


def test_random_edits_never_make_an_exact_context_wrong(model: LoadedModel) -> None:
    rng = torch.Generator().manual_seed(1)
    made, text = Reading(model, TEXT), TEXT
    for _ in range(25):
        start = int(torch.randint(len(text), (1,), generator=rng))
        end = min(len(text), start + int(torch.randint(60, (1,), generator=rng)))
        new = prose(int(torch.randint(80, (1,), generator=rng)), seed=start)
        made.edit(start, end, new)
        text = text[:start] + new + text[end:]
        offset = int(torch.randint(len(text) + 1, (1,), generator=rng))
        context = made.context(offset, "", Job(), exact=True)
        assert same(context, plain(model, text[:offset]))


@dataclass(frozen=True)
class Branch:
    """Something that was written instead of some of the text."""

    start: int
    end: int
    text: str

    def go(self, made: Reading) -> None:
        made.edit(self.start, self.end, self.text)

    def leave(self, made: Reading) -> None:
        made.edit(self.start, self.start + len(self.text), TEXT[self.start : self.end])

    @property
    def whole(self) -> str:
        return TEXT[: self.start] + self.text + TEXT[self.end :]


ONE = Branch(BLOCK + 200, BLOCK + 230, "and then it rained for a week")
OTHER = Branch(BLOCK + 200, BLOCK + 200, "She said nothing, and we went home. ")


@pytest.mark.parametrize(
    ("back", "most"), [(len(TEXT), TAIL), (4 * BLOCK + 130, TAIL), (3 * BLOCK, BLOCK), (ONE.start, TAIL)]
)
def test_a_branch_that_was_read_before_is_not_read_again_when_the_writer_returns_to_it(
    model: LoadedModel, read: list[int], back: int, most: int
) -> None:
    made = Reading(model, TEXT)
    made.context(back, "", Job(), exact=True)
    for branch in (ONE, OTHER):
        branch.go(made)
        made.context(len(branch.whole), "", Job(), exact=True)
        branch.leave(made)
    read.clear()
    context = made.context(back, "", Job())
    assert context.exact
    assert sum(read) <= most
    assert same(context, plain(fresh(model), TEXT[:back]))
    for branch in (OTHER, ONE):
        branch.go(made)
        read.clear()
        context = made.context(len(branch.whole), "", Job())
        assert context.exact
        assert sum(read) <= TAIL
        assert same(context, plain(fresh(model), branch.whole))
        branch.leave(made)


def test_reading_ahead_goes_on_behind_what_was_read_of_a_branch_before(model: LoadedModel, read: list[int]) -> None:
    made = Reading(model, TEXT)
    while made.advance(5 * BLOCK):
        pass
    ONE.go(made)
    while made.advance(5 * BLOCK):
        pass
    ONE.leave(made)
    read.clear()
    while made.advance(len(TEXT)):
        pass
    assert read == [BLOCK]


def test_of_what_the_model_remembers_the_farthest_is_forgotten_first(
    model: LoadedModel, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model.snapshots, "_most", 3)
    made = Reading(model, TEXT)
    while made.advance(len(TEXT)):
        pass
    made.edit(0, 1, "W")
    made.edit(0, 1, TEXT[0])
    read.clear()
    context = made.context(4 * BLOCK, "", Job())
    assert read == [BLOCK]
    assert same(context, plain(fresh(model), TEXT[: 4 * BLOCK]))


def test_a_document_that_is_opened_again_is_not_read_again(model: LoadedModel, read: list[int]) -> None:
    opened = Documents(Foreground())
    first = opened.open(TEXT)
    at = Place(document=first.number, offset=len(TEXT))
    first.context(model, at, Job(), exact=True)
    opened.close(first.number)
    second = opened.open(TEXT)
    read.clear()
    assert second.context(model, Place(document=second.number, offset=len(TEXT)), Job()).exact
    assert sum(read) <= TAIL


def test_an_answer_about_an_older_revision_is_none(model: LoadedModel) -> None:
    document = Document(1, TEXT)
    place = Place(document=1, offset=5, revision=0)
    assert document.context(model, place, Job()).beside == TEXT[:5]
    document.edit(0, 0, "x")
    with pytest.raises(JobCancelled):
        document.context(model, place, Job())


def test_a_document_that_is_not_yet_encoded_answers_quickly_and_catches_up(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "AT_ONCE", 100)
    document = Document(1, TEXT)
    place = Place(document=1, offset=len(TEXT))
    assert not document.context(model, place, Job()).exact
    document.edit(3, 5, "new")
    text = TEXT[:3] + "new" + TEXT[5:]
    assert document.encode() and not document.encode()
    while document.read_on(lambda: None):
        pass
    context = document.context(model, Place(document=1, offset=len(text)), Job())
    assert context.exact
    assert same(context, plain(model, text))


def test_reading_ahead_waits_for_whoever_waits(model: LoadedModel) -> None:
    foreground = Foreground()
    opened = Documents(foreground)
    document = opened.open(TEXT)
    with foreground():
        document.context(model, Place(document=document.number, offset=len(TEXT)), Job())
        opened.read_ahead()
        made = document.reading(model, wait=True)
        assert made is not None
        assert not made._exact
    context = document.context(model, Place(document=document.number, offset=len(TEXT), exact=True), Job(), exact=True)
    assert context.exact


def test_only_so_many_documents_stay_open() -> None:
    opened = Documents(Foreground())
    numbers = [opened.open("text").number for _ in range(documents.OPEN)]
    opened.get(numbers[0])
    newest = opened.open("text").number
    assert opened.get(numbers[0]).number == numbers[0]
    assert opened.get(newest).number == newest
    with pytest.raises(InputError, match="not open"):
        opened.get(numbers[1])
