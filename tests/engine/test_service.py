"""The engine service over its real pipe, through the client that the app uses."""

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
import torch

from corpora.errors import InputError
from engine.client import EngineClient, connect
from engine.folder import ModelLibrary
from engine.models import Models
from engine.protocol import CANCELLED, Done, InfillParams, ModelUnusable, ScoreParams, StreamParams, TakesParams
from engine.settings import Dials
from tests.engine.conftest import Home
from tests.texts import prose

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(trained_once: Home) -> AsyncIterator[EngineClient]:
    """One service for all tests that leave the models as they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PANTOUM_HOME", str(trained_once.root))
        async with connect() as running:
            yield running


@pytest_asyncio.fixture(loop_scope="module")
async def own_client(trained: Home) -> AsyncIterator[EngineClient]:
    """A service for a test that changes the models of its own home."""
    async with connect() as running:
        yield running


async def text_of(client: EngineClient, params: StreamParams) -> tuple[str, Done]:
    stream = await client.stream(params)
    text = "".join([token.text async for token in stream])
    assert stream.done is not None
    return text + stream.done.text, stream.done


async def test_a_model_is_loaded_and_described(client: EngineClient) -> None:
    info = await client.load("char")
    assert (info.slug, info.unit, info.cell, info.hidden) == ("char", "char", "gru", 32)
    assert info.parameters > 1000
    assert (await client.hello()).protocol == 1


async def test_a_models_weights_are_named_by_the_hash_of_their_file(client: EngineClient) -> None:
    info = await client.load("char")
    weights = (Path(info.model) / "weights.safetensors").read_bytes()
    assert info.hash == hashlib.blake2b(weights, digest_size=16).hexdigest()


@pytest.mark.parametrize("unit", ["char", "word", "bpe"])
async def test_the_same_prompt_seed_and_dials_give_the_same_text(client: EngineClient, unit: str) -> None:
    params = StreamParams(model=unit, prompt="The quiet river", length=200, seed=5)
    first, done = await text_of(client, params)
    # What was read in between must not matter, though it fills caches.
    await client.next(unit, "The quiet river" * 200)
    again, _ = await text_of(client, params)
    other, _ = await text_of(client, msgspec.structs.replace(params, seed=6))
    assert first == again != other
    assert done.reason == "length"
    assert len(first) >= 200
    assert done.characters == len(first)


async def test_a_long_prompt_gives_the_same_text_with_a_warm_cache_and_a_cold_one(
    client: EngineClient, own_client: EngineClient
) -> None:
    prompt = prose(1700, seed=3)
    params = StreamParams(model="char", prompt=prompt, length=100, seed=1)
    await client.next("char", prompt[:1100])
    warm, _ = await text_of(client, params)
    cold, _ = await text_of(own_client, params)
    assert warm == cold


async def test_a_prompt_may_hold_characters_that_the_model_has_never_seen(client: EngineClient) -> None:
    for prompt in ("Здравствуй, 世界 👩‍👩‍👧 e\u0301\u0323", "", "\x00\r\n\t"):
        for unit in ("char", "word", "bpe"):
            text, done = await text_of(client, StreamParams(model=unit, prompt=prompt, length=30))
            assert done.reason == "length" and len(text) >= 30


async def test_a_cancelled_stream_ends_and_says_so(client: EngineClient) -> None:
    stream = await client.stream(StreamParams(model="char", length=10_000_000, dials=Dials(pace=200)))
    await anext(stream)
    await stream.cancel()
    async for _ in stream:
        pass
    assert stream.done is not None and stream.done.reason == "cancelled"


async def test_dials_turned_while_it_streams_hold_from_the_next_token(client: EngineClient) -> None:
    cold, hot = Dials(temperature=0.0, pace=50), Dials(temperature=10.0)
    stream = await client.stream(StreamParams(model="char", prompt="The ", length=400, dials=cold, probabilities=True))
    before = [(await anext(stream)) for _ in range(3)]
    await stream.set_dials(hot)
    after = [token async for token in stream]
    greedy = await text_of(client, StreamParams(model="char", prompt="The ", length=400, dials=Dials(temperature=0.0)))
    text = "".join(token.text for token in before + after)
    assert text[:3] == greedy[0][:3]
    assert text != greedy[0]
    likely = sum(token.probability or 0 for token in after[20:]) / len(after[20:])
    assert likely < 0.2  # at temperature 10 nearly every token is a surprise


async def test_a_stream_ends_before_its_stop_string(client: EngineClient) -> None:
    free, _ = await text_of(client, StreamParams(model="char", prompt="The ", length=300, seed=2))
    stop = free[100:104]
    text, done = await text_of(client, StreamParams(model="char", prompt="The ", length=300, seed=2, stop=(stop,)))
    assert done.reason == "stop"
    assert text == free[: free.index(stop)]


async def test_a_word_model_spells_only_when_the_dials_say_so(client: EngineClient, trained_once: Home) -> None:
    tokenizer = Models(trained_once.root).get("word").tokenizer
    assert tokenizer.spelling
    hot = StreamParams(model="word", prompt="The ", length=2000, dials=Dials(temperature=5.0), seed=1)
    without = {token.id async for token in await client.stream(hot)}
    with_spelling = {
        token.id
        async for token in await client.stream(msgspec.structs.replace(hot, dials=Dials(temperature=5.0, spell=True)))
    }
    assert not without & tokenizer.spelling
    assert with_spelling & tokenizer.spelling


async def test_the_next_tokens_are_the_models_distribution(client: EngineClient, trained_once: Home) -> None:
    answer = await client.next("char", "The quiet ri", count=1000, dials=Dials(top_k=1))
    assert math.fsum(token.probability for token in answer.tokens) == pytest.approx(1.0, abs=1e-4)
    assert [token.dialled for token in answer.tokens[:2]] == [pytest.approx(1.0), 0.0]
    assert 0 < answer.entropy < math.log2(len(answer.tokens))
    model = Models(trained_once.root).get("char")
    ids = torch.from_numpy(model.tokenizer.encode("The quiet ri").astype("int64"))[:, None]
    logits, _ = model.decoder.model(ids, model.decoder.zero_state())
    assert answer.tokens[0].id == int(logits[-1, 0].argmax())


@pytest.mark.parametrize("unit", ["char", "word", "bpe"])
async def test_a_score_agrees_with_the_probability_of_every_token_in_turn(
    client: EngineClient, trained_once: Home, unit: str
) -> None:
    text = prose(1500, seed=77)
    score = await client.score(ScoreParams(model=unit, text=text))
    model = Models(trained_once.root).get(unit)
    state, logits, nats = model.decoder.zero_state(), model.decoder.start_logits(), 0.0
    ids = model.tokenizer.encode(text)
    for token in ids.tolist():
        nats -= float(torch.log_softmax(logits[0].double(), 0)[token])
        logits, state = model.decoder.step(torch.tensor([token]), state)
    assert score.tokens == len(ids)
    assert (score.characters, score.bytes) == (1500, 1500)
    assert score.nats_per_token == pytest.approx(nats / len(ids), rel=1e-4)
    assert score.bits_per_character == pytest.approx(nats / math.log(2) / 1500, rel=1e-4)
    assert score.perplexity == pytest.approx(math.exp(nats / len(ids)), rel=1e-3)


async def test_a_file_is_scored_as_its_text_is(client: EngineClient, tmp_path: Path) -> None:
    text = prose(3000, seed=5) + "déjà vu"
    file = tmp_path / "text.txt"
    file.write_bytes(text.replace("\n", "\r\n").encode())
    assert await client.score(ScoreParams(model="char", path=str(file))) == await client.score(
        ScoreParams(model="char", text=text)
    )


async def test_a_long_score_keeps_no_other_question_waiting(client: EngineClient) -> None:
    long = asyncio.create_task(client.score(ScoreParams(model="char", text=prose(60_000, seed=9))))
    await client.next("char", "The ")
    assert not long.done()
    assert (await long).characters == 60_000


@pytest.mark.parametrize("what", ["score", "infill"])
async def test_long_work_that_nobody_waits_for_any_more_is_given_up(
    client: EngineClient, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Done to its end, each would take far longer than this waits."""
    answers: asyncio.Queue[int] = asyncio.Queue()
    take = client._dispatch

    def noting(message: Any) -> None:
        if message.error is not None:
            answers.put_nowait(message.error.code)
        take(message)

    monkeypatch.setattr(client, "_dispatch", noting)
    await client.load("char")
    if what == "score":
        long: Any = client.score(ScoreParams(model="char", text=prose(20_000, seed=9) * 200))
    else:
        long = client.infill(InfillParams(model="char", left="The ", right=" end.", length=1000, takes=40))
    task = asyncio.create_task(long)
    await client.next("char", "The ")  # by then it is under way
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.wait_for(answers.get(), 10) == CANCELLED


