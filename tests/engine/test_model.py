"""The model's layers against torch's own, and the decoder against the model."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from engine.cells.making import make_layer
from engine.cells.peephole import PeepholeLSTMLayer
from engine.decoder import BLOCK, Decoder
from engine.model import LanguageModel, count_parameters
from engine.optimizing import make_optimizer
from engine.settings import CELLS, Cell, ModelConfig, Peephole, Softmax, TrainingConfig
from engine.shapes import Shape
from engine.training import Trainer

KINDS: list[tuple[Cell, Peephole]] = [*((cell, "diagonal") for cell in CELLS), ("lstm-peephole", "full")]


def model_of(
    cell: Cell,
    *,
    layers: int = 2,
    tied: bool = False,
    embedding: int = 12,
    peephole: Peephole = "diagonal",
    residual: bool = False,
    layer_norm: bool = False,
    bidirectional: bool = False,
    softmax: Softmax = "full",
) -> LanguageModel:
    torch.manual_seed(7)
    config = ModelConfig(
        cell=cell,
        vocabulary=23,
        layers=layers,
        hidden=16,
        embedding=embedding,
        tied=tied,
        peephole=peephole,
        residual=residual,
        layer_norm=layer_norm,
        bidirectional=bidirectional,
        softmax=softmax,
    )
    model = LanguageModel(config)
    with torch.no_grad():
        for parameter in model.parameters():  # biases too: zeros would hide a wrong one
            parameter.copy_(torch.randn_like(parameter) * (0.2 if cell == "rnn-relu" else 0.4))
    return model.eval()


@pytest.mark.parametrize(("cell", "peephole"), KINDS)
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("tied", [False, True])
def test_the_decoder_steps_to_the_same_logits_as_the_training_forward(
    cell: Cell, peephole: Peephole, layers: int, tied: bool
) -> None:
    model = model_of(cell, layers=layers, tied=tied, peephole=peephole)
    ids = torch.randint(23, (40, 3))
    expected, _ = model(ids, model.zero_state(3))
    decoder = Decoder(model)
    state = decoder.zero_state(3)
    for t, row in enumerate(ids):
        logits, state = decoder.step(row, state)
        assert torch.allclose(logits, expected[t], atol=1e-4)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("residual", "layer_norm"), [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("embedding", [12, 16])  # 16 is the layers' width: there the first layer adds to its input too
def test_the_decoder_steps_through_residuals_and_norms_as_the_training_forward_does(
    cell: Cell, residual: bool, layer_norm: bool, embedding: int
) -> None:
    model = model_of(cell, layers=3, residual=residual, layer_norm=layer_norm, embedding=embedding, bidirectional=True)
    ids = torch.randint(23, (30, 3))
    for side in ("ahead", "back"):
        hidden, _ = model.read(ids, model.zero_state(3), side)
        expected = model.logits(hidden) if side == "ahead" else model.logits(None, hidden)
        decoder = Decoder(model, side)
        state = decoder.zero_state(3)
        for t, row in enumerate(ids):
            logits, state = decoder.step(row, state)
            assert torch.allclose(logits, expected[t], atol=1e-3)


def test_residuals_and_norms_are_where_their_definitions_put_them() -> None:
    model = model_of("gru", layers=2, residual=True, layer_norm=True, embedding=16)
    ids = torch.randint(23, (10, 3))
    x = model.embedding(ids)
    norms = model.ahead.norms
    assert norms is not None
    for layer, norm in zip(model.ahead.each(), norms, strict=False):
        x = x + layer(norm(x), layer.zero_state(3))[0]
    assert torch.allclose(model.read(ids, model.zero_state(3))[0], norms[2](x), atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_a_prompt_of_several_blocks_leaves_the_state_that_single_steps_leave(cell: Cell) -> None:
    decoder = Decoder(model_of(cell))
    ids = torch.randint(23, (BLOCK + 30, 1))
    logits, state = decoder.prefill(ids, decoder.zero_state())
    stepped = decoder.zero_state()
    for row in ids:
        expected, stepped = decoder.step(row, stepped)
    assert torch.allclose(logits, expected, atol=1e-4)
    # Cells of these random peepholes count up to 500, where one rounding of a forget gate a token sums up to 0.01.
    assert all(
        torch.allclose(a, b, rtol=1e-4, atol=1e-4)
        for x, y in zip(state, stepped, strict=True)
        for a, b in zip(x, y, strict=True)
    )


def test_state_carried_over_a_cut_equals_reading_in_one_go() -> None:
    model = model_of("lstm")
    ids = torch.randint(23, (30, 2))
    whole, _ = model(ids, model.zero_state(2))
    first, state = model(ids[:11], model.zero_state(2))
    second, _ = model(ids[11:], state)
    assert torch.allclose(whole, torch.cat((first, second)), atol=1e-6)


def test_tied_weights_are_one_matrix_and_counted_once() -> None:
    tied, free = model_of("gru", tied=True, embedding=16), model_of("gru", embedding=16)
    assert tied.decoder.weight is tied.embedding.weight
    assert count_parameters(free) - count_parameters(tied) == 23 * 16


def test_every_parameter_is_in_exactly_one_group() -> None:
    for tied in (False, True):
        model = model_of("lstm", tied=tied)
        grouped = [parameter for group in model.groups().values() for parameter in group]
        assert {id(p) for p in grouped} == {id(p) for p in model.parameters()}
        assert len(grouped) == len({id(p) for p in grouped})


def test_an_untrained_model_predicts_the_unigram_frequencies_from_the_zero_state() -> None:
    model = model_of("gru")
    counts = torch.arange(23)
    model.start_from_frequencies(counts)
    probabilities = torch.softmax(Decoder(model).start_logits()[0], 0)
    expected = (counts + 1.0) / (counts.sum() + 23)
    assert torch.allclose(probabilities, expected, atol=1e-6)


def test_weight_decay_reaches_matrices_only() -> None:
    model = model_of("lstm")
    groups = make_optimizer(list(model.parameters()), TrainingConfig(steps=1), torch.device("cpu")).param_groups
    assert {p.dim() for g in groups if g["weight_decay"] > 0 for p in g["params"]} == {2}
    assert {p.dim() for g in groups if g["weight_decay"] == 0 for p in g["params"]} == {1}


def test_matrices_that_multiply_cells_move_a_tenth_as_far_as_others() -> None:
    config = ModelConfig(cell="lstm-peephole", peephole="full", vocabulary=11, hidden=8, embedding=8)
    training = TrainingConfig(steps=10, learning_rate=1e-2, warmup=0.0, weight_decay=0.0)
    trainer = Trainer(
        LanguageModel(config), np.arange(200, dtype=np.uint16) % 11, training, torch.device("cpu"), Shape(2, 8)
    )
    layer = trainer.model.ahead.each()[0]
    assert isinstance(layer, PeepholeLSTMLayer)
    before = [each.detach().clone() for each in (layer.peepholes, layer.weight_hh)]
    trainer.advance(0.0)
    trainer.advance(0.0)  # the first outputs of all cells are too small to give the peepholes a gradient
    moved = [
        float((after.detach() - each).abs().max())
        for after, each in zip((layer.peepholes, layer.weight_hh), before, strict=True)
    ]
    assert moved == pytest.approx([2e-3, 2e-2], rel=0.1)


def test_a_fresh_recurrent_matrix_is_orthogonal_and_a_forget_gate_remembers() -> None:
    _, w_hh, b_ih, b_hh = make_layer(ModelConfig(cell="lstm", hidden=8), 6).weights()
    for block in torch.split(w_hh, 8):
        assert torch.allclose(block @ block.T, torch.eye(8), atol=1e-5)
    assert torch.equal((b_ih + b_hh)[8:16], torch.ones(8))


def test_dropout_acts_in_training_and_not_in_use() -> None:
    config = ModelConfig(vocabulary=11, hidden=8, embedding=8, layers=2, dropout=0.5)
    model = LanguageModel(config)
    ids = torch.randint(11, (6, 2))
    model.eval()
    assert torch.equal(model(ids, model.zero_state(2))[0], model(ids, model.zero_state(2))[0])
    model.train()
    assert not torch.equal(model(ids, model.zero_state(2))[0], model(ids, model.zero_state(2))[0])
    assert isinstance(model.decoder, nn.Linear)


def test_loading_a_model_imports_no_compiler_and_no_algebra() -> None:
    """Each takes a second or a third of one; torch imports them to fill or copy weights that have no numbers."""
    program = """
import sys
from engine.settings import ModelConfig
from engine.unfilled import unfilled
for cell in ("lstm", "gru", "lstm-peephole", "rnn-relu"):
    unfilled(ModelConfig(cell=cell, layers=2, hidden=16, embedding=8, vocabulary=12, bidirectional=True))
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
