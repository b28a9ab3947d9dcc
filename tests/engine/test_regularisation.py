"""Dropout of every kind, and the penalties on activations, each against what it is defined to be."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.cells.compiled_steps import LEAST, usable_for
from engine.cells.making import make_layer
from engine.compiled import usable_for_training
from engine.dropout import locked_dropout, token_mask
from engine.model import LanguageModel
from engine.objective import Carried, Objective
from engine.settings import CELLS, Cell, ModelConfig, TrainingConfig
from engine.streams import Windows

T = 11
SIZES = [(5, 40), (11, 48)]  # streams B and width H, of plain time steps and of compiled ones


def test_locked_dropout_drops_the_same_features_at_every_time_step_and_others_in_every_stream() -> None:
    dropped = locked_dropout(torch.ones(T, 5, 400), 0.3, training=True)
    assert torch.equal(dropped, dropped[:1].expand_as(dropped))
    assert not torch.equal(dropped[0, 0], dropped[0, 1])
    kept = dropped[0] > 0
    assert float(kept.float().mean()) == pytest.approx(0.7, abs=0.05)
    assert torch.allclose(dropped[0][kept], torch.tensor(1 / 0.7))
    assert torch.equal(locked_dropout(torch.ones(T, 5, 4), 0.3, training=False), torch.ones(T, 5, 4))


def test_token_dropout_drops_every_occurrence_of_a_token() -> None:
    keep = token_mask(torch.ones(400, 3), 0.4, training=True)
    assert keep is not None
    assert keep.shape == (400, 1)
    kept = keep[keep > 0]
    assert torch.allclose(kept, torch.tensor(1 / 0.6))
    assert 0.5 < len(kept) / 400 < 0.7
    assert token_mask(torch.ones(4, 3), 0.4, training=False) is None
    assert token_mask(torch.ones(4, 3), 0.0, training=True) is None


def test_a_dropped_token_is_the_same_as_none_wherever_it_stands() -> None:
    torch.manual_seed(0)
    model = LanguageModel(ModelConfig(cell="gru", hidden=20, embedding=6, vocabulary=12, embedding_dropout=0.5))
    torch.manual_seed(1)
    keep = token_mask(model.embedding.weight, 0.5, training=True)
    assert keep is not None
    assert 0 < int((keep == 0).sum()) < 12
    ids = torch.randint(12, (9, 2))
    torch.manual_seed(1)
    read = model.read(ids, model.zero_state(2))[0]
    assert torch.equal(read, model.ahead(model.embedding(ids) * keep[ids], model.zero_state(2))[0])


@pytest.mark.parametrize(("B", "H"), SIZES)
@pytest.mark.parametrize("cell", CELLS)
def test_weight_dropout_drops_recurrent_weights_in_training_only_and_leaves_the_parameters_alone(
    cell: Cell, B: int, H: int
) -> None:
    torch.manual_seed(0)
    layer = make_layer(ModelConfig(cell=cell, hidden=H, weight_dropout=0.5), 6)
    before = [weight.detach().clone() for weight in layer.weights()]
    inputs = torch.randn(T, B, 6)
    layer.train()
    one, two = (layer(inputs, layer.zero_state(B))[0] for _ in range(2))
    assert torch.equal(one[0], two[0])  # the first step sees no recurrent weight yet
    assert not torch.allclose(one[5], two[5])
    layer.eval()
    assert torch.equal(layer(inputs, layer.zero_state(B))[0], layer(inputs, layer.zero_state(B))[0])
    assert all(torch.equal(a, b) for a, b in zip(before, layer.weights(), strict=True))


@pytest.mark.parametrize(("B", "H"), SIZES)
@pytest.mark.parametrize(
    ("cell", "make"),
    [
        ("lstm", nn.LSTM),
        ("lstm-peephole", nn.LSTM),  # as which it begins
        ("gru", nn.GRU),
        ("rnn-tanh", nn.RNN),
        ("rnn-relu", lambda inputs, hidden: nn.RNN(inputs, hidden, nonlinearity="relu")),
    ],
)
def test_weight_dropout_is_torch_s_layer_with_those_weights_zeroed_and_the_others_scaled_gradients_too(
    cell: Cell, make: Callable[[int, int], nn.RNNBase], B: int, H: int
) -> None:
    assert usable_for(torch.zeros(B, H)) == (B >= LEAST and usable_for_training())
    layer = make_layer(ModelConfig(cell=cell, hidden=H, weight_dropout=0.5), 6)
    inputs = torch.randn(T, B, 6)
    w_ih, w_hh, b_ih, b_hh = layer.weights()
    torch.manual_seed(5)
    outputs, _ = layer(inputs, layer.zero_state(B))
    outputs.square().sum().backward()
    torch.manual_seed(5)
    mask = F.dropout(torch.ones_like(w_hh), 0.5)
    plain = make(6, H)
    plain.load_state_dict(
        {"weight_ih_l0": w_ih, "weight_hh_l0": w_hh.detach() * mask, "bias_ih_l0": b_ih, "bias_hh_l0": b_hh}
    )
    expected, _ = plain(inputs)
    expected.square().sum().backward()
    reference = plain.get_parameter("weight_hh_l0").grad
    assert torch.allclose(outputs, expected, atol=1e-5)
    assert w_hh.grad is not None and reference is not None
    assert torch.allclose(w_hh.grad, reference * mask, atol=1e-3)


def test_each_place_takes_its_own_dropout_or_the_one_for_all() -> None:
    config = ModelConfig(dropout=0.4, layer_dropout=0.0, output_dropout=0.2)
    assert (config.drop("input"), config.drop("layer"), config.drop("output")) == (0.4, 0.0, 0.2)


@pytest.mark.parametrize("place", ["input_dropout", "layer_dropout", "output_dropout", "embedding_dropout"])
def test_each_dropout_reaches_the_loss_in_training_and_not_in_use(place: str) -> None:
    config = ModelConfig(vocabulary=11, hidden=12, embedding=12, layers=2, **{place: 0.5})  # type: ignore[arg-type]
    model = LanguageModel(config)
    objective = Objective(model, TrainingConfig(steps=1))
    windows = Windows(torch.randint(11, (9, 3)))
    for training in (True, False):
        objective.train(training)
        one, two = (objective(windows, Carried(model.zero_state(3)))[0] for _ in range(2))
        assert torch.equal(one, two) is not training


def test_activation_penalties_are_the_mean_squares_that_they_are_defined_as() -> None:
    torch.manual_seed(0)
    model = LanguageModel(ModelConfig(vocabulary=11, hidden=12, embedding=8, layers=2))
    windows = Windows(torch.randint(11, (9, 3)))
    h = model.read(windows.ahead[:-1], model.zero_state(3))[0].detach()

    def penalty(config: TrainingConfig) -> float:
        return float(Objective(model, config)(windows, Carried(model.zero_state(3)))[1].detach())

    assert penalty(TrainingConfig(steps=1)) == 0.0
    size, change = float(h.square().mean()), float((h[1:] - h[:-1]).square().mean())
    assert penalty(TrainingConfig(steps=1, activation_regularisation=2.0)) == pytest.approx(2.0 * size, rel=1e-5)
    assert penalty(TrainingConfig(steps=1, temporal_regularisation=3.0)) == pytest.approx(3.0 * change, rel=1e-5)
