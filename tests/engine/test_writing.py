"""Takes, documents, alternatives, surprisal and copied spans over the service's real pipe."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from corpora.errors import InputError
from engine.client import EngineClient, Outdated, connect
from engine.protocol import AlternativesParams, CopiedParams, Growing, StreamParams, SurprisalParams, TakesParams
from tests.engine.conftest import Home
from tests.texts import prose

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT = prose(4000, seed=5)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(trained_once: Home) -> AsyncIterator[EngineClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PANTOUM_HOME", str(trained_once.root))
        async with connect() as running:
            yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two_sided(bidirectional_once: Home) -> AsyncIterator[EngineClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PANTOUM_HOME", str(bidirectional_once.root))
        async with connect() as running:
            yield running


@pytest.mark.parametrize("unit", ["char", "word", "bpe"])
async def test_takes_of_a_document_are_those_of_its_text(client: EngineClient, unit: str) -> None:
    document = await client.open_document(TEXT)
    params = TakesParams(model=unit, until="word", seed=3, length=80)
    from_text = await client.takes(TakesParams(model=unit, until="word", seed=3, length=80, prompt=TEXT[:3210]))
    exact = document.at(3210, exact=True)
    from_place = await client.takes(TakesParams(model=unit, until="word", seed=3, length=80, at=exact))
    assert params.takes >= len(from_place.takes) >= 1
    assert from_place.exact
    assert from_place.takes == from_text.takes
    assert [take.surprisal for take in from_place.takes] == sorted(take.surprisal for take in from_place.takes)
    assert sum(take.same for take in from_place.takes) == 5
    document.close()


async def test_edits_reach_the_documents_copy_before_the_question_after_them(client: EngineClient) -> None:
    document = await client.open_document(TEXT)
    text = TEXT
    for place, new in ((100, "Well, "), (3000, "and so "), (0, "X")):
        document.edit(place, place + 2, new)
        text = text[:place] + new + text[place + 2 :]
    answer = await client.next("char", at=document.at(len(text), exact=True))
    expected = await client.next("char", text)
    assert answer.tokens == expected.tokens
    stream = await client.stream(StreamParams(model="char", at=document.at(50, exact=True), seed=1, length=60))
    written = "".join([token.text async for token in stream])
    again = await client.stream(StreamParams(model="char", prompt=text[:50], seed=1, length=60))
    assert written == "".join([token.text async for token in again])
    assert stream.done is not None
    assert stream.done.exact
    document.close()


async def test_an_answer_about_a_text_that_was_edited_since_is_refused(client: EngineClient) -> None:
    document = await client.open_document(TEXT)
    place = document.at(10)
    document.edit(0, 0, "x")
    with pytest.raises(Outdated):
        await client.takes(TakesParams(model="char", at=place))
    document.close()
    with pytest.raises(InputError, match="not open"):
        await client.takes(TakesParams(model="char", at=document.at(10)))


async def test_a_copy_that_is_out_of_step_is_no_longer_used(client: EngineClient) -> None:
    document = await client.open_document(TEXT)
    document.characters += 1  # as if an edit had been lost
    document.edit(0, 0, "x")
    with pytest.raises(InputError, match="not open"):
        await client.next("char", at=document.at(5))


async def test_takes_tell_how_they_grow_and_stop_when_nobody_waits(client: EngineClient) -> None:
    told: list[Growing] = []
    arrived = asyncio.Event()

    def growing(grown: Growing) -> None:
        told.append(grown)
        arrived.set()

    params = TakesParams(model="char", prompt="The ", takes=32, until=None, length=5000, seed=1)
    task = asyncio.create_task(client.takes(params, growing))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(told[0].texts) == 32
    # The service has its threads for others again: this would take long beside it.
    assert await client.takes(TakesParams(model="char", prompt="The ", until="word", length=40))


async def test_takes_grow_to_their_end_while_the_document_is_edited(client: EngineClient) -> None:
    told: list[Growing] = []
    document = await client.open_document(TEXT)
    place = document.at(2000)

    def growing(grown: Growing) -> None:
        if not told:
            document.edit(2000, 2000, "x")
        told.append(grown)

    params = TakesParams(model="char", at=place, right_from_document=True, takes=4, until=None, length=300, seed=1)
    found = await client.takes(params, growing)
    again = msgspec.structs.replace(params, at=(await client.open_document(TEXT)).at(2000))
    assert found.takes == (await client.takes(again)).takes
    assert all(take.right_bits is not None for take in found.takes)
    assert set(told[-1].texts) == {take.text for take in found.takes}  # the last ones too, before they were ranked


async def test_takes_can_be_ranked_by_what_follows_them(client: EngineClient) -> None:
    document = await client.open_document(TEXT)
    params = TakesParams(model="char", at=document.at(2000), right_from_document=True, until="word", takes=8, length=40)
    found = await client.takes(params)
    assert all(take.right_bits is not None and take.right_bits > 0 for take in found.takes)
    document.close()


@pytest.mark.parametrize("unit", ["char", "word", "bpe"])
async def test_takes_grow_backwards_from_the_text_after_the_caret(two_sided: EngineClient, unit: str) -> None:
    document = await two_sided.open_document(TEXT)
    params = {"model": unit, "backward": True, "until": "word", "seed": 2, "length": 60}
    found = await two_sided.takes(TakesParams(at=document.at(3500), **params))  # type: ignore[arg-type]
    expected = await two_sided.takes(TakesParams(prompt=TEXT[3500:], **params))  # type: ignore[arg-type]
    assert found.takes == expected.takes
    document.close()


async def test_a_model_that_reads_forwards_only_has_no_backward_takes(client: EngineClient) -> None:
    with pytest.raises(InputError, match="forwards only"):
        await client.takes(TakesParams(model="char", prompt="x", backward=True))


@pytest.mark.parametrize("unit", ["char", "word", "bpe"])
async def test_alternatives_are_told_for_the_word_at_a_place(client: EngineClient, unit: str) -> None:
    document = await client.open_document(TEXT)
    place = TEXT.index("river") + 2
    found = await client.alternatives(AlternativesParams(model=unit, at=document.at(place, exact=True), count=20))
    assert (found.word, TEXT[found.start : found.end]) == ("river", "river")
    assert len(found.words) == 20
    assert found.probability is not None
    assert 0.0 < found.probability <= 1.0
    assert [word.probability for word in found.words] == sorted(
        (word.probability for word in found.words), reverse=True
    )
    listed = {word.text: word.probability for word in found.words}
    if "river" in listed:
        assert found.probability == listed["river"]
    same = await client.alternatives(AlternativesParams(model=unit, text=TEXT[: found.start], word="river"))
    assert same.words == found.words
    document.close()


@pytest.mark.parametrize("unit", ["char", "word", "bpe"])
async def test_a_documents_surprisal_is_that_of_its_text(client: EngineClient, unit: str) -> None:
    document = await client.open_document(TEXT)
    at = document.at(1000, exact=True)
    found = await client.surprisal(SurprisalParams(model=unit, at=at, end=1400))
    whole = await client.surprisal(SurprisalParams(model=unit, text=TEXT))
    assert found.spans[0].start <= 1000
    assert found.spans[-1].end >= 1400
    expected = {(span.start, span.end): span.bits for span in whole.spans}
    for span in found.spans[:-1]:  # the last word may go on in the whole text
        assert expected[span.start, span.end] == pytest.approx(span.bits, abs=1e-3)
    document.close()


async def test_passages_from_the_corpus_are_found_in_a_document(client: EngineClient, trained_once: Home) -> None:
    corpus = prose(20_000)
    text = "Here it comes: " + corpus[5000:5100] + " And that was it."
    document = await client.open_document(text)
    found = await client.copied(CopiedParams(model="char", at=document.at(0), end=len(text)))
    [span] = [span for span in found.spans if span.end - span.start >= 100]
    assert span.start <= 15
    assert corpus[span.corpus : span.corpus + span.end - span.start] == text[span.start : span.end]
    assert found.corpus == "prose"
    document.close()
