"""Stop strings against a plain search, and a continuation's lengths."""

from collections.abc import Callable
from typing import cast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from corpora.tokenizers import train_tokenizer
from engine.decoder import Decoder
from engine.generation import Continuation, StopStrings
from engine.model import Side
from engine.sampling import Row
from engine.settings import Dials
from engine.stack import State

texts = st.text(alphabet="ab\n", max_size=12)


@given(st.lists(texts, max_size=20), st.lists(texts, max_size=3))
def test_what_gets_through_is_the_text_up_to_the_first_stop_string(pieces: list[str], stop: list[str]) -> None:
    watcher = StopStrings(stop)
    shown, stopped = "", False
    seen = ""
    for piece in pieces:
        seen += piece
        text, stopped = watcher.push(piece)
        shown += text
        if stopped:
            break
    places = [seen.find(s) for s in stop if s and s in seen]
    if stopped:
        assert shown == seen[: min(places)]
    else:
        assert not places
        assert shown + watcher.release() == seen


@given(st.lists(texts, max_size=20))
def test_without_stop_strings_nothing_is_held_back(pieces: list[str]) -> None:
    watcher = StopStrings([])
    assert [watcher.push(piece) for piece in pieces] == [(piece, False) for piece in pieces]


class Scripted:
    """A decoder that always knows what comes next."""

    device = torch.device("cpu")

    def __init__(self, ids: list[int], vocabulary: int, side: Side) -> None:
        self._ids = iter(ids)
        self._vocabulary = vocabulary
        self.side = side

    def start_logits(self) -> torch.Tensor:
        logits = torch.full((1, self._vocabulary), -1e9)
        logits[0, next(self._ids)] = 0.0
        return logits

    def zero_state(self) -> State:
        return []

    def stream(self, state: State) -> Callable[[int], Row]:
        return lambda token: self.start_logits()[0].numpy()


@pytest.mark.parametrize("side", ["ahead", "back"])
def test_half_a_character_that_a_model_spells_is_shown_as_one_that_can_be_written(side: Side) -> None:
    tokenizer = train_tokenizer("char", ["ab" * 100])
    ids = tokenizer.encode("a\ud800b").tolist()
    assert len(ids) == 8  # two letters, and six digits
    read = ids if side == "ahead" else ids[::-1]
    decoder = cast(Decoder, Scripted(read, tokenizer.vocabulary, side))
    made = Continuation(decoder, tokenizer, "", dials=Dials(temperature=0, spell=True), seed=0, length=3)
    pieces = [piece.text for piece in made]
    text = "".join(pieces if side == "ahead" else pieces[::-1])
    assert text + made.tail == "a\N{REPLACEMENT CHARACTER}b"
    text.encode()
