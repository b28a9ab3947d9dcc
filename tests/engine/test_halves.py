"""Layers in bfloat16 on a processor's matrix unit: next to float32, for any shape, on any number of threads."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from engine.cells import shares
from engine.cells.halves import has_unit, room
from engine.cells.layer import LayerState, RecurrentLayer
from engine.cells.making import make_layer
from engine.device import threads
from engine.model import LanguageModel
from engine.precision import autocast
from engine.settings import Cell, ModelConfig, Precision, TrainingConfig
from engine.shapes import Shape
from engine.teamwork import Meeting, together
from engine.training import Trainer

pytestmark = pytest.mark.skipif(not has_unit(), reason="needs a processor that multiplies bfloat16 on a matrix unit")

CPU = torch.device("cpu")
PRECISIONS: tuple[Precision, ...] = ("bf16", "float32")
CELLS: tuple[Cell, ...] = ("lstm", "gru", "lstm-peephole")


@pytest.fixture(params=["by streams", "by units"])
def shared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """How threads share a layer."""
    monkeypatch.setattr(shares, "OWN", 0 if request.param == "by units" else 1 << 40)
    with threads(2):
        yield


def made(cell: Cell, inputs: int, hidden: int) -> RecurrentLayer:
    torch.manual_seed(5)
    layer = make_layer(ModelConfig(cell=cell, hidden=hidden), inputs)
    layer.initialise()
    for name, parameter in layer.named_parameters():
        if "bias" in name or "peephole" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    return layer


def state_of(layer: RecurrentLayer, batch: int, hidden: int) -> LayerState:
    return tuple(torch.randn(batch, hidden).tanh().requires_grad_() for _ in range(layer.parts))


def passed(layer: RecurrentLayer, inputs: Tensor, state: LayerState, precision: Precision) -> list[Tensor]:
    """Outputs, the last state, and the gradients of everything that has one."""
    learnt = [*layer.parameters(), inputs, *state]
    for each in learnt:
        each.grad = None
    torch.manual_seed(9)  # of dropped weights
    with autocast(CPU, precision):
        outputs, last = layer(inputs, state)
    weighted = sum(
        (part.square().sum() for part in last), (outputs * torch.linspace(-1.0, 1.0, outputs.shape[2])).sum()
    )
    weighted.backward()
    return [outputs, *last, *(each.grad for each in learnt)]


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("length", "batch", "inputs", "hidden"),
    [
        (1, 8, 32, 32),
        (9, 8, 7, 32),
        (16, 17, 64, 64),
        (13, 33, 50, 96),
        (21, 24, 96, 160),
        (3, 70, 33, 64),
        (70, 33, 40, 64),
    ],
)
def test_layers_come_within_a_percent_of_float32(cell: Cell, length: int, batch: int, inputs: int, hidden: int) -> None:
    layer = made(cell, inputs, hidden)
    x, state = torch.randn(length, batch, inputs, requires_grad=True), state_of(layer, batch, hidden)
    for near, exact in zip(passed(layer, x, state, "bf16"), passed(layer, x, state, "float32"), strict=True):
        assert near.shape == exact.shape
        assert near.dtype is torch.float32
        assert 0.0 < (near - exact).norm() < 0.01 * exact.norm()


@pytest.mark.parametrize("cell", CELLS)
def test_the_number_of_threads_changes_no_bit_of_what_is_shared_by_units(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "OWN", 0)
    layer = made(cell, 24, 128)
    x, state = torch.randn(10, 12, 24, requires_grad=True), state_of(layer, 12, 128)
    found = []
    for number in (1, 2, 3, 7):  # more than there are units, and cores
        with threads(number):
            found.append([each.clone() for each in passed(layer, x, state, "bf16")])
    assert all(torch.equal(found[0][n], each) for some in found for n, each in enumerate(some))


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("cell", CELLS)
def test_a_text_in_pieces_is_read_as_the_whole(cell: Cell) -> None:
    layer = made(cell, 16, 64)
    x, state = torch.randn(20, 10, 16), layer.zero_state(10)
    with torch.no_grad(), autocast(CPU, "bf16"):
        whole, _ = layer(x, state)
        pieces = []
        for piece in torch.split(x, 7):
            outputs, state = layer(piece, state)
            pieces.append(outputs)
    assert torch.equal(torch.cat(pieces), whole)


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("cell", CELLS)
def test_weights_may_be_dropped(cell: Cell) -> None:
    layer = made(cell, 16, 64)
    layer.weight_dropout = 0.5
    layer.train()
    x, state = torch.randn(6, 8, 16, requires_grad=True), state_of(layer, 8, 64)
    near, exact = (passed(layer, x, state, precision) for precision in PRECISIONS)
    assert (near[0] - exact[0]).norm() < 0.01 * exact[0].norm()


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("cell", CELLS)
def test_a_number_that_went_astray_is_seen_to_have_done_so(cell: Cell) -> None:
    layer = made(cell, 16, 64)
    x, state = torch.randn(6, 8, 16), layer.zero_state(8)
    x[2, 3, 5] = torch.nan
    with torch.no_grad(), autocast(CPU, "bf16"):
        outputs, _ = layer(x, state)
    assert outputs[2:, 3].isnan().all()
    assert outputs[:, :3].isfinite().all()


@pytest.mark.parametrize("cell", CELLS)
def test_auto_is_bf16_and_learns_as_float32_does(cell: Cell) -> None:
    tokens = np.tile(np.random.default_rng(0).integers(0, 20, 60).astype(np.uint16), 20)
    losses: dict[Precision, list[float]] = {}
    precisions: tuple[Precision, ...] = ("float32", "bf16", "auto")
    for precision in precisions:
        torch.manual_seed(0)
        config = ModelConfig(cell=cell, hidden=32, embedding=16, vocabulary=20)
        training = TrainingConfig(steps=80, precision=precision, learning_rate=1e-2, ema=0.9)
        trainer = Trainer(LanguageModel(config), tokens, training, CPU, Shape(8, 16))
        losses[precision] = [trainer.advance(step / 80).loss for step in range(80)]
    assert losses["auto"] == losses["bf16"] != losses["float32"]
    assert losses["auto"] == pytest.approx(losses["float32"], rel=0.02)
    assert losses["auto"][-1] < 0.9 * losses["auto"][0]


@pytest.mark.parametrize(("rows", "length"), [(32, 32), (40, 50), (7, 3), (96, 64), (33, 97)])
def test_what_is_packed_is_in_its_place(rows: int, length: int) -> None:
    from engine.compiled.halves import pack_columns, pack_rows, turn

    weights = (np.arange(rows * length).reshape(rows, length) % 251 - 125).astype(np.float32)
    halves = (weights.view(np.uint32) >> 16).astype(np.uint16)
    wanted = np.zeros((-(-rows // 32) * 32, -(-length // 32) * 32), dtype=np.uint16)
    wanted[:rows, :length] = halves
    pairs = wanted.reshape(-1, 32, wanted.shape[1] // 2, 2).transpose(0, 2, 1, 3)
    ways: list[tuple[Callable[..., None], npt.NDArray[Any]]] = [
        (pack_rows, weights),
        (pack_columns, np.ascontiguousarray(weights.T)),
    ]
    for pack, given in ways:
        packed = room(rows, length)
        packed[:] = 0xFFFFFFFF
        pack(given, packed, 0, len(packed))
        assert np.array_equal(packed.view(np.uint16).reshape(pairs.shape), pairs)
    columns = np.ascontiguousarray(wanted[:, :length].T)
    turned = np.full(wanted.shape, 0xFFFF, dtype=np.uint16)
    turn(columns, turned, 0, len(turned))
    assert np.array_equal(turned, wanted)


def test_members_wait_for_each_other_at_each_meeting() -> None:
    from engine.compiled.meeting import meet

    seen, count = np.zeros((2, 200), np.int64), np.zeros(2, np.int64)
    there: list[int] = []

    def work(member: int, members: int, meeting: Meeting) -> None:
        there.append(members)
        for number in range(200):
            count[member] += 1
            meet(meeting, members, 2 * number + 1)
            seen[member, number] = count.sum()  # of all, and nobody has gone on
            meet(meeting, members, 2 * number + 2)

    with threads(2):
        together(2, work)
    members = len(there)
    assert there == [members] * members
    assert seen[:members].tolist() == [[members * (number + 1) for number in range(200)]] * members


def test_nobody_waits_for_a_member_whose_work_went_wrong() -> None:
    from engine.compiled.meeting import meet

    def work(member: int, members: int, meeting: Meeting) -> None:
        if member == members - 1:
            raise ValueError("no")
        for number in range(1, 100):
            meet(meeting, members, number)

    with threads(2), pytest.raises(ValueError, match="no"):
        together(2, work)


def test_alone_or_as_a_helper_there_is_one_member() -> None:
    said: list[tuple[int, int]] = []

    def work(member: int, members: int, _: Meeting) -> None:
        said.append((member, members))

    with threads(1):
        together(2, work)
    thread = threading.Thread(target=lambda: together(1, work))
    thread.start()
    thread.join()
    assert said == [(0, 1), (0, 1)]
