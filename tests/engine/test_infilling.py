"""Gaps between two texts: what fills them, what that costs, and that both sides count."""

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from corpora.errors import InputError
from corpora.tokenizers import Ids
from engine import proposals
from engine.client import connect
from engine.gap import JUDGED, Cost, Gap, Judgement
from engine.infilling import LONGEST, fill
from engine.jobs import Job, JobCancelled
from engine.model import Side
from engine.models import LoadedModel, Models
from engine.proposals import Drawing
from engine.protocol import InfillParams, Take
from engine.ranking import Limits, alternatives, excess, make_take
from engine.resampling import sweep
from engine.scoring import total_nats
from engine.settings import UNITS, Dials, Unit
from engine.states import size
from tests.engine.conftest import Home, make_home
from tests.texts import prose

ANIMALS = ("ant", "bee", "cat", "dog")


def riddle(animal: str) -> str:
    return f" is {animal[0] * 3}."


@pytest.fixture(scope="module")
def riddles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    """Two models of sentences such as ``The cat is ccc.``, in which only what follows tells the animal."""
    rng = random.Random(0)
    text = "".join(f"The {animal}{riddle(animal)} " for animal in rng.choices(ANIMALS, k=1600))
    home = make_home(tmp_path_factory.mktemp("riddles") / "home", text=text)
    quick: dict[str, Any] = {"layers": 1, "learning_rate": 1e-2, "dropout": 0.0, "ema": 0.0, "sample_length": 0}
    for name, both in (("forwards", False), ("both", True)):
        folder = home.run_folder(name, steps=150, bidirectional=both, **quick)
        assert home.train(folder) == 0, folder.log_path.read_text()
    yield Models(home.root)


def best(model: LoadedModel, left: str, right: str, limits: Limits, seed: int = 1) -> str:
    return fill(model, left, right, limits, takes=1, dials=Dials(), seed=seed)[0].text


@pytest.mark.parametrize("name", ["forwards", "both"])
@pytest.mark.parametrize("limits", [Limits(3, 3), Limits(1, 8)], ids=["length", "max-length"])
def test_what_stands_on_the_right_decides_what_fills_the_gap(riddles: Models, name: str, limits: Limits) -> None:
    model = riddles.get(name)
    left = "The dog is ddd. The bee is bbb. The "
    found = {animal: best(model, left, riddle(animal) + " The", limits) for animal in ANIMALS}
    assert found == {animal: animal for animal in ANIMALS}


@pytest.mark.parametrize("name", ["forwards", "both"])
def test_a_text_is_judged_by_what_follows_it(riddles: Models, name: str) -> None:
    gap = Gap(riddles.get(name), "The ant is aaa. The ", riddle("cat") + " The bee")
    costs = {judged.text: judged.costs["ahead"] for judged in gap.judge(ANIMALS)}
    assert max(cost.gap for cost in costs.values()) < min(cost.gap for cost in costs.values()) + 1.5
    assert min(costs, key=lambda text: costs[text].beyond) == "cat"
    assert costs["cat"].beyond < min(costs[text].beyond for text in ("ant", "bee", "dog")) - 3


def home_of(unit: Unit, bidirectional: bool, trained_once: Home, bidirectional_once: Home) -> LoadedModel:
    return Models((bidirectional_once if bidirectional else trained_once).root).get(unit)


def nats(model: LoadedModel, text: str) -> float:
    return total_nats(model.decoder, [model.tokenizer.encode(text)])[0]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_a_text_in_the_gap_costs_is_what_scoring_the_whole_costs_more_than_scoring_the_left(
    unit: Unit, bidirectional: bool, trained_once: Home, bidirectional_once: Home
) -> None:
    model = home_of(unit, bidirectional, trained_once, bidirectional_once)
    left, right = prose(90, seed=3), prose(300, seed=4)[50 : 50 + JUDGED]
    texts = ["ently the old riv", " x", prose(70, seed=6)]  # parts of words on both sides: tokens cross the joints
    for judged, text in zip(Gap(model, left, right).judge(texts), texts, strict=True):
        cost = judged.costs["ahead"]
        assert cost.gap + cost.beyond == pytest.approx(nats(model, left + text + right) - nats(model, left), abs=1e-2)
        if unit == "char":
            assert cost.gap == pytest.approx(nats(model, left + text) - nats(model, left), abs=1e-2)


