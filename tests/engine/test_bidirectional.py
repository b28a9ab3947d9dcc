"""Two directions that meet at the output layer only: no prediction of a token has seen it."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.decoder import Decoder
from engine.model import LanguageModel, Side
from engine.objective import Carried, Objective
from engine.settings import CELLS, Cell, ModelConfig, TrainingConfig
from engine.streams import Windows

V = 23
SHAPES = [(False, False), (True, False), (False, True), (True, True)]  # residual, layer_norm


def model_of(cell: Cell, layers: int = 1, *, residual: bool = False, layer_norm: bool = False) -> LanguageModel:
    torch.manual_seed(5)
    model = LanguageModel(
        ModelConfig(
            cell=cell,
            vocabulary=V,
            layers=layers,
            hidden=16,
            embedding=16,
            bidirectional=True,
            residual=residual,
            layer_norm=layer_norm,
        )
    )
    with torch.no_grad():
        for parameter in model.parameters():  # biases and the joint part too: zeros would hide a leak
            parameter.copy_(torch.randn_like(parameter) * (0.2 if cell == "rnn-relu" else 0.4))
    return model.eval()


@torch.no_grad()
def predictions(model: LanguageModel, ids: Tensor) -> dict[str, Tensor]:
    """Logits (T, B, V) for each of ids (T, B) from the left, from the right, and from both sides."""
    nothing = model.zero_state(ids.shape[1])
    start = torch.zeros(1, ids.shape[1], model.config.hidden)
    ahead = torch.cat((start, model.read(ids[:-1], nothing)[0]))
    back = torch.cat((start, model.read(ids.flip(0)[:-1], nothing, "back")[0])).flip(0)
    return {"ahead": model.logits(ahead), "back": model.logits(None, back), "both": model.logits(ahead, back)}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize(("residual", "layer_norm"), SHAPES)
def test_another_token_moves_no_logit_of_its_own_place_and_all_that_may_see_it(
    cell: Cell, layers: int, residual: bool, layer_norm: bool
) -> None:
    model = model_of(cell, layers, residual=residual, layer_norm=layer_norm)
    T, t = 9, 4
    ids = torch.randint(V, (T, 1), generator=torch.Generator().manual_seed(1))
    changed = ids.clone()
    changed[t] = (ids[t] + 7) % V
    before, after = predictions(model, ids), predictions(model, changed)
    moved = {side: {n for n in range(T) if not torch.equal(before[side][n], after[side][n])} for side in before}
    assert moved["ahead"] == set(range(t + 1, T))
    assert moved["back"] == set(range(t))
    assert moved["both"] == set(range(T)) - {t}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("side", ["ahead", "back"])
def test_the_decoder_steps_either_side_to_the_logits_that_the_model_reads_to(
    cell: Cell, layers: int, side: Side
) -> None:
    model = model_of(cell, layers, residual=layers > 1, layer_norm=layers > 1)
    ids = torch.randint(V, (20, 3))
    expected, _ = model.read(ids, model.zero_state(3), side)
    decoder = Decoder(model, side)
    state = decoder.zero_state(3)
    for t, row in enumerate(ids):
        logits, state = decoder.step(row, state)
        given = (expected[t], None) if side == "ahead" else (None, expected[t])
        assert torch.allclose(logits, model.logits(*given), atol=1e-4)


def test_the_two_sides_are_different_stacks() -> None:
    model = model_of("gru")
    ids = torch.randint(V, (6, 1))
    ahead, back = (model.read(ids, model.zero_state(1), side)[0] for side in ("ahead", "back"))
    assert not torch.allclose(ahead, back)


@pytest.mark.parametrize("side", ["ahead", "back"])
def test_state_carried_over_a_cut_equals_reading_in_one_go(side: Side) -> None:
    model = model_of("lstm", 2)
    ids = torch.randint(V, (30, 2))
    whole, _ = model.read(ids, model.zero_state(2), side)
    first, state = model.read(ids[:11], model.zero_state(2), side)
    second, _ = model.read(ids[11:], state, side)
    assert torch.allclose(whole, torch.cat((first, second)), atol=1e-6)


def windows_of(text: Tensor, column: int, T: int, beyond: int) -> Windows:
    """The windows of one step over a text (N, B), so many columns from its left end and from its right end."""
    return Windows(
        ahead=text[column : column + T + 1],
        back=text.flip(0)[column : column + T + 1],
        beyond=text[column + T + 1 : column + T + 1 + beyond],
    )


@torch.no_grad()
def test_the_two_sided_loss_is_the_one_computed_place_by_place() -> None:
    model = model_of("gru", 2)
    T, L = 7, 3
    text = torch.randint(V, (T + 1 + L, 2))
    carried = Carried(model.read(text[:5], model.zero_state(2))[1], model.zero_state(2))
    losses, _, _ = Objective(model, TrainingConfig(steps=1))(windows_of(text, 0, T, L), carried)
    nats = []
    for t in range(1, T + 1):
        ahead, _ = model.read(text[:t], carried.ahead)
        back, _ = model.read(text[t + 1 :].flip(0), model.zero_state(2), "back")
        nats.append(F.cross_entropy(model.logits(ahead[-1], back[-1]), text[t]))
    assert losses[2].item() == pytest.approx(torch.stack(nats).mean().item(), abs=1e-5)


@torch.no_grad()
def test_training_carries_the_state_of_each_direction_from_window_to_window() -> None:
    model = model_of("lstm", 2)
    text = torch.randint(V, (14, 2))
    objective = Objective(model, TrainingConfig(steps=1))
    start = Carried(model.zero_state(2), model.zero_state(2))
    whole, _, end = objective(windows_of(text, 0, 12, 1), start)
    one, _, middle = objective(windows_of(text, 0, 6, 1), start)
    two, _, after = objective(windows_of(text, 6, 6, 1), middle)
    assert torch.allclose(whole[:2], (one + two)[:2] / 2, atol=1e-5)
    assert all(
        torch.allclose(given, found, atol=1e-5) for given, found in zip(end.tensors(), after.tensors(), strict=True)
    )
