"""Text that grows towards its beginning: everything is mirrored, and characters still come whole."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.errors import InputError
from corpora.tokenizers import Tokenizer, train_tokenizer
from engine.backward import BackwardDetokenizer
from engine.client import connect
from engine.generation import Continuation, StopStrings
from engine.model import Side
from engine.models import LoadedModel, Models
from engine.protocol import StreamParams
from engine.settings import UNITS, Dials, Unit
from tests.engine.conftest import Home
from tests.texts import prose

TOKENIZERS = {unit: train_tokenizer(unit, [prose(4000) + "Über naïve Füße 夏草や"]) for unit in UNITS}
anything = st.text(st.characters(exclude_categories=[]), max_size=30)
texts = st.text(alphabet="ab\n", max_size=12)


def model(home: Home, unit: Unit) -> LoadedModel:
    return Models(home.root).get(unit)


def grown(loaded: LoadedModel, prompt: str, *, seed: int = 1, length: int = 80, stop: tuple[str, ...] = ()) -> str:
    continuation = Continuation(
        loaded.side("back"), loaded.tokenizer, prompt, dials=Dials(), seed=seed, length=length, stop=stop
    )
    text = ""
    for piece in continuation:
        text = piece.text + text
    return continuation.tail + text


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
@given(text=anything)
def test_ids_that_come_from_right_to_left_give_the_text_that_they_encode(tokenizer: Tokenizer, text: str) -> None:
    detokenizer, found = BackwardDetokenizer(tokenizer), ""
    for token in tokenizer.encode(text)[::-1].tolist():
        found = detokenizer.push(token) + found
    assert detokenizer.flush() + found == text


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
def test_nothing_of_a_character_is_given_out_before_all_of_it_has_come(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("a👩b")[::-1].tolist()
    assert len(ids) > 3
    detokenizer = BackwardDetokenizer(tokenizer)
    assert [text for text in map(detokenizer.push, ids) if text] == ["b", "👩", "a"]


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
@given(data=st.data())
def test_whatever_a_model_writes_can_be_shown_and_little_is_held_back(
    tokenizer: Tokenizer, data: st.DataObject
) -> None:
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocabulary - 1), max_size=30))
    detokenizer, empty = BackwardDetokenizer(tokenizer), 0
    for token in ids:
        empty = 0 if detokenizer.push(token) else empty + 1
        assert empty < 8
    detokenizer.flush()
    assert detokenizer.flush() == ""


@given(st.lists(texts, max_size=20), st.lists(texts, max_size=3))
def test_stop_strings_work_from_the_right_as_from_the_left(pieces: list[str], stop: list[str]) -> None:
    forward, backward = StopStrings([text[::-1] for text in stop]), StopStrings(stop, backward=True)
    for piece in pieces:
        shown, stopped = forward.push(piece[::-1])
        assert backward.push(piece) == (shown[::-1], stopped)
        if stopped:
            return
    assert backward.release() == forward.release()[::-1]


@pytest.mark.parametrize("unit", UNITS)
def test_the_same_seed_grows_the_same_text_and_another_another(bidirectional_once: Home, unit: Unit) -> None:
    loaded = model(bidirectional_once, unit)
    one = grown(loaded, " the old garden.")
    assert len(one) >= 80
    assert grown(loaded, " the old garden.") == one != grown(loaded, " the old garden.", seed=2)


@pytest.mark.parametrize("unit", UNITS)
def test_what_grows_depends_on_what_follows_it(bidirectional_once: Home, unit: Unit) -> None:
    loaded = model(bidirectional_once, unit)
    beginnings = {grown(loaded, prompt, length=30) for prompt in ("iver.", " the old garden.", "\n\nThe", "")}
    assert len(beginnings) > 1


def test_growing_backwards_follows_the_back_sides_predictions(bidirectional_once: Home) -> None:
    loaded = model(bidirectional_once, "char")
    text = grown(loaded, "he river", length=1, seed=3)
    likely = {grown(loaded, "he river", length=1, seed=seed) for seed in range(8)}
    assert text in likely and likely & {"t", "T"}  # before "he" there is nothing else in the corpus


def test_a_text_that_grows_backwards_begins_after_its_stop_string(bidirectional_once: Home) -> None:
    loaded = model(bidirectional_once, "char")
    free = grown(loaded, "river", length=200)
    stop = free[120:123]
    stopped = grown(loaded, "river", length=200, stop=(stop,))
    assert stopped == free[free.rindex(stop) + len(stop) :]


@pytest.mark.parametrize("unit", UNITS)
def test_a_prompt_may_hold_characters_that_the_model_has_never_seen(bidirectional_once: Home, unit: Unit) -> None:
    assert len(grown(model(bidirectional_once, unit), "Здравствуй, 世界 👩‍👩‍👧", length=20)) >= 20


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_prompt_leaves_the_same_state_from_the_cache_and_without_it(
    bidirectional_once: Home, unit: Unit
) -> None:
    prompt = prose(4000, seed=4)
    loaded, fresh = model(bidirectional_once, unit), model(bidirectional_once, unit)

    def beginning(loaded: LoadedModel, side: Side) -> str:
        continuation = Continuation(
            loaded.side(side),
            loaded.tokenizer,
            prompt,
            dials=Dials(),
            seed=1,
            length=60,
            prefill=partial(loaded.prefill, side=side),
        )
        return "".join(piece.text for piece in continuation)

    back, ahead = beginning(loaded, "back"), beginning(loaded, "ahead")
    assert beginning(loaded, "back") == back == beginning(fresh, "back")
    assert beginning(fresh, "ahead") == ahead


def test_a_model_that_reads_forwards_only_says_how_to_train_one_that_does_not(trained_once: Home) -> None:
    with pytest.raises(InputError, match="--bidirectional"):
        model(trained_once, "char").side("back")


async def test_the_service_grows_texts_backwards(
    bidirectional_once: Home, trained_once: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANTOUM_HOME", str(bidirectional_once.root))
    async with connect() as client:
        stream = await client.stream(StreamParams(model="char", prompt="river", backward=True, length=80, seed=1))
        text = ""
        async for token in stream:
            text = token.text + text
        assert stream.done is not None
        assert stream.done.text + text == grown(model(bidirectional_once, "char"), "river")
        forwards = str(trained_once.root / "models" / "char")
        with pytest.raises(InputError, match="--bidirectional"):
            await client.stream(StreamParams(model=forwards, backward=True))
