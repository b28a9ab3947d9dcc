"""What a training needs in memory, and that one which can't fit is refused with numbers."""

from pathlib import Path

import pytest

from corpora.errors import InputError
from engine import preparation
from engine.memory import _left_in_group, activation_bytes, check_memory, free_bytes, training_bytes
from engine.parameters import parameters
from engine.settings import CELLS, ModelConfig, TrainingConfig
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
    assert more == pytest.approx(4 * 6 * (parameters(wide) - parameters(narrow)), rel=0.01)


def test_a_batch_in_parts_needs_less() -> None:
    whole, parts = (training_bytes(MODEL, TrainingConfig(steps=1, batch=64, length=512, accumulate=n)) for n in (1, 8))
    assert parts < whole


def test_a_training_that_can_not_fit_is_refused_with_numbers() -> None:
    with pytest.raises(InputError, match=r"about \d+ GB of memory, and 2\.0 GB are free"):
        check_memory(MODEL, TrainingConfig(steps=1, batch=4096, length=8192), 2_000_000_000)
    check_memory(MODEL, TrainingConfig(steps=1), 2_000_000_000)
    check_memory(MODEL, TrainingConfig(steps=1, batch=4096, length=8192), None)


def test_the_machine_says_how_much_is_free() -> None:
    free = free_bytes()
    assert free is None or free > 0


def test_what_files_are_kept_in_memory_for_speed_counts_as_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.memory.GROUP", tmp_path)
    assert _left_in_group() is None  # no container
    (tmp_path / "memory.max").write_text("4000000000\n")
    (tmp_path / "memory.current").write_text("3900000000\n")
    (tmp_path / "memory.stat").write_text("anon 400000000\ninactive_file 2500000000\nactive_file 500000000\n")
    assert _left_in_group() == 3_100_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert _left_in_group() is None


def test_the_trainer_refuses_before_it_builds_anything(fresh_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "free_bytes", lambda: 1_000_000)
    folder = fresh_home.run_folder("large", steps=2)
    assert fresh_home.train(folder) == 1
    assert "of memory, and 0.0 GB are free" in folder.status().error
