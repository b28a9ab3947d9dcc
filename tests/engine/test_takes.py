"""Takes: several continuations in one batch."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from corpora.boundaries import Unit, ends
from corpora.errors import InputError
from corpora.tokenizers import train_tokenizer
from corpora.vocabulary import DIGITS
from engine import strides, take_ranking
from engine.compiled import usable_for_training
from engine.context import Context, read_context
from engine.decoder import Decoder
from engine.generation import Continuation
from engine.jobs import Job, JobCancelled
from engine.model import LanguageModel
from engine.protocol import Turn
from engine.settings import CELLS, PACKINGS, Cell, Dials, ModelConfig, Packing
from engine.softmax import FullSoftmax
from engine.stack import State
from engine.take_ranking import leading_to, merged, ranked, ranked_towards
from engine.takes import Grown, TakeGrower
from tests.texts import prose

TOKENIZER = train_tokenizer("char", [prose(3000)])
WARM = Dials(temperature=1.0)


needs_kernels = pytest.mark.skipif(not usable_for_training(), reason="kernels can't be compiled here")


def decoder_of(cell: Cell = "lstm", packing: Packing = "float32", *, back: bool = False, layers: int = 2) -> Decoder:
    torch.manual_seed(3)
    config = ModelConfig(
        cell=cell, vocabulary=TOKENIZER.vocabulary, hidden=48, layers=layers, embedding=16, bidirectional=back
    )
    model = LanguageModel(config).eval()
    assert isinstance(model.decoder, FullSoftmax)
    with torch.no_grad():
        model.decoder.bias[-DIGITS:] = -30.0  # no characters spelled by their bytes
    return Decoder(model, "back" if back else "ahead", packing)


def context_of(decoder: Decoder, text: str) -> Context:
    return read_context(decoder, TOKENIZER, text, lambda ids: decoder.prefill(ids[:, None], decoder.zero_state()))


def grow(
    decoder: Decoder,
    text: str = "The river",
    *,
    takes: int = 5,
    until: Unit | None = "word",
    length: int = 60,
    dials: Dials = WARM,
    seed: int = 7,
) -> list[Grown]:
    grower = TakeGrower(
        decoder, TOKENIZER, context_of(decoder, text), takes=takes, until=until, length=length, dials=dials, seed=seed
    )
    return grower.grow(Job())


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_a_take_is_the_same_alone_and_among_any_number_of_others(cell: Cell, packing: Packing) -> None:
    decoder = decoder_of(cell, packing)
    many = grow(decoder, takes=32, until=None)
    for some in (grow(decoder, takes=5, until=None), grow(decoder, takes=2, until=None)):
        assert [take.text for take in some] == [take.text for take in many[: len(some)]]
    for number in (0, 3, 31):
        [alone] = grow(decoder, takes=1, until=None, seed=7 + number)
        assert (alone.text, alone.seed, alone.tokens) == (many[number].text, 7 + number, many[number].tokens)


def test_a_row_of_a_batch_has_the_same_bits_whatever_the_other_rows_are() -> None:
    for packing in PACKINGS:
        decoder = decoder_of(packing=packing)
        ids = torch.arange(32) % TOKENIZER.vocabulary
        _, state = decoder.step(ids, decoder.zero_state(32))
        whole, _ = decoder.step(ids, state)
        for batch in (2, 3, 5, 17):
            part, _ = decoder.step(ids[:batch], [tuple(each[:batch] for each in layer) for layer in state])
            assert torch.equal(part, whole[:batch])


def test_a_take_is_the_text_that_a_stream_with_its_seed_writes() -> None:
    decoder = decoder_of()
    for take in grow(decoder, until=None, length=80, dials=Dials(temperature=0.9, repetition=1.3, typical=0.9)):
        dials = Dials(temperature=0.9, repetition=1.3, typical=0.9)
        stream = Continuation(decoder, TOKENIZER, "The river", dials=dials, seed=take.seed, length=80)
        text = "".join(piece.text for piece in stream) + stream.tail
        assert text == take.text


@pytest.mark.parametrize("until", ["word", "sentence", "line", "paragraph"])
def test_a_take_ends_at_the_first_end_of_what_was_chosen(until: Unit) -> None:
    decoder = decoder_of()
    free = grow(decoder, takes=8, until=None, length=400)
    for take, long in zip(grow(decoder, takes=8, until=until, length=400), free, strict=True):
        assert long.text.startswith(take.text)
        if take.reason == "end":
            whole = "The river" + long.text
            first = next(end for end in ends(whole, until) if end - 9 >= len(take.text))
            assert first - 9 == len(take.text)
        else:
            assert len(take.text) >= 400


def test_the_tokens_beyond_the_end_are_not_counted() -> None:
    for take in grow(decoder_of(), takes=8, until="word"):
        assert take.tokens == len(TOKENIZER.encode(take.text))


@pytest.mark.parametrize("until", ["word", "sentence", "line", "paragraph"])
def test_a_backward_take_begins_where_its_unit_does(until: Unit) -> None:
    decoder, after = decoder_of(back=True), " and left."
    free = grow(decoder, after, takes=8, until=None, length=400)
    for take, long in zip(grow(decoder, after, takes=8, until=until, length=400), free, strict=True):
        assert long.text.endswith(take.text)
        if take.reason == "end":
            assert len(long.text) - len(take.text) == last_beginning(long.text, after, until)
        else:
            assert len(take.text) >= 400


def last_beginning(text: str, after: str, unit: Unit) -> int:
    """Where the last unit of a whole text begins that `after` follows."""
    if unit == "word":
        found = re.search(r"[\w'’-]+\W*$", text)
        assert found is not None
        return found.start()
    whole = text + after
    begins = [0, *(end + len(whole[end:]) - len(whole[end:].lstrip()) for end in ends(whole, unit))]
    return max(place for place in begins if text[place:].strip())


class Watching(Job):
    """A job that is cancelled after some looks at it."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def check(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            self.cancel()
        super().check()


