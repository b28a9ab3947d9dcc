"""What a training needs in memory, and that one which can't fit is refused with numbers."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from corpora.errors import InputError
from engine import device, preparation
from engine.evaluation import Evaluator
from engine.machine_memory import _left_in_group, free_bytes
from engine.memory import (
    CHUNK,
    PROCESS,
    ROOM,
    SPARE,
    STREAMS,
    activation_bytes,
    check_memory,
    logits,
    read_at_once,
    training_bytes,
)
from engine.model import LanguageModel
from engine.parameters import parameters
from engine.settings import CELLS, ModelConfig, TrainingConfig
from engine.training import Trainer
from tests.engine.conftest import Home

MODEL = ModelConfig(cell="lstm", layers=2, hidden=512, embedding=64, vocabulary=100)


@pytest.mark.parametrize("cell", CELLS)
def test_twice_the_streams_or_tokens_need_twice_the_memory(cell: str) -> None:
    model = ModelConfig(cell=cell, hidden=64, vocabulary=50)  # type: ignore[arg-type]
    assert activation_bytes(model, 32, 64) == 2 * activation_bytes(model, 16, 64) == 2 * activation_bytes(model, 32, 32)


def test_an_lstm_keeps_gates_states_and_logits() -> None:
    kept = 64 + 2 * 6 * 512 + 2 * 100  # the embedded token, two layers, logits and their gradient
    assert activation_bytes(MODEL, 3, 5) == 4 * 3 * 5 * (kept + 5 * 512)


def test_weights_are_counted_as_the_model_has_them() -> None:
    narrow, wide = (
        ModelConfig(vocabulary=40_000, embedding=64, hidden=width, softmax="adaptive") for width in (64, 512)
    )
    training = TrainingConfig(steps=1, batch=1, length=1)
    more = training_bytes(wide, training) - training_bytes(narrow, training)
    assert more == pytest.approx(SPARE * 4 * 6 * (parameters(wide) - parameters(narrow)), rel=0.01)


def test_a_batch_in_parts_needs_less() -> None:
    whole, parts = (training_bytes(MODEL, TrainingConfig(steps=1, batch=64, length=512, accumulate=n)) for n in (1, 8))
    assert parts < whole


def test_a_training_that_can_not_fit_is_refused_with_numbers() -> None:
    with pytest.raises(InputError, match=r"about \d+ GB of memory, and 2\.0 GB are free"):
        check_memory(MODEL, TrainingConfig(steps=1, batch=4096, length=8192), 2_000_000_000)
    check_memory(MODEL, TrainingConfig(steps=1), 2_000_000_000)
    check_memory(MODEL, TrainingConfig(steps=1, batch=4096, length=8192), None)


@pytest.mark.skipif(sys.platform != "linux", reason="nothing else tells")
def test_the_machine_says_how_much_is_free() -> None:
    free = free_bytes()
    assert free is not None and free > 1 << 20


def test_what_files_are_kept_in_memory_for_speed_counts_as_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.machine_memory.GROUP", tmp_path)
    assert _left_in_group() is None  # no container
    (tmp_path / "memory.max").write_text("4000000000\n")
    (tmp_path / "memory.current").write_text("3900000000\n")
    (tmp_path / "memory.stat").write_text("anon 400000000\ninactive_file 2500000000\nactive_file 500000000\n")
    assert _left_in_group() == 3_100_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert _left_in_group() is None


def test_the_trainer_refuses_before_it_builds_anything(fresh_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "free_bytes", lambda: 1_000_000)
    folder = fresh_home.run_folder("large", steps=2)
    assert fresh_home.train(folder) == 1
    assert "of memory, and 0.0 GB are free" in folder.status().error


def test_a_gpu_s_own_memory_counts_where_it_trains(fresh_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "choose_device", lambda *_: torch.device("cuda"))
    monkeypatch.setattr(preparation, "check_precision", lambda *_: None)
    monkeypatch.setattr(preparation, "allow_tf32", lambda *_: None)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (300_000_000, 80_000_000_000))
    folder = fresh_home.run_folder("large", steps=2)
    assert fresh_home.train(folder) == 1
    assert "of GPU memory, and 0.3 GB are free" in folder.status().error


def gpu_is_full() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory.")


@pytest.mark.parametrize(
    ("fail", "kind"),
    [(lambda: torch.empty(1 << 50), "memory"), (lambda: np.empty(1 << 50), "memory"), (gpu_is_full, "GPU memory")],
)
def test_memory_that_is_refused_all_the_same_is_told_with_numbers(
    fresh_home: Home, monkeypatch: pytest.MonkeyPatch, fail: Callable[[], object], kind: str
) -> None:
    monkeypatch.setattr(Trainer, "advance", lambda *_: fail())
    folder = fresh_home.run_folder("large", steps=2)
    assert fresh_home.train(folder) == 1
    error = folder.status().error
    assert error.startswith(f"The {kind} is full. This training needs about 0.6 GB of it: ")
    assert "through 1 x 32 units and " in error


def test_an_adaptive_softmax_counts_its_head_and_its_clusters_share() -> None:
    full, adaptive = (ModelConfig(vocabulary=100_000, hidden=256, softmax=kind) for kind in ("full", "adaptive"))
    assert logits(full) == 100_000
    assert 10_002 < logits(adaptive) < 20_000
    ranks = np.arange(1, 100_001)
    shares = 1.0 / ranks / (1.0 / ranks).sum()
    expected = 10_002 + 30_000 * shares[10_000:40_000].sum() + 60_000 * shares[40_000:].sum()
    assert logits(adaptive) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_wide_model_is_evaluated_in_pieces_that_fit(bidirectional: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    config = ModelConfig(vocabulary=20, hidden=24, embedding=8, bidirectional=bidirectional)
    model = LanguageModel(config)
    tokens = np.random.default_rng(0).integers(0, 20, 40_000).astype(np.uint16)
    evaluator = Evaluator(tokens, 32_768, torch.device("cpu"), "float32")
    whole = evaluator.losses(model)
    read: list[int] = []
    reads = LanguageModel.read

    def counted(model: LanguageModel, ids: Tensor, *rest: Any) -> Any:
        read.append(ids.numel())
        return reads(model, ids, *rest)

    monkeypatch.setattr(LanguageModel, "read", counted)
    evaluator.losses(model)
    assert STREAMS * CHUNK in read
    read.clear()
    monkeypatch.setattr("engine.memory.ROOM", 3 << 20)
    parts = evaluator.losses(model)
    assert max(read) <= read_at_once(config) < STREAMS * CHUNK
    assert parts.ahead == pytest.approx(whole.ahead, rel=1e-5)
    assert parts.both == (None if whole.both is None else pytest.approx(whole.both, rel=1e-5))


def test_an_evaluation_of_a_wide_model_counts_where_it_needs_more_than_a_step() -> None:
    wide = ModelConfig(cell="lstm", hidden=2048, embedding=64, vocabulary=100)
    needed = (training_bytes(wide, TrainingConfig(steps=1)) - PROCESS) / SPARE - 4 * 6 * parameters(wide)
    assert 0.95 * ROOM < needed <= ROOM
