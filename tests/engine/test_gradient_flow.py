"""Gradient flow against written-out networks in float64, finite differences, and cases with a known answer."""

import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.gradient_flow import LENGTH, STREAMS, excerpts, gradient_flow
from engine.model import LanguageModel
from engine.records import MetricsLine
from engine.settings import CELLS, Cell, ModelConfig, Peephole, TrainingConfig
from engine.shapes import Shape
from engine.stack import State
from engine.training import Trainer

V, E, H, T, B = 11, 6, 5, 9, 3
KINDS: list[tuple[Cell, Peephole]] = [*((cell, "diagonal") for cell in CELLS), ("lstm-peephole", "full")]


def model_of(cell: Cell, **settings: object) -> LanguageModel:
    torch.manual_seed(3)
    config = ModelConfig(cell=cell, vocabulary=V, embedding=E, hidden=H, layers=2)
    model = LanguageModel(msgspec.structs.replace(config, **settings))
    with torch.no_grad():
        for parameter in model.parameters():  # peepholes and biases too: zeros would hide a wrong one
            parameter.copy_(torch.randn_like(parameter) * 0.5)
    return model


def text(batch: int = B, length: int = T) -> tuple[Tensor, Tensor]:
    """Inputs and targets, each (T + 1, B)."""
    ids = torch.randint(V, (length + 2, batch), generator=torch.Generator().manual_seed(5))
    return ids[:-1], ids[1:]


def state_of(model: LanguageModel, batch: int = B) -> State:
    generator = torch.Generator().manual_seed(6)
    return [
        tuple(0.3 * torch.randn(part.shape, generator=generator).to(part) for part in layer)
        for layer in model.zero_state(batch)
    ]


def cell_step(model: LanguageModel, number: int, x: Tensor, state: list[Tensor]) -> list[Tensor]:
    """The published equations of one step of one layer for a single stream: x (I,), h and c (H,)."""
    layer = model.ahead.each()[number]
    w_ih, w_hh, b_ih, b_hh = (weight.detach().double() for weight in layer.weights())
    a, r = w_ih @ x + b_ih, w_hh @ state[0] + b_hh
    cell = model.config.cell
    if cell == "rnn-tanh":
        return [torch.tanh(a + r)]
    if cell == "rnn-relu":
        return [torch.relu(a + r)]
    if cell == "gru":
        reset, update = torch.sigmoid(a[:H] + r[:H]), torch.sigmoid(a[H : 2 * H] + r[H : 2 * H])
        return [(1 - update) * torch.tanh(a[2 * H :] + reset * r[2 * H :]) + update * state[0]]
    i, f, g, o = (a + r).chunk(4)
    looks = [torch.zeros(H, H, dtype=torch.float64)] * 3
    if cell == "lstm-peephole":
        own = model.state_dict()[f"ahead.layers.{number}.peepholes"].double()
        looks = list(own) if own.dim() == 3 else [torch.diag(row) for row in own.view(3, H)]
    c = torch.sigmoid(f + looks[1] @ state[1]) * state[1] + torch.sigmoid(i + looks[0] @ state[1]) * torch.tanh(g)
    return [torch.sigmoid(o + looks[2] @ c) * torch.tanh(c), c]


def normed(model: LanguageModel, number: int, x: Tensor) -> Tensor:
    """Layer normalisation, where the model has it: x (I,) at mean 0 and variance 1, scaled and shifted."""
    if not model.config.layer_norm:
        return x
    weights: dict[str, Tensor] = model.state_dict()
    scale, shift = (weights[f"ahead.norms.{number}.{name}"].double() for name in ("weight", "bias"))
    return (x - x.mean()) / torch.sqrt(x.var(correction=0) + 1e-5) * scale + shift


