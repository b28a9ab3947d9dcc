"""Every cell against a reference that shares no code with it, in sizes for plain and for compiled time steps."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

from engine.cells.columns import CHUNK
from engine.cells.compiled_steps import usable_for
from engine.cells.layer import RecurrentLayer
from engine.cells.making import make_layer
from engine.cells.peephole import PeepholeLSTMLayer
from engine.compiled import usable_for_training
from engine.settings import CELLS, Cell, ModelConfig, Peephole

Size = tuple[int, int, int, int]
# Steps T, streams B, inputs E, width H. Compiled steps are for eight streams and more, and widths like the second.
SIZES: dict[str, Size] = {"plain": (CHUNK + 3, 3, 5, 7), "compiled": (CHUNK + 3, 11, 5, 48)}
KINDS: list[tuple[Cell, Peephole]] = [*((cell, "diagonal") for cell in CELLS), ("lstm-peephole", "full")]
T, B, E, H = SIZES["plain"]


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> Size:
    _, streams, _, hidden = size = SIZES[request.param]
    assert usable_for(torch.zeros(streams, hidden)) == (request.param == "compiled" and usable_for_training())
    return size


def layer_of(cell: Cell, peephole: Peephole = "diagonal", size: Size = (T, B, E, H)) -> RecurrentLayer:
    """With random numbers in every place: zeros would hide a wrong one."""
    *_, inputs, hidden = size
    torch.manual_seed(1)
    layer = make_layer(ModelConfig(cell=cell, hidden=hidden, peephole=peephole), inputs)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn_like(parameter) * hidden**-0.5)
    return layer


def inputs_and_state(layer: RecurrentLayer, size: Size) -> tuple[Tensor, tuple[Tensor, ...]]:
    steps, streams, inputs, hidden = size
    torch.manual_seed(2)
    state = tuple(torch.randn(streams, hidden, requires_grad=True) for _ in range(layer.parts))
    return torch.randn(steps, streams, inputs, requires_grad=True), state


def written_out(cell: Cell, layer: RecurrentLayer, inputs: Tensor, state: tuple[Tensor, ...]) -> list[Tensor]:
    """Outputs and last state by the cell's published equations, one unit of time at a time, in float64."""
    w_ih, w_hh, b_ih, b_hh = (weight.double() for weight in layer.weights())
    H = w_hh.shape[1]
    looks = layer.looks().double() if isinstance(layer, PeepholeLSTMLayer) else torch.zeros(3, H).double()
    h, *rest = (part.double() for part in state)

    def look(gate: int, c: Tensor) -> Tensor:
        return looks[gate] * c if looks.dim() == 2 else c @ looks[gate].T

    outputs = []
    for x in inputs.double():
        a, r = x @ w_ih.T + b_ih, h @ w_hh.T + b_hh
        if cell == "gru":
            reset, update = torch.sigmoid(a[:, :H] + r[:, :H]), torch.sigmoid(a[:, H : 2 * H] + r[:, H : 2 * H])
            new = torch.tanh(a[:, 2 * H :] + reset * r[:, 2 * H :])
            h = (1 - update) * new + update * h
        elif cell in ("lstm", "lstm-peephole"):
            (i, f, g, o), (c,) = (a + r).chunk(4, dim=1), rest
            new = torch.sigmoid(f + look(1, c)) * c + torch.sigmoid(i + look(0, c)) * torch.tanh(g)
            h, rest = torch.sigmoid(o + look(2, new)) * torch.tanh(new), [new]
        else:
            h = torch.tanh(a + r) if cell == "rnn-tanh" else torch.relu(a + r)
        outputs.append(h)
    return [torch.stack(outputs), h, *rest]


def check(ours: list[Tensor], theirs: list[Tensor], sources: list[Tensor], others: list[Tensor] | None = None) -> None:
    """Results, and the gradients of a sum in which each number of each result has a weight of its own."""

    def gradients(results: list[Tensor], sources: list[Tensor]) -> tuple[Tensor, ...]:
        torch.manual_seed(3)
        weighted = [(result * torch.randn(result.shape).to(result.dtype)).sum() for result in results]
        return torch.autograd.grad(torch.stack(weighted).sum(), sources)

    found = [*ours, *gradients(ours, sources)]
    expected = [*theirs, *gradients(theirs, sources if others is None else others)]
    for one, other in zip(found, expected, strict=True):
        one, other = one.detach().double(), other.detach().double()
        assert torch.allclose(one, other, atol=1e-5 * max(1.0, float(other.abs().max())))


@pytest.mark.parametrize(("cell", "peephole"), KINDS)
def test_a_layer_and_its_gradients_are_those_of_the_published_equations(
    cell: Cell, peephole: Peephole, size: Size
) -> None:
    layer = layer_of(cell, peephole, size)
    inputs, state = inputs_and_state(layer, size)
    outputs, last = layer(inputs, state)
    expected = written_out(cell, layer, inputs, state)
    check([outputs, *last], expected, [inputs, *state, *layer.parameters()])


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell != "lstm-peephole"])
def test_a_layer_and_its_gradients_are_those_of_torch(cell: Cell, size: Size) -> None:
    layer = layer_of(cell, size=size)
    inputs, state = inputs_and_state(layer, size)
    theirs = torch_layer(cell, size)
    theirs.load_state_dict(dict(zip(NAMES, layer.weights(), strict=True)))
    outputs, last = layer(inputs, state)
    expected = run(theirs, inputs, state)
    check([outputs, *last], expected, [inputs, *state, *layer.weights()], [inputs, *state, *theirs.parameters()])


NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def torch_layer(cell: Cell, size: Size) -> nn.RNNBase:
    *_, inputs, hidden = size
    match cell:
        case "gru":
            return nn.GRU(inputs, hidden)
        case "rnn-tanh":
            return nn.RNN(inputs, hidden)
        case "rnn-relu":
            return nn.RNN(inputs, hidden, nonlinearity="relu")
    return nn.LSTM(inputs, hidden)


def run(layer: nn.RNNBase, inputs: Tensor, state: tuple[Tensor, ...]) -> list[Tensor]:
    """Outputs and last state of torch's layer."""
    before = tuple(part[None] for part in state)
    outputs, last = layer(inputs, before if len(before) > 1 else before[0])
    return [outputs, *(part[0] for part in (last if len(before) > 1 else (last,)))]


def test_the_diagonal_peephole_lstm_is_that_of_onnx(size: Size) -> None:
    """ONNX orders gates i, o, f, c and peepholes i, o, f; its output gate looks at the new cell."""
    T, B, _, H = size
    layer = layer_of("lstm-peephole", size=size)
    assert isinstance(layer, PeepholeLSTMLayer)
    inputs, (h, c) = inputs_and_state(layer, size)

    def reordered(tensor: Tensor) -> Tensor:
        i, f, g, o = tensor.detach().chunk(4)
        return torch.cat((i, o, f, g))

    w_ih, w_hh, b_ih, b_hh = (reordered(weight) for weight in layer.weights())
    p_i, p_f, p_o = layer.looks().detach()
    feed = {
        "X": inputs,
        "W": w_ih[None],
        "R": w_hh[None],
        "B": torch.cat((b_ih, b_hh))[None],
        "h": h[None],
        "c": c[None],
        "P": torch.cat((p_i, p_o, p_f))[None],
    }
    node = helper.make_node("LSTM", ["X", "W", "R", "B", "", "h", "c", "P"], ["Y", "Yh", "Yc"], hidden_size=H)
    graph = helper.make_graph(
        [node],
        "lstm",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(value.shape)) for name, value in feed.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("Y", "Yh", "Yc")],
    )
    reference = ReferenceEvaluator(helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)]))
    y, y_h, y_c = reference.run(None, {name: value.detach().numpy() for name, value in feed.items()})
    with torch.no_grad():
        outputs, (h_after, c_after) = layer(inputs, (h, c))
    assert np.allclose(outputs.numpy(), np.asarray(y).reshape(T, B, H), atol=1e-5)
    assert np.allclose(h_after.numpy(), np.asarray(y_h)[0], atol=1e-5)
    assert np.allclose(c_after.numpy(), np.asarray(y_c)[0], atol=1e-5)


@pytest.mark.parametrize("peephole", ["diagonal", "full"])
def test_gradients_through_peepholes_are_exact(peephole: Peephole) -> None:
    layer = layer_of("lstm-peephole", peephole, (T, 2, 2, 3)).double()
    h, c = (torch.randn(2, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    inputs = torch.randn(T, 2, 2, dtype=torch.float64, requires_grad=True)
    names = [name for name, _ in layer.named_parameters()]

    def run(inputs: Tensor, h: Tensor, c: Tensor, *weights: Tensor) -> Tensor:
        outputs, (h, c) = torch.func.functional_call(layer, dict(zip(names, weights, strict=True)), (inputs, (h, c)))
        return torch.cat((outputs.flatten(), h.flatten(), c.flatten()))

    assert torch.autograd.gradcheck(run, (inputs, h, c, *layer.parameters()))


@pytest.mark.parametrize("peephole", ["diagonal", "full"])
def test_closed_peepholes_leave_a_plain_lstm(peephole: Peephole, size: Size) -> None:
    layer = layer_of("lstm-peephole", peephole, size)
    assert isinstance(layer, PeepholeLSTMLayer)
    with torch.no_grad():
        layer.peepholes.zero_()
    plain = torch_layer("lstm", size)
    plain.load_state_dict(dict(zip(NAMES, layer.weights(), strict=True)))
    inputs, state = inputs_and_state(layer, size)
    outputs, last = layer(inputs, state)
    sources, others = [inputs, *state, *layer.weights()], [inputs, *state, *plain.parameters()]
    check([outputs, *last], run(plain, inputs, state), sources, others)


def test_an_identity_rnn_begins_by_copying_its_state() -> None:
    layer = make_layer(ModelConfig(cell="rnn-relu", hidden=H, identity=True), E)
    state = (torch.rand(B, H),)
    outputs, _ = layer(torch.zeros(T, B, E), state)
    assert torch.allclose(outputs, state[0].expand(T, B, H))