def test_long_gaps_grow_fewer_texts_where_their_states_would_fill_the_memory(
    trained_once: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Models(trained_once.root).get("char")
    counts: list[int] = []
    after = Drawing.after

    def count(drawing: Drawing, read: Ids, texts: int) -> Callable[[torch.Tensor], torch.Tensor]:
        counts.append(texts)
        return after(drawing, read, texts)

    monkeypatch.setattr(Drawing, "after", count)
    monkeypatch.setattr(proposals, "MEMORY", 20 * 12 * size(model.decoder.zero_state()))
    assert fill(model, "The ", " home", Limits(12, 12), takes=2, dials=Dials(), seed=1)
    assert set(counts) == {20}
    counts.clear()
    monkeypatch.setattr(proposals, "MEMORY", 0)
    assert fill(model, "The ", " home", Limits(12, 12), takes=2, dials=Dials(), seed=1)
    assert set(counts) == {proposals.FEWEST}


@pytest.mark.parametrize("unit", UNITS)
@torch.inference_mode()
def test_backwards_a_text_costs_what_reading_from_the_right_charges_for_it(
    unit: Unit, bidirectional_once: Home
) -> None:
    model = Models(bidirectional_once.root).get(unit)
    left, text, right = prose(80, seed=3), " quiet", " old river" + prose(50, seed=8)

    def backwards(text: str) -> float:
        decoder = model.side("back")
        state, logits, total = decoder.zero_state(), decoder.start_logits(), 0.0
        for token in model.tokenizer.encode(text)[::-1].tolist():
            total -= float(torch.log_softmax(logits[0].double(), 0)[token])
            logits, state = decoder.step(torch.tensor([token]), state)
        return total

    cost = Gap(model, left, right).judge([text])[0].costs["back"]
    assert cost.gap + cost.beyond == pytest.approx(backwards(left + text + right) - backwards(right), abs=1e-2)


def test_a_text_costs_the_same_whatever_it_is_judged_beside(bidirectional_once: Home) -> None:
    gap = Gap(Models(bidirectional_once.root).get("word"), prose(3000, seed=1), prose(3000, seed=2))
    texts = [" quiet", " old river", prose(100, seed=9), "zzz"]
    for text, judged in zip(texts, gap.judge(texts), strict=True):
        for side, cost in gap.judge([text])[0].costs.items():
            together = judged.costs[side]
            assert together.gap + together.beyond == pytest.approx(cost.gap + cost.beyond, abs=1e-2)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_same_seed_gives_the_same_takes_which_differ_and_keep_to_the_limits(
    unit: Unit, bidirectional: bool, trained_once: Home, bidirectional_once: Home
) -> None:
    model = home_of(unit, bidirectional, trained_once, bidirectional_once)

    def takes(seed: int) -> list[Take]:
        return fill(model, "The old ", " the garden.", Limits(1, 24), takes=4, dials=Dials(), seed=seed)

    one = takes(1)
    assert takes(1) == one != takes(2)
    assert len({take.text for take in one}) == 4
    assert all(1 <= len(take.text) <= 24 for take in one)
    assert [take.score for take in one] == sorted(take.score for take in one)


@pytest.mark.parametrize("unit", UNITS)
def test_a_length_is_kept_to_the_character_where_the_unit_allows(unit: Unit, bidirectional_once: Home) -> None:
    model = Models(bidirectional_once.root).get(unit)
    found = fill(model, "The old", " the garden.", Limits(14, 14), takes=3, dials=Dials(), seed=1)
    assert len(found) == 3
    assert all(abs(len(take.text) - 14) <= (0 if unit == "char" else 4) for take in found)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    ("left", "right"), [("", " the garden."), ("The old", ""), ("世界 👩‍👩‍👧", "Здравствуй"), ("", "")]
)
def test_a_side_may_be_empty_or_hold_what_the_model_has_never_seen(
    unit: Unit, bidirectional: bool, left: str, right: str, trained_once: Home, bidirectional_once: Home
) -> None:
    model = home_of(unit, bidirectional, trained_once, bidirectional_once)
    for temperature in (0.0, 1.0):
        found = fill(model, left, right, Limits(1, 9), takes=2, dials=Dials(temperature=temperature), seed=1)
        assert found
        assert all(np.isfinite([take.gap_bits, take.right_bits, take.score]).all() for take in found)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_word_model_does_not_spell_in_a_gap(
    bidirectional: bool, trained_once: Home, bidirectional_once: Home
) -> None:
    model = home_of("word", bidirectional, trained_once, bidirectional_once)
    hot = Dials(temperature=5.0)
    found = fill(model, "The old river.\n", "\nThe old", Limits(1, 30), takes=40, dials=hot, seed=1)
    tokens = {int(token) for take in found for token in model.tokenizer.encode(take.text)}
    assert tokens and not tokens & model.tokenizer.spelling


