"""Products in every kind of weights, and which kind a model gets."""

import numpy as np
import pytest
import torch

from engine import packing, products
from engine.decoder import Decoder
from engine.model import LanguageModel
from engine.packing import choose_packing, step_bytes, stepped_loss
from engine.products import KEPT, ExactProduct, available, make_product
from engine.settings import CELLS, PACKINGS, Cell, ModelConfig, Packing

TOLERANCES: dict[Packing, float] = {"float32": 1e-5, "fp16": 2e-3, "int8": 3e-2}


def random_model(cell: Cell, **settings: object) -> LanguageModel:
    torch.manual_seed(3)
    config = ModelConfig(cell=cell, vocabulary=23, layers=2, hidden=32, embedding=16, **settings)  # type: ignore[arg-type]
    return LanguageModel(config).eval()


@pytest.mark.parametrize("kind", PACKINGS)
@pytest.mark.parametrize("batch", [1, 2, 5, 64])
def test_every_kind_is_as_near_to_the_exact_product_as_its_name_says(kind: Packing, batch: int) -> None:
    torch.manual_seed(batch)
    weight, x, plus = torch.randn(48, 40), torch.rand(batch, 40) * 2 - 1, torch.randn(48)
    exact = x @ weight.t() + plus
    with torch.inference_mode():
        found = make_product(weight, kind)(x, plus)
    assert float((found - exact).abs().max()) < TOLERANCES[kind] * float(exact.abs().max())


def test_what_one_stream_gets_does_not_depend_on_the_others() -> None:
    torch.manual_seed(0)
    weight, x = torch.randn(48, 40), torch.rand(3, 40) * 2 - 1
    product = make_product(weight, "int8")
    others = torch.cat((x[:1], torch.zeros(2, 40)))
    with torch.inference_mode():
        assert torch.equal(product(x, torch.zeros(48))[0], product(others, torch.zeros(48))[0])


def test_layouts_for_many_batches_do_not_pile_up() -> None:
    product = ExactProduct(torch.randn(8, 8))
    for batch in range(2, 12):
        product(torch.ones(batch, 8), torch.zeros(8))
    assert len(product._layouts) <= KEPT


def test_a_kind_that_is_not_there_falls_back_on_a_more_exact_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "available", lambda: ("float32",))
    assert isinstance(make_product(torch.randn(8, 8), "int8"), ExactProduct)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", available()[1:])
def test_every_cell_decodes_in_every_kind(cell: Cell, kind: Packing) -> None:
    model = random_model(cell)
    ids = torch.randint(23, (20, 2))
    exact, packed = Decoder(model), Decoder(model, packing=kind)
    states = [exact.zero_state(2), packed.zero_state(2)]
    for row in ids:
        wanted, states[0] = exact.step(row, states[0])
        found, states[1] = packed.step(row, states[1])
        assert torch.allclose(torch.softmax(found, 1), torch.softmax(wanted, 1), atol=0.02)


def test_a_large_model_gets_the_quickest_kind_that_predicts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "SMALL", 0)
    monkeypatch.setattr(packing, "SMALL_COMPILED", 0)
    tokens = np.random.default_rng(0).integers(0, 23, 2_000).astype(np.uint16)
    assert choose_packing(random_model("lstm"), tokens) == available()[-1]
    monkeypatch.setattr(packing, "TOLERANCE", -0.5)
    assert choose_packing(random_model("lstm"), tokens) == "float32"


def test_a_model_trained_on_another_device_gets_the_kind_that_suits_cpus_and_does_without_it_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packing, "SMALL", 0)
    monkeypatch.setattr(packing, "SMALL_COMPILED", 0)
    brought = random_model("lstm")
    monkeypatch.setattr(LanguageModel, "cpu", lambda _: brought)
    elsewhere = random_model("lstm").to("meta")  # which stands for CUDA
    tokens = np.random.default_rng(0).integers(0, 23, 2_000).astype(np.uint16)
    assert choose_packing(elsewhere, tokens) == available()[-1]
    assert Decoder(elsewhere, packing="int8").packing == "float32"


def test_a_small_model_and_one_without_text_to_judge_by_stay_exact() -> None:
    model = random_model("lstm")
    assert step_bytes(model) < packing.SMALL_COMPILED
    assert choose_packing(model, np.zeros(2_000, dtype=np.uint16)) == "float32"
    assert choose_packing(model, np.zeros(3, dtype=np.uint16)) == "float32"


def test_the_loss_of_stepping_is_that_of_reading() -> None:
    model = random_model("gru")
    tokens = np.random.default_rng(0).integers(0, 23, 32 * 20 + 1).astype(np.uint16)
    loss = stepped_loss(Decoder(model), tokens)
    starts = np.linspace(0, len(tokens) - 21, 32).astype(np.int64)
    ids = torch.from_numpy(tokens[starts + np.arange(21)[:, None]].astype(np.int64))
    with torch.no_grad():
        hidden, _ = model.read(ids[:-1], model.zero_state(32))
        assert loss == pytest.approx(float(model.loss(ids[1:], hidden)), rel=1e-4)