def last_loss(
    model: LanguageModel,
    inputs: Tensor,
    targets: Tensor,
    state: State,
    stream: int,
    keep: Callable[[int, int, list[Tensor]], list[Tensor]],
) -> Tensor:
    """One stream's loss on its last target, in float64. `keep` sees each step's state and may put another there."""
    layers = [[part[stream].double() for part in layer] for layer in state]
    for t, token in enumerate(inputs[:, stream].tolist()):
        x = model.embedding.weight[token].detach().double()
        for number in range(len(layers)):
            layers[number] = keep(t, number, cell_step(model, number, normed(model, number, x), layers[number]))
            x = layers[number][0] + (x if model.config.residual and len(x) == H else 0.0)
        x = normed(model, len(layers), x)
    weights: dict[str, Tensor] = model.state_dict()
    logits = weights["decoder.weight"].double() @ x + weights["decoder.bias"].double()
    return F.cross_entropy(logits[None], targets[-1:, stream])


def names(layer: int, parts: int) -> list[str]:
    return [f"layer {layer + 1}", f"layer {layer + 1} cell"][:parts]


def written_out(model: LanguageModel, inputs: Tensor, targets: Tensor, state: State) -> dict[str, list[float]]:
    """The flow by automatic differentiation of the equations, one stream after another."""
    layers, parts = len(state), len(state[0])
    norms: dict[str, list[list[float]]] = {}
    for stream in range(inputs.shape[1]):
        nodes: dict[tuple[int, int, int], Tensor] = {}

        def keep(
            t: int, number: int, state: list[Tensor], nodes: dict[tuple[int, int, int], Tensor] = nodes
        ) -> list[Tensor]:
            nodes.update({(t, number, part): value for part, value in enumerate(state)})
            return state

        with torch.enable_grad():
            alive: State = [tuple(part.clone().requires_grad_() for part in layer) for layer in state]
            loss = last_loss(model, inputs, targets, alive, stream, keep)
            gradients = torch.autograd.grad(loss, list(nodes.values()), allow_unused=True, materialize_grads=True)
        found = dict(zip(nodes, gradients, strict=True))
        for number in range(layers):
            for part, name in enumerate(names(number, parts)):
                backwards = [float(found[t, number, part].norm()) for t in reversed(range(len(inputs)))]
                norms.setdefault(name, []).append(backwards)
    return {name: np.mean(rows, axis=0).tolist() for name, rows in norms.items()}


@pytest.mark.parametrize(("cell", "peephole"), KINDS)
@pytest.mark.parametrize("settings", [{}, {"residual": True, "layer_norm": True}], ids=["plain", "residual, norms"])
def test_the_flow_is_that_of_the_written_out_equations(
    cell: Cell, peephole: Peephole, settings: dict[str, object]
) -> None:
    model = model_of(cell, peephole=peephole, **settings)
    inputs, targets = text()
    state = state_of(model)
    flow = gradient_flow(model, inputs, targets, state)
    expected = written_out(model, inputs, targets, state)
    assert list(flow) == [name for layer in range(2) for name in names(layer, len(state[0]))]
    for name, norms in expected.items():
        assert len(norms) == T + 1
        assert flow[name] == pytest.approx(norms, rel=1e-4), name


@pytest.mark.parametrize("cell", ["rnn-tanh", "lstm"])
@pytest.mark.parametrize("back", [0, 1, 6])
def test_the_flow_agrees_with_finite_differences(cell: Cell, back: int) -> None:
    model = model_of(cell)
    inputs, targets = text(batch=1)
    state = state_of(model, batch=1)

    def loss(unit: int, by: float) -> float:
        def bump(t: int, number: int, state: list[Tensor]) -> list[Tensor]:
            if t == T - back and number == 0:
                state[0] = state[0] + by * F.one_hot(torch.tensor(unit), H)
            return state

        with torch.no_grad():
            return float(last_loss(model, inputs, targets, state, 0, bump))

    slopes = [(loss(unit, 1e-5) - loss(unit, -1e-5)) / 2e-5 for unit in range(H)]
    flow = gradient_flow(model, inputs, targets, state)
    assert flow["layer 1"][back] == pytest.approx(math.hypot(*slopes), rel=1e-3)


