"""The adaptive output layer: a distribution like any other, whatever the order of the tokens."""

from pathlib import Path

import pytest
import safetensors.torch
import torch
import torch.nn.functional as F

from corpora.errors import InputError
from engine.decoder import Decoder
from engine.folder import ModelFolder
from engine.model import LanguageModel
from engine.precision import autocast, has_bf16
from engine.settings import ModelConfig
from engine.softmax import AdaptiveSoftmax
from engine.weights import WeightsNote, load_weights, save_weights

CPU = torch.device("cpu")
V = 60
CONFIG = ModelConfig(vocabulary=V, hidden=24, embedding=24, softmax="adaptive")
COUNTS = torch.randint(1, 1000, (V,), generator=torch.Generator().manual_seed(0))


def model() -> LanguageModel:
    torch.manual_seed(3)
    made = LanguageModel(CONFIG)
    made.start_from_frequencies(COUNTS)
    return made.eval()


def test_logits_are_log_probabilities_and_the_loss_is_theirs() -> None:
    made = model()
    hidden = torch.randn(7, 4, 24)
    targets = torch.randint(V, (7, 4))
    logits = made.logits(hidden)
    assert torch.allclose(logits.exp().sum(-1), torch.ones(7, 4), atol=1e-5)
    expected = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    assert torch.allclose(made.loss(targets, hidden), expected, atol=1e-5)


def test_frequent_tokens_are_in_the_head_wherever_their_ids_lie() -> None:
    decoder = model().decoder
    assert isinstance(decoder, AdaptiveSoftmax)
    head = decoder.core.cutoffs[0]
    assert set(COUNTS.topk(head).indices.tolist()) == set((decoder.rank < head).nonzero().flatten().tolist())


def test_an_untrained_head_predicts_the_frequencies_of_its_tokens_from_the_zero_state() -> None:
    made = model()
    assert isinstance(made.decoder, AdaptiveSoftmax)
    probabilities = Decoder(made).start_logits()[0].exp()
    frequencies = (COUNTS + 1.0) / (COUNTS.sum() + V)
    head = made.decoder.rank < made.decoder.core.cutoffs[0]
    assert torch.allclose(probabilities[head], frequencies[head], atol=1e-5)


def test_gradients_reach_the_clusters_of_rare_tokens() -> None:
    made = model()
    rare = int(COUNTS.argmin())
    made.loss(torch.full((3, 2), rare), torch.randn(3, 2, 24)).backward()  # type: ignore[no-untyped-call]
    assert isinstance(made.decoder, AdaptiveSoftmax)
    tail = list(made.decoder.core.tail[-1].parameters())
    assert all(weight.grad is not None and float(weight.grad.abs().sum()) > 0 for weight in tail)


@pytest.mark.skipif(not has_bf16(CPU), reason="needs a processor with bfloat16")
def test_in_bfloat16_the_loss_is_nearly_the_same() -> None:
    torch.manual_seed(5)
    layer = AdaptiveSoftmax(64, 12_000)
    layer.start_from(torch.randint(1, 1000, (12_000,)))
    z, targets = torch.randn(300, 64, requires_grad=True), torch.randint(12_000, (300,))
    plain = layer.loss(z, targets)
    with autocast(CPU, "bf16"):
        rounded = layer.loss(z, targets)
    assert not torch.equal(rounded, plain)
    assert torch.allclose(rounded, plain, rtol=2e-3)
    (wanted,) = torch.autograd.grad(plain, z)
    (gradient,) = torch.autograd.grad(rounded, z)
    assert float((gradient - wanted).norm() / wanted.norm()) < 0.02


@pytest.mark.parametrize("vocabulary", [V, 12_000])  # with and without kernels
@pytest.mark.parametrize("met", ["all", "frequent", "rare"])
def test_the_loss_and_its_gradients_are_those_of_torch(vocabulary: int, met: str) -> None:
    torch.manual_seed(4)
    ours, theirs = AdaptiveSoftmax(24, vocabulary), AdaptiveSoftmax(24, vocabulary)
    ours.start_from(torch.randint(1, 1000, (vocabulary,)))
    theirs.load_state_dict(ours.state_dict())
    order = ours.rank.argsort()
    of = {"all": order, "frequent": order[: ours.core.cutoffs[0]], "rare": order[-1:]}[met]
    targets = of[torch.randint(len(of), (300,))]
    z = torch.randn(300, 24, requires_grad=True)
    copy = z.detach().clone().requires_grad_()
    loss = ours.loss_in_parts(z, ours.rank[targets])
    wanted = theirs.core(copy, theirs.rank[targets]).loss
    assert torch.allclose(loss, wanted, atol=1e-5)
    for each in (loss, wanted):
        (each * 3.0).backward()
    assert copy.grad is not None
    torch.testing.assert_close(z.grad, copy.grad, atol=1e-6, rtol=1e-4)
    for (name, one), (_, other) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        if other.grad is None:
            assert one.grad is None, name
        else:
            torch.testing.assert_close(one.grad, other.grad, atol=1e-6, rtol=1e-4, msg=name)


def test_the_order_of_tokens_travels_with_the_weights_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    folder, made = ModelFolder(tmp_path), model()
    save_weights(folder, CONFIG, made.state_dict(), WeightsNote(step=1, tokens=1, validation_loss=1.0))
    loaded, _ = load_weights(folder, CONFIG, torch.device("cpu"))
    hidden = torch.randn(2, 24)
    assert torch.equal(loaded.logits(hidden), made.logits(hidden))
    with safetensors.safe_open(folder.weights_path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    tensors["decoder.rank"] = torch.full((V,), 10**9)
    safetensors.torch.save_file(tensors, folder.weights_path, metadata=metadata)
    with pytest.raises(InputError, match="damaged"):
        load_weights(folder, CONFIG, torch.device("cpu"))
