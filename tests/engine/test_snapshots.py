"""What a decoder remembers of texts that it has read."""

from typing import Any

import pytest
import torch
from torch import Tensor

from engine.decoder import BLOCK, TAIL, Decoder
from engine.model import LanguageModel
from engine.settings import PACKINGS, Cell, ModelConfig, Packing, Peephole
from engine.snapshots import Snapshots
from engine.stack import State
from engine.states import size
from tests.engine.test_model import KINDS, model_of


@pytest.fixture
def snapshots() -> Snapshots:
    torch.manual_seed(0)
    return Snapshots(Decoder(LanguageModel(ModelConfig(cell="lstm", vocabulary=20, hidden=8, embedding=8)).eval()))


def test_after_an_edit_only_what_follows_the_last_block_before_it_is_read(
    snapshots: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = torch.randint(20, (10 * BLOCK,))
    snapshots.prefill(text)
    read: list[int] = []
    prefill = snapshots.decoder.prefill

    def counted(ids: Tensor, state: State) -> tuple[Tensor, State]:
        read.append(len(ids))
        return prefill(ids, state)

    monkeypatch.setattr(snapshots.decoder, "prefill", counted)
    edited = text.clone()
    edited[-2 * BLOCK] += 1
    edited %= 20
    snapshots.prefill(edited)
    assert sum(read) <= 3 * BLOCK


def test_reading_on_from_what_is_remembered_gives_the_same_bits(snapshots: Snapshots) -> None:
    text = torch.randint(20, (3 * BLOCK + 7,))
    fresh = Snapshots(snapshots.decoder).prefill(text)
    snapshots.prefill(text[: 2 * BLOCK + 5])
    again = snapshots.prefill(text)
    assert torch.equal(fresh[0], again[0])
    assert all(torch.equal(one, other) for one, other in zip(fresh[1][0], again[1][0], strict=True))


def test_a_document_of_a_million_characters_is_remembered_whole() -> None:
    decoder = Decoder(LanguageModel(ModelConfig(cell="lstm", vocabulary=20, layers=2, hidden=512)).eval())
    assert Snapshots(decoder)._most * BLOCK > 10_000_000


def held(state: State) -> int:
    """Bytes that stay in memory for a state: a tensor keeps all of what it is a part of."""
    storages = [part.untyped_storage() for layer in state for part in layer]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize(("cell", "peephole"), KINDS)
@pytest.mark.parametrize("extra", [{}, {"layer_norm": True}, {"residual": True}, {"bidirectional": True}])
def test_a_state_keeps_nothing_else_in_memory(
    cell: Cell, peephole: Peephole, packing: Packing, extra: dict[str, Any]
) -> None:
    model = model_of(cell, peephole=peephole, **extra)
    decoder = Decoder(model, "back" if "bidirectional" in extra else "ahead", packing)
    for tokens in (1, TAIL + 3, BLOCK):
        for streams in (1, 8):  # few, and as many as compiled time steps are for
            _, state = decoder.prefill(torch.randint(23, (tokens, streams)), decoder.zero_state(streams))
            assert held(state) == size(state)
        _, stepped = decoder.step(torch.zeros(streams, dtype=torch.int64), state)
        assert held(stepped) == size(stepped)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(("cell", "peephole"), KINDS)
def test_a_state_on_cuda_keeps_nothing_else_in_memory(cell: Cell, peephole: Peephole) -> None:
    decoder = Decoder(model_of(cell, peephole=peephole).cuda())
    _, state = decoder.prefill(torch.randint(23, (BLOCK, 1), device="cuda"), decoder.zero_state())
    assert held(state) == size(state)
    _, stepped = decoder.step(torch.zeros(1, dtype=torch.int64, device="cuda"), state)
    assert held(stepped) == size(stepped)
