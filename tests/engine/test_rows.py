"""A single stream, stepped in numpy, against the training forward."""

import pytest
import torch

from engine.decoder import Decoder
from engine.environment import service_environment
from engine.model import LanguageModel
from engine.settings import CELLS, Cell, ModelConfig, Peephole

KINDS: list[tuple[Cell, Peephole]] = [*((cell, "diagonal") for cell in CELLS), ("lstm-peephole", "full")]


@pytest.mark.parametrize(("cell", "peephole"), KINDS)
@pytest.mark.parametrize("table", [True, False])
def test_a_lone_stream_gets_the_logits_of_the_training_forward(
    cell: Cell, peephole: Peephole, table: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not table:
        monkeypatch.setattr("engine.layout.TABLE", 0)
    torch.manual_seed(1)
    model = LanguageModel(ModelConfig(cell=cell, peephole=peephole, layers=3, hidden=48, embedding=20, vocabulary=30))
    if cell == "lstm-peephole":
        with torch.no_grad():
            for layer in model.ahead.each():
                layer.get_parameter("peepholes").normal_(std=0.3)
    model.eval()
    ids = torch.randint(30, (40, 1))
    with torch.no_grad():
        expected, last = model(ids, model.zero_state(1))
    decoder = Decoder(model)
    state = decoder.zero_state()
    for row, wanted in zip(ids, expected, strict=True):
        logits, state = decoder.step(row, state)
        assert torch.allclose(logits, wanted, atol=1e-5)
    for kept, wanted_parts in zip(state, last, strict=True):
        for part, wanted in zip(kept, wanted_parts, strict=True):
            assert torch.allclose(part, wanted, atol=1e-5)


def test_a_state_that_was_kept_is_not_changed_by_later_steps() -> None:
    model = LanguageModel(ModelConfig(cell="lstm", layers=2, hidden=16, embedding=8, vocabulary=12)).eval()
    decoder = Decoder(model)
    _, state = decoder.step(torch.tensor([3]), decoder.zero_state())
    before = [part.clone() for layer in state for part in layer]
    first, _ = decoder.step(torch.tensor([5]), state)
    decoder.step(torch.tensor([6]), state)
    again, _ = decoder.step(torch.tensor([5]), state)
    assert torch.equal(first, again)
    assert all(torch.equal(a, b) for a, b in zip(before, (part for layer in state for part in layer), strict=True))


def test_settings_of_the_blas_that_a_person_made_stay_as_they_are() -> None:
    assert service_environment({"OPENBLAS_NUM_THREADS": "7"})["OPENBLAS_NUM_THREADS"] == "7"
    assert service_environment({})["OPENBLAS_NUM_THREADS"] == "1"
