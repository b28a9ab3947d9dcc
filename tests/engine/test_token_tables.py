"""Layers that read tokens by way of a table of the vocabulary: next to the same tokens as vectors, and when they do."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.cells import beginning, shares
from engine.cells.beginning import TIMES
from engine.cells.halves import has_unit
from engine.cells.layer import plain_steps
from engine.cells.making import make_layer
from engine.compiled import usable_for_training
from engine.device import threads
from engine.model import LanguageModel
from engine.precision import autocast
from engine.settings import Cell, ModelConfig, Peephole, Precision

pytestmark = pytest.mark.skipif(not usable_for_training(), reason="needs kernels that numba compiles")

CPU = torch.device("cpu")
V, E, H = 10, 24, 64
CELLS: list[tuple[Cell, Peephole]] = [
    ("gru", "diagonal"),
    ("lstm", "diagonal"),
    ("lstm-peephole", "diagonal"),
    ("lstm-peephole", "full"),
]
PRECISIONS: list[Precision] = ["float32", "bf16"] if has_unit() else ["float32"]


def model_of(**settings: Any) -> LanguageModel:
    """With weights that matter, biases too."""
    torch.manual_seed(3)
    model = LanguageModel(ModelConfig(**({"hidden": H, "embedding": E, "vocabulary": V} | settings)))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


def learnt(model: LanguageModel, ids: Tensor, precision: Precision) -> list[Tensor]:
    """The loss, the last state, and the gradients of all weights and of the first state."""
    torch.manual_seed(7)  # of what is dropped
    state = [tuple((0.3 * torch.randn_like(part)).requires_grad_() for part in layer) for layer in model.zero_state(13)]
    first = [part for layer in state for part in layer]
    with autocast(CPU, precision):
        hidden, after = model.read(ids[:-1], state)
        loss = model.loss(ids[1:], hidden)
    last = [part for layer in after for part in layer]
    total = loss + sum((part.square().sum() for part in last), torch.zeros(()))
    used = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [part.detach() for part in (loss, *last, *torch.autograd.grad(total, [*used, *first]))]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("cell", "peephole"), CELLS)
@pytest.mark.parametrize(
    "settings",
    [{}, {"layer_norm": True}, {"residual": True, "embedding": H}, {"embedding_dropout": 0.3}, {"tied": True}],
    ids=["plain", "norm", "residual", "tokens dropped", "tied"],
)
@pytest.mark.parametrize("by_units", [False, True])
def test_a_table_gives_what_vectors_give_and_the_same_gradients(
    cell: Cell,
    peephole: Peephole,
    settings: dict[str, Any],
    precision: Precision,
    by_units: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = model_of(cell=cell, peephole=peephole, layers=2, **settings)
    ids = torch.randint(V, (15, 13))
    monkeypatch.setattr(shares, "OWN", 0 if by_units else 1 << 40)
    with threads(2):
        with autocast(CPU, precision):
            assert model.ahead.takes_ids(ids[:-1], V, model.zero_state(13))
        by_table = learnt(model, ids, precision)
        for name in ("TIMES", "TIMES_IN_HALVES"):
            monkeypatch.setattr(beginning, name, 1000)
        by_vectors = learnt(model, ids, precision)
    for one, other in zip(by_table, by_vectors, strict=True):
        if precision == "float32":
            assert torch.allclose(one, other, atol=2e-5 * max(1.0, float(other.abs().max())))
        else:  # a table is exact where vectors are rounded
            assert float((one - other).norm()) <= 0.03 * max(0.1, float(other.norm()))


def test_a_table_is_for_many_tokens_of_few_kinds_and_for_our_own_kernels() -> None:
    model = model_of(cell="gru")
    stack, state = model.ahead, model.zero_state(10)
    enough = torch.zeros(TIMES * V // 10, 10, dtype=torch.int64)
    assert stack.takes_ids(enough, V, state)
    assert not stack.takes_ids(enough[:-1], V, state)
    assert not stack.takes_ids(enough, V, model.zero_state(1))  # a prompt
    with plain_steps():
        assert not stack.takes_ids(enough, V, state)
    assert not model_of(cell="rnn-tanh").ahead.takes_ids(enough, V, state)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_inputs_that_lose_features_are_read_as_vectors(dropout: float) -> None:
    """Every stream loses others, and so has other vectors for the same token."""
    model = model_of(cell="gru", input_dropout=dropout)
    ids, given = torch.randint(V, (30, 10)), []
    model.ahead.register_forward_pre_hook(lambda _, arguments: given.append(len(arguments)))
    model.train()
    model.read(ids, model.zero_state(10))
    model.eval()
    model.read(ids, model.zero_state(10))
    assert given == [3 if dropout == 0.0 else 2, 3]


@pytest.mark.parametrize("wrong", [-1, V])
def test_an_id_without_a_row_is_refused_before_memory_is_read(wrong: int) -> None:
    layer = make_layer(ModelConfig(cell="gru", hidden=H), E)
    ids = torch.zeros(30, 10, dtype=torch.int64)
    ids[29, 9] = wrong
    with pytest.raises(IndexError, match="from 0 to 9"):
        layer(torch.randn(V, E), layer.zero_state(10), ids)


def test_ids_may_be_part_of_a_larger_array() -> None:
    layer, table = make_layer(ModelConfig(cell="lstm", hidden=H), E), torch.randn(V, E)
    ids = torch.randint(V, (30, 25))[:, 3:13]
    outputs = layer(table, layer.zero_state(10), ids)[0]
    assert torch.allclose(outputs, layer(F.embedding(ids, table), layer.zero_state(10))[0], atol=1e-5)


NARROWER = """
import torch
from engine.cells.compiled_steps import packed
from engine.compiled import tiles

assert (tiles.LANES, tiles.MOST) == (8, 6)
for streams in (*range(1, 15), 23):
    for rows in (16, 24, 33):
        x, weight, out = torch.randn(2, streams + 2, 37), torch.randn(rows, 37), torch.ones(2, streams + 2, rows)
        wanted = out.clone()
        wanted[:, 1:-1] += x[:, 1:-1] @ weight.t()
        tiles.multiply(packed(weight), x.numpy()[:, 1:-1], out.numpy()[:, 1:-1])
        assert torch.allclose(out, wanted, atol=1e-4), (streams, rows)
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="is about x86 processors")
def test_products_are_right_on_processors_with_narrower_registers_too(tmp_path: Path) -> None:
    """As on most of them: with AVX2, and without AVX-512, whether or not this one has it."""
    narrow = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", NARROWER], env={**os.environ, **narrow}, check=True, timeout=120)