@pytest.mark.parametrize("spell", [False, True])
def test_spelling_tokens_are_drawn_only_when_the_dials_say_so(spell: bool, trained_once: Home) -> None:
    tokenizer = Models(trained_once.root).get("word").tokenizer
    drawing = Drawing(tokenizer, Dials(spell=spell), 1, torch.device("cpu"))
    draw = drawing.after(np.zeros(0, dtype=np.int32), 2000)
    drawn = set(draw(torch.zeros(2000, tokenizer.vocabulary)).tolist())
    assert bool(drawn & tokenizer.spelling) is spell


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_penalty_on_repetition_counts_in_a_gap_and_what_stands_before_it(
    bidirectional: bool, trained_once: Home, bidirectional_once: Home
) -> None:
    model = home_of("char", bidirectional, trained_once, bidirectional_once)
    found = {
        repetition: fill(
            model, "The old e e e ", " e e e", Limits(20, 20), takes=10, dials=Dials(repetition=repetition), seed=1
        )
        for repetition in (1.0, 100.0)
    }
    different = {repetition: sum(len(set(take.text)) for take in takes) for repetition, takes in found.items()}
    assert different[100.0] > 1.2 * different[1.0]
    fresh = sum(len(set(take.text) - set("The old e ")) for take in found[100.0])
    assert fresh > sum(len(set(take.text) - set("The old e ")) for take in found[1.0])


@pytest.mark.parametrize(("side", "wrong"), [("ahead", "bat"), ("back", "can")])
def test_a_sweep_mends_what_the_two_sides_agree_on(riddles: Models, side: Side, wrong: str) -> None:
    model = riddles.get("both")
    gap = Gap(model, "The ant is aaa. The ", riddle("cat") + " The bee")
    drawing = Drawing(model.tokenizer, Dials(temperature=0.0), 1, torch.device("cpu"))
    [mended] = sweep(gap, [model.tokenizer.encode(wrong).tolist()], side, drawing)
    assert model.tokenizer.decode(mended) == "cat"


def test_a_text_is_swept_the_same_alone_and_beside_longer_ones(riddles: Models) -> None:
    model = riddles.get("both")
    gap = Gap(model, "The ant is aaa. The ", riddle("cat") + " The bee")
    texts = [model.tokenizer.encode(text).tolist() for text in ("b", "dot", "dog is ddd. The bee")]
    drawing = Drawing(model.tokenizer, Dials(temperature=0.0), 1, torch.device("cpu"))
    for side in gap.sides:
        assert sweep(gap, texts, side, drawing) == [sweep(gap, [text], side, drawing)[0] for text in texts]