async def test_a_model_stays_on_the_device_that_it_was_asked_for_on(
    trained_once: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Models(trained_once.root)
    asked: list[str] = []

    def choose(device: str) -> torch.device:
        asked.append(device)
        return torch.device("cpu")

    monkeypatch.setattr("engine.models.choose_device", choose)
    models.get("char")
    loaded = models.get("char", "mps")
    folder = ModelLibrary(trained_once.root).get("char")
    assert models.get("char") is models.get(str(folder.path)) is loaded
    assert asked == ["auto", "mps", "mps", "mps"]
    models.get("word")
    assert asked[-1] == "auto"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda c: c.load("nobody"), "no model named"),
        (lambda c: c.score(ScoreParams(model="char")), "either a text or a file"),
        (lambda c: c.score(ScoreParams(model="char", text="")), "no text to score"),
        (lambda c: c.score(ScoreParams(model="char", path="/nowhere/x.txt")), "can't be read"),
        (lambda c: c.stream(StreamParams(model="char", dials=Dials(temperature=-1))), "temperature"),
        (lambda c: c.stream(StreamParams(model="char", seed=2**63)), "RNG seed"),
        (lambda c: c.load("../../etc"), "no model named"),
    ],
)
async def test_a_persons_mistake_is_answered_with_a_sentence(client: EngineClient, call: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        await call(client)
    assert (await client.load("char")).slug == "char"


async def test_damaged_model_folders_are_refused_and_the_service_lives_on(
    own_client: EngineClient, trained: Home
) -> None:
    client = own_client
    folder = ModelLibrary(trained.root).get("char")
    kept = {path: path.read_bytes() for path in folder.path.iterdir()}
    huge = kept[folder.record_path].replace(b'"hidden": 32', b'"hidden": 8192')
    for path, content in [
        (folder.record_path, b"{"),
        (folder.record_path, kept[folder.record_path].replace(b'"format": 1', b'"format": 99')),
        (folder.record_path, huge),
        (folder.tokenizer_path, b"[]"),
        (folder.tokenizer_path, ModelLibrary(trained.root).get("word").tokenizer_path.read_bytes()),
        (folder.weights_path, b"\x80\x04\x95pickle"),
    ]:
        path.write_bytes(content)
        folder.weights_path.touch()
        with pytest.raises(ModelUnusable):
            await client.load("char")
        path.write_bytes(kept[path])
    folder.weights_path.touch()
    assert (await client.load("char")).slug == "char"


async def test_a_model_that_is_deleted_while_it_is_loaded_is_said_to_be_gone_until_it_comes_back(
    own_client: EngineClient, trained: Home
) -> None:
    folder = ModelLibrary(trained.root).get("char").path
    await own_client.load("char")
    folder.rename(folder.with_name(".elsewhere"))
    for question in (
        own_client.load("char"),
        own_client.next("char", "In the "),
        own_client.takes(TakesParams(model="char", prompt="In the ")),
        own_client.stream(StreamParams(model="char", prompt="In the ", length=5)),
    ):
        with pytest.raises(ModelUnusable, match="char is no longer there"):
            await question
    with pytest.raises(ModelUnusable, match="no model named 'chat'"):
        await own_client.load("chat")
    folder.with_name(".elsewhere").rename(folder)
    assert (await own_client.next("char", "In the ")).tokens


async def test_newer_weights_are_taken_up_at_the_next_load(own_client: EngineClient, trained: Home) -> None:
    client = own_client
    library = ModelLibrary(trained.root)
    assert (await client.load("char")).step <= 60
    folder = library.get("char")
    record = folder.record()
    folder.write_record(msgspec.structs.replace(record, training=msgspec.structs.replace(record.training, steps=120)))
    assert trained.train(folder) == 0
    assert (await client.load("char")).step > 60