@pytest.mark.parametrize(
    "settings", [{"tied": True}, {"bidirectional": True}, {"softmax": "adaptive", "hidden": 16}], ids=str
)
def test_the_top_layer_s_flow_is_the_derivative_by_its_state_before_any_output_layer(
    settings: dict[str, object],
) -> None:
    """What the top layer hands upwards before the last step reaches no loss: its state is all that matters."""
    model = model_of("lstm", **settings).eval()
    inputs, targets = text(batch=1)
    start = state_of(model, batch=1)
    flow = gradient_flow(model, inputs, targets, start)
    cut = 5
    with torch.no_grad():
        _, state = model.read(inputs[:cut], start)
    leaves = tuple(part.clone().requires_grad_() for part in state[1])
    hidden, _ = model.read(inputs[cut:], [state[0], leaves])
    loss = F.cross_entropy(model.logits(hidden[-1]), targets[-1])
    by_h, *_ = torch.autograd.grad(loss, leaves)
    assert flow["layer 2"][T + 1 - cut] == pytest.approx(float(by_h.norm()), rel=1e-4)


def linear(cell: Cell, factor: float, *, bias: float = 0.0) -> LanguageModel:
    """One layer whose recurrent blocks are a multiple of the identity, and that sees nothing but its bias."""
    model = model_of(cell, layers=1)
    w_ih, w_hh, b_ih, b_hh = model.ahead.each()[0].weights()
    with torch.no_grad():
        w_ih.zero_()
        w_hh.copy_(factor * torch.eye(H).repeat(model.ahead.each()[0].gates, 1))
        b_ih.fill_(bias)
        b_hh.zero_()
    return model


@pytest.mark.parametrize(
    ("cell", "factor", "bias"),
    [
        ("rnn-tanh", 0.5, 0.0),  # tanh'(0) = 1
        ("rnn-relu", 1.0, 1e-3),  # relu' = 1 where the bias keeps all units on
        ("rnn-relu", 2.0, 1e-9),
        ("rnn-tanh", 2.0, 0.0),
    ],
)
def test_a_linear_network_multiplies_the_gradient_by_its_factor_at_each_step(
    cell: Cell, factor: float, bias: float
) -> None:
    model = linear(cell, factor, bias=bias)
    norms = gradient_flow(model, *text(length=20), model.zero_state(B))["layer 1"]
    assert norms[0] > 0.01
    assert [norm / norms[0] for norm in norms] == pytest.approx([factor**k for k in range(21)], rel=1e-5)


def test_the_cell_of_an_lstm_is_multiplied_by_its_forget_gate() -> None:
    model = linear("lstm", 0.0)
    with torch.no_grad():
        model.ahead.each()[0].weights()[2].copy_(
            torch.tensor([0.0, math.log(9.0), 0.5, 0.0]).repeat_interleave(H)
        )  # f = 0.9
    flow = gradient_flow(model, *text(), model.zero_state(B))
    assert flow["layer 1"][1:] == [0.0] * T  # no gate reads h
    ratios = [later / earlier for earlier, later in zip(flow["layer 1 cell"], flow["layer 1 cell"][1:], strict=False)]
    assert ratios == pytest.approx([0.9] * T, rel=1e-5)


def test_a_gradient_far_below_the_square_root_of_the_smallest_float_is_still_seen() -> None:
    norms = gradient_flow(linear("rnn-tanh", 1e-10), *text(length=3), [(torch.zeros(B, H),)])["layer 1"]
    assert norms[3] / norms[0] == pytest.approx(1e-30, rel=1e-4)


def test_a_gradient_that_overflows_ends_the_list_and_the_metrics_stay_json() -> None:
    flow = gradient_flow(linear("rnn-tanh", 1e10), *text(), [(torch.zeros(B, H),)])
    assert 3 <= len(flow["layer 1"]) <= 4  # 1e40 is no float32
    line = MetricsLine(step=1, tokens=1, time=0.0, elapsed=0.0, remaining=0.0, gradient_flow=flow)
    assert msgspec.json.decode(msgspec.json.encode(line), type=MetricsLine) == line


def test_a_model_of_nan_gives_empty_lists() -> None:
    model = model_of("gru")
    with torch.no_grad():
        model.embedding.weight.fill_(math.nan)
    assert gradient_flow(model, *text(), model.zero_state(B)) == {"layer 1": [], "layer 2": []}