def test_the_usual_text_of_any_length_ranks_alike_and_one_length_is_left_as_it_is() -> None:
    lengths = np.array([1, 5, 60])
    assert excess(1.5 * lengths, lengths, 1.5, Limits(1, 60)).tolist() == [0.0, 0.0, 0.0]
    rng = np.random.default_rng(0)
    for length in (4, 40):  # sums over characters spread alike, whatever their number
        sums = rng.normal(1.5, 1.0, (4000, length)).sum(1)
        spread = excess(sums, np.full(4000, length), 1.5, Limits(1, 60)).std()
        assert spread == pytest.approx(np.sqrt(30.5), rel=0.1)
    assert float(excess(np.array(7.0), np.array(20), 1.5, Limits(20, 20))) == pytest.approx(7.0 - 30.0)


def test_a_rank_counts_the_gap_once_and_what_is_beyond_it_on_each_side() -> None:
    costs = {"ahead": Cost(4.0, 10.0), "back": Cost(6.0, 20.0)}
    take = make_take(Judgement("abcd", costs), {"ahead": 1.0, "back": 1.0}, Limits(4, 4))  # type: ignore[arg-type]
    assert take.score * np.log(2) == pytest.approx((4 + 6) / 2 - 4 + 10 + 20)
    assert (take.gap_bits * np.log(2), take.right_bits * np.log(2)) == (pytest.approx(4.0), pytest.approx(10.0))


def test_takes_that_repeat_a_better_one_wait_behind_others() -> None:
    found = [
        Take(text=text, gap_bits=0, right_bits=0, score=score)
        for score, text in enumerate(["by the sea", "by the sea,", "on a hill", "in a by the sea", "far off"])
    ]
    assert [take.text for take in alternatives(found, 3)] == ["by the sea", "on a hill", "far off"]
    assert [take.text for take in alternatives(found, 4)] == ["by the sea", "by the sea,", "on a hill", "far off"]


@pytest.mark.parametrize(
    ("limits", "takes", "sentence"),
    [
        (Limits(0, 0), 1, "gap's length"),
        (Limits(1, LONGEST + 1), 1, "gap's length"),
        (Limits(1, 5), 0, "takes"),
        (Limits(1, 5), 41, "takes"),
    ],
)
def test_what_cannot_be_filled_is_refused(limits: Limits, takes: int, sentence: str, trained_once: Home) -> None:
    with pytest.raises(InputError, match=sentence):
        fill(Models(trained_once.root).get("char"), "a", "b", limits, takes=takes, dials=Dials(), seed=1)


def test_a_gap_that_nobody_waits_for_any_more_is_given_up(trained_once: Home) -> None:
    job = Job()
    job.cancel()
    with pytest.raises(JobCancelled):
        fill(Models(trained_once.root).get("char"), "a", "b", Limits(1, 9), takes=1, dials=Dials(), seed=1, job=job)


async def test_the_service_fills_gaps_and_keeps_no_other_question_waiting(
    bidirectional_once: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANTOUM_HOME", str(bidirectional_once.root))
    params = InfillParams(model="char", left="The old ", right=" the garden.", max_length=200, takes=2, seed=4)
    async with connect() as client:
        await client.load("char")
        filling = asyncio.create_task(client.infill(params))
        await client.next("char", "The ")
        assert not filling.done()
        found = await filling
        model = Models(bidirectional_once.root).get("char")
        own = fill(model, params.left, params.right, Limits(1, 200), takes=2, dials=Dials(), seed=4)
        assert [take.text for take in found.takes] == [take.text for take in own]
        with pytest.raises(InputError, match="RNG seed"):
            await client.infill(InfillParams(model="char", left="a", seed=-1))
        with pytest.raises(InputError, match="temperature"):
            await client.infill(InfillParams(model="char", left="a", dials=Dials(temperature=-1)))