def test_growing_ends_at_once_when_it_is_cancelled() -> None:
    decoder = decoder_of()
    grower = TakeGrower(
        decoder, TOKENIZER, context_of(decoder, "The"), takes=3, until=None, length=500, dials=WARM, seed=0
    )
    told: list[Sequence[str]] = []
    with pytest.raises(JobCancelled):
        grower.grow(Watching(10), told.append)
    assert len(told) == 10
    assert all(
        len(one) <= len(other) for before, after in pairwise(told) for one, other in zip(before, after, strict=True)
    )


@pytest.mark.parametrize(("takes", "length"), [(0, 10), (33, 10), (1, 0), (1, 5001)])
def test_what_cannot_be_grown_is_refused(takes: int, length: int) -> None:
    with pytest.raises(InputError, match="must be between"):
        grow(decoder_of(), takes=takes, length=length)


def made(text: str, nats: float, seed: int = 0) -> Grown:
    return Grown(number=seed, seed=seed, text=text, tokens=len(text), nats=nats, reason="end")


def test_takes_that_came_out_alike_are_one_and_the_likeliest_comes_first() -> None:
    takes = ranked(merged([made("dull", 8.0, 0), made("good", 2.0, 1), made("dull", 8.0, 2)]))
    assert [(take.text, take.seed, take.same) for take in takes] == [("good", 1, 1), ("dull", 0, 2)]


def test_a_text_on_the_other_side_ranks_the_takes_that_lead_to_it_first() -> None:
    decoder = decoder_of()
    context = context_of(decoder, "The quiet")
    takes = merged([made(" river", 6.0, 0), made(" stone", 6.0, 1), made(" winter", 6.0, 2)])
    costs = leading_to(" opens the door", takes, decoder, TOKENIZER, context)
    for take, (gap, right) in zip(takes, costs, strict=True):
        ids = torch.from_numpy(TOKENIZER.encode("The quiet" + take.text + " opens the door").astype("int64"))
        with torch.no_grad():
            logits, _ = decoder.model(ids[:-1, None], decoder.zero_state())
        nats = -torch.log_softmax(logits[:, 0], -1).gather(1, ids[1:, None])[8:, 0]
        assert gap == pytest.approx(float(nats[: len(take.text)].sum()), abs=1e-3)
        assert right == pytest.approx(float(nats[len(take.text) :].sum()), abs=1e-3)
    order = ranked_towards(takes[:2], [(6.0, 9.0), (6.0, 3.0)])
    assert [take.text for take in order] == [" stone", " river"]
    assert order[0].right_bits == pytest.approx(3.0 / 0.6931, abs=1e-2)


