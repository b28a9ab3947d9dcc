"""Models in memory: read once, anew when what they are made of has changed, and none while another is waited for."""

import threading

import msgspec
import pytest
import torch

from engine.folder import ModelFolder, ModelLibrary
from engine.models import LoadedModel, Models
from tests.engine.conftest import Home


class Held:
    """Loading the model of this slug waits to be let go."""

    def __init__(self, slug: str, patch: pytest.MonkeyPatch) -> None:
        self.begun, self.free = threading.Event(), threading.Event()
        self.loads = 0
        load = LoadedModel.__init__

        def held(model: LoadedModel, folder: ModelFolder, device: torch.device) -> None:
            if folder.slug == slug:
                self.loads += 1
                self.begun.set()
                assert self.free.wait(30)
            load(model, folder, device)

        patch.setattr(LoadedModel, "__init__", held)


def test_a_model_that_is_read_keeps_no_other_waiting_and_is_read_once(
    trained_once: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Models(trained_once.root)
    loaded = models.get("char")
    held = Held("word", monkeypatch)
    found: list[LoadedModel] = []
    slow = [threading.Thread(target=lambda: found.append(models.get("word"))) for _ in range(2)]
    for thread in slow:
        thread.start()
    try:
        assert held.begun.wait(30)
        quick: list[LoadedModel] = []
        other = threading.Thread(target=lambda: quick.append(models.get("char")), daemon=True)
        other.start()
        other.join(10)
        assert quick == [loaded]
    finally:
        held.free.set()
        for thread in slow:
            thread.join(30)
    assert found[0] is found[1] and held.loads == 1


def test_a_model_of_which_only_more_is_told_is_not_read_again(trained: Home) -> None:
    models, folder = Models(trained.root), ModelLibrary(trained.root).get("char")
    loaded = models.get("char")
    record = folder.record()
    assert record.results is not None
    folder.write_record(
        msgspec.structs.replace(
            record,
            notices=(*record.notices, "Something happened."),
            model=msgspec.structs.replace(record.model, dropout=0.4),
            results=msgspec.structs.replace(record.results, bits_per_character=1.25),
        )
    )
    assert models.get("char") is loaded
    assert loaded.info.bits_per_character == 1.25


def test_a_model_of_which_another_kind_is_better_is_read_again(trained: Home) -> None:
    models, folder = Models(trained.root), ModelLibrary(trained.root).get("char")
    loaded = models.get("char")
    record = folder.record()
    assert record.results is not None
    packing = "int8" if record.results.packing == "float32" else "float32"
    results = msgspec.structs.replace(record.results, packing=packing)
    folder.write_record(msgspec.structs.replace(record, results=results))
    assert models.get("char") is not loaded
