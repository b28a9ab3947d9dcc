"""Every cell against a reference that shares no code with it."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from torch import nn

from engine.cells.layer import RecurrentLayer
from engine.cells.making import make_layer
from engine.cells.peephole import PeepholeLSTMLayer
from engine.settings import CELLS, Cell, ModelConfig
from tests.engine.test_model import layer_of

T, B, E, H = 9, 3, 5, 7


def inputs_and_state(layer: RecurrentLayer) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    torch.manual_seed(2)
    return torch.randn(T, B, E), tuple(torch.randn(B, H) for _ in range(layer.parts))


def written_out(
    cell: Cell, weights: tuple[torch.Tensor, ...], inputs: torch.Tensor, state: tuple[torch.Tensor, ...]
) -> torch.Tensor:
    """The cell's published equations, one unit of time at a time, in float64."""
    w_ih, w_hh, b_ih, b_hh = (weight.double() for weight in weights)
    h, *rest = (part.double() for part in state)
    outputs = []
    for x in inputs.double():
        a, r = x @ w_ih.T + b_ih, h @ w_hh.T + b_hh
        if cell == "gru":
            reset, update = torch.sigmoid(a[:, :H] + r[:, :H]), torch.sigmoid(a[:, H : 2 * H] + r[:, H : 2 * H])
            new = torch.tanh(a[:, 2 * H :] + reset * r[:, 2 * H :])
            h = (1 - update) * new + update * h
        elif cell == "lstm":
            i, f, g, o = (a + r).chunk(4, dim=1)
            rest = [torch.sigmoid(f) * rest[0] + torch.sigmoid(i) * torch.tanh(g)]
            h = torch.sigmoid(o) * torch.tanh(rest[0])
        else:
            h = torch.tanh(a + r) if cell == "rnn-tanh" else torch.relu(a + r)
        outputs.append(h)
    return torch.stack(outputs)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell != "lstm-peephole"])
def test_a_layer_computes_the_published_equations(cell: Cell) -> None:
    layer = layer_of(cell)
    inputs, state = inputs_and_state(layer)
    outputs, _ = layer(inputs, state)
    expected = written_out(cell, layer.weights(), inputs, state)
    assert torch.allclose(outputs.double(), expected, atol=1e-5)


def test_the_diagonal_peephole_lstm_is_that_of_onnx() -> None:
    """ONNX orders gates i, o, f, c and peepholes i, o, f; its output gate looks at the new cell."""
    layer = layer_of("lstm-peephole")
    assert isinstance(layer, PeepholeLSTMLayer)
    inputs, (h, c) = inputs_and_state(layer)

    def reordered(tensor: torch.Tensor) -> torch.Tensor:
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
    y, y_h, y_c = reference.run(None, {name: value.numpy() for name, value in feed.items()})
    with torch.no_grad():
        outputs, (h_after, c_after) = layer(inputs, (h, c))
    assert np.allclose(outputs.numpy(), np.asarray(y).reshape(T, B, H), atol=1e-5)
    assert np.allclose(h_after.numpy(), np.asarray(y_h)[0], atol=1e-5)
    assert np.allclose(c_after.numpy(), np.asarray(y_c)[0], atol=1e-5)


def test_full_peepholes_are_their_formula() -> None:
    layer = layer_of("lstm-peephole", "full")
    assert isinstance(layer, PeepholeLSTMLayer)
    inputs, state = inputs_and_state(layer)
    w_ih, w_hh, b_ih, b_hh = (weight.double() for weight in layer.weights())
    p_i, p_f, p_o = layer.looks().double()
    h, c = (part.double() for part in state)
    expected = []
    for x in inputs.double():
        i, f, g, o = (w_ih @ x.T + b_ih[:, None] + w_hh @ h.T + b_hh[:, None]).split(H)
        new = torch.sigmoid(f + p_f @ c.T) * c.T + torch.sigmoid(i + p_i @ c.T) * torch.tanh(g)
        c = new.T
        h = (torch.sigmoid(o + p_o @ new) * torch.tanh(new)).T
        expected.append(h)
    assert torch.allclose(layer(inputs, state)[0].double(), torch.stack(expected), atol=1e-5)


@pytest.mark.parametrize("peephole", ["diagonal", "full"])
def test_gradients_through_peepholes_are_exact(peephole: str) -> None:
    layer = layer_of("lstm-peephole", "full" if peephole == "full" else "diagonal").double()
    h, c = (torch.randn(2, H, dtype=torch.float64, requires_grad=True) for _ in range(2))
    inputs = torch.randn(4, 2, E, dtype=torch.float64, requires_grad=True)
    names = [name for name, _ in layer.named_parameters()]

    def run(inputs: torch.Tensor, h: torch.Tensor, c: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        outputs, (h, c) = torch.func.functional_call(layer, dict(zip(names, weights, strict=True)), (inputs, (h, c)))
        return torch.cat((outputs.flatten(), h.flatten(), c.flatten()))

    assert torch.autograd.gradcheck(run, (inputs, h, c, *layer.parameters()))


def test_closed_peepholes_leave_a_plain_lstm() -> None:
    layer = layer_of("lstm-peephole")
    assert isinstance(layer, PeepholeLSTMLayer)
    with torch.no_grad():
        layer.peepholes.zero_()
    plain = nn.LSTM(E, H)
    plain.load_state_dict(
        dict(zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"), layer.weights(), strict=True))
    )
    inputs, (h, c) = inputs_and_state(layer)
    assert torch.allclose(layer(inputs, (h, c))[0], plain(inputs, (h[None], c[None]))[0], atol=1e-6)


def test_an_identity_rnn_begins_by_copying_its_state() -> None:
    layer = make_layer(ModelConfig(cell="rnn-relu", hidden=H, identity=True), E)
    state = (torch.rand(B, H),)
    outputs, _ = layer(torch.zeros(T, B, E), state)
    assert torch.allclose(outputs, state[0].expand(T, B, H))