def test_dials_that_turn_by_themselves_write_what_somebody_writes_who_turns_them_at_those_tokens() -> None:
    decoder = decoder_of()
    wild, sure = Dials(temperature=1.5), Dials(temperature=0.3, repetition=1.4)
    turned = Continuation(decoder, TOKENIZER, "The river", dials=WARM, seed=7, length=60)
    pieces = []
    for number, piece in enumerate(turned, start=1):
        pieces.append(piece)
        turned.dials = wild if number == 10 else sure if number == 30 else turned.dials
    turns = (Turn(10, wild), Turn(30, sure))
    again = list(Continuation(decoder, TOKENIZER, "The river", dials=WARM, seed=7, length=60, turns=turns))
    assert again == pieces
    assert [again[number].dials for number in (9, 10, 29, 30)] == [WARM, wild, wild, sure]
    assert list(Continuation(decoder, TOKENIZER, "The river", dials=WARM, seed=7, length=60)) != pieces


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("back", [False, True])
def test_grown_takes_are_ranked_from_where_they_ended_as_if_they_were_read_again(
    packing: Packing, back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = decoder_of(packing=packing, back=back)
    context = context_of(decoder, "The quiet")
    grown = grow(decoder, "The quiet", until=None if back else "word", length=30)
    takes = merged(grown)
    read: list[int] = []
    whole = take_ranking._outputs

    def counted(decoder: Decoder, ids: Tensor, state: State) -> Tensor:
        read.append(len(ids))
        return whole(decoder, ids, state)

    monkeypatch.setattr(take_ranking, "_outputs", counted)
    costs = leading_to(" opens the door", takes, decoder, TOKENIZER, context, grown)
    again = leading_to(" opens the door", takes, decoder, TOKENIZER, context)
    assert read[0] < read[1]
    for (gap, right), (gap_again, right_again) in zip(costs, again, strict=True):
        assert gap == pytest.approx(gap_again, rel=0.05, abs=0.05)
        assert right == pytest.approx(right_again, rel=0.05, abs=0.05)


@needs_kernels
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize(("takes", "layers"), [(1, 1), (5, 3), (13, 2)])
@pytest.mark.parametrize("dials", [WARM, Dials(temperature=0.9, repetition=1.3, top_p=0.9, min_p=0.01)])
def test_several_tokens_in_one_call_are_those_of_one_after_another(
    cell: Cell, takes: int, layers: int, dials: Dials, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = decoder_of(cell, "int8", layers=layers)
    assert decoder.stride is not None
    together = grow(decoder, takes=takes, until="sentence", dials=dials)
    monkeypatch.setattr(strides, "LENGTH", 1)
    apart = grow(decoder, takes=takes, until="sentence", dials=dials)
    for one, other in zip(together, apart, strict=True):
        assert (one.text, one.ids, one.nats, one.reason, one.read) == (
            other.text,
            other.ids,
            other.nats,
            other.reason,
            other.read,
        )
        assert (one.state is None) == (other.state is None)
        if one.state is not None and other.state is not None:
            assert all(
                torch.equal(a, b)
                for x, y in zip(one.state, other.state, strict=True)
                for a, b in zip(x, y, strict=True)
            )


@needs_kernels
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_no_take_waits_for_a_kernel_to_be_compiled(cell: Cell) -> None:
    from engine.compiled import striding

    grow(decoder_of(cell, "int8"), takes=5)
    grow(decoder_of(cell, "int8", layers=1), takes=1, dials=Dials(top_k=3, repetition=1.2))
    kernel: Any = striding.stride_gru if cell == "gru" else striding.stride_lstm
    assert len(kernel.signatures) == 1


@pytest.mark.parametrize(("side", "packing"), [("back", "int8"), ("ahead", "float32"), ("ahead", "fp16")])
def test_other_weights_and_sides_choose_one_after_another(side: str, packing: Packing) -> None:
    assert decoder_of("lstm", packing, back=side == "back").stride is None