def test_the_flow_is_the_mean_over_streams_of_each_streams_own() -> None:
    model = model_of("lstm")
    inputs, targets = text()
    state = state_of(model)
    together = gradient_flow(model, inputs, targets, state)
    alone = [
        gradient_flow(
            model,
            inputs[:, b : b + 1],
            targets[:, b : b + 1],
            [tuple(part[b : b + 1] for part in layer) for layer in state],
        )
        for b in range(B)
    ]
    for name, norms in together.items():
        assert norms == pytest.approx(np.mean([flow[name] for flow in alone], axis=0).tolist(), rel=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_a_run_that_is_measured_trains_to_the_same_weights_to_the_bit(cell: Cell) -> None:
    tokens = (np.arange(600) * 7 % V).astype(np.uint16)

    def trained(measured: bool) -> list[Tensor]:
        trainer = Trainer(
            model_of(cell, dropout=0.3), tokens, TrainingConfig(steps=6), torch.device("cpu"), Shape(4, 16)
        )
        for step in range(6):
            trainer.advance(step / 6)
            if measured:
                inputs, targets = excerpts(tokens, trainer.device)
                with torch.no_grad():  # as an evaluation may be
                    assert gradient_flow(trainer.model, inputs, targets, trainer.model.zero_state(STREAMS))
        return [parameter.detach() for parameter in trainer.model.parameters()]

    assert all(torch.equal(a, b) for a, b in zip(trained(True), trained(False), strict=True))


@pytest.mark.parametrize("training", [True, False])
def test_dropout_takes_no_part_and_nothing_of_the_model_is_left_changed(training: bool) -> None:
    model = model_of("lstm", dropout=0.5, weight_dropout=0.5).train(training)
    plain = model_of("lstm").eval()
    grads = [torch.ones_like(parameter) for parameter in model.parameters()]
    for parameter, grad in zip(model.parameters(), grads, strict=True):
        parameter.grad = grad
    before = torch.get_rng_state(), torch.get_num_threads(), torch.backends.mkldnn.enabled
    flow = gradient_flow(model, *text(), state_of(model))
    assert flow == gradient_flow(plain, *text(), state_of(plain))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (torch.get_num_threads(), torch.backends.mkldnn.enabled)
    assert all(module.training == training for module in model.modules())
    assert all(p.grad is grad and bool((grad == 1).all()) for p, grad in zip(model.parameters(), grads, strict=True))
    assert not any(module._forward_hooks for module in model.modules())


def test_excerpts_are_spread_over_the_text_and_targets_follow_their_inputs() -> None:
    tokens = np.arange(1000, dtype=np.uint16)
    inputs, targets = excerpts(tokens, torch.device("cpu"))
    assert inputs.shape == targets.shape == (LENGTH + 1, STREAMS)
    assert torch.equal(inputs + 1, targets)
    assert inputs[0, 0] == 0 and targets[-1, -1] == 999
    short, _ = excerpts(tokens[:9], torch.device("cpu"))
    assert short.shape == (8, STREAMS)
    with pytest.raises(ValueError, match="two tokens"):
        excerpts(tokens[:1], torch.device("cpu"))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(("cell", "peephole"), KINDS)
def test_the_flow_on_cuda_is_that_on_the_cpu(cell: Cell, peephole: Peephole) -> None:
    model = model_of(cell, peephole=peephole)
    inputs, targets = text()
    expected = gradient_flow(model, inputs, targets, state_of(model))
    model.cuda()
    found = gradient_flow(model, inputs.cuda(), targets.cuda(), state_of(model))
    for name, norms in expected.items():
        assert found[name] == pytest.approx(norms, rel=1e-3)


@pytest.mark.parametrize(("cell", "peephole"), KINDS)
@pytest.mark.parametrize("hidden", [20, 32])  # for plain and for compiled time steps, were they used
def test_steps_keep_no_copies_of_the_weights(cell: Cell, peephole: Peephole, hidden: int) -> None:
    model = model_of(cell, peephole=peephole, hidden=hidden)
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights and tensor.dim() == 2 and min(tensor.shape) >= hidden:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    inputs, targets = text(STREAMS, LENGTH)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        gradient_flow(model, inputs, targets, state_of(model, STREAMS))
    assert not kept
