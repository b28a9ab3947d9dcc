"""What a decoder remembers of texts that it has read."""

import pytest
import torch
from torch import Tensor

from engine.decoder import BLOCK, Decoder
from engine.model import LanguageModel
from engine.settings import ModelConfig
from engine.snapshots import Snapshots
from engine.stack import State


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
