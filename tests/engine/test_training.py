"""One step after another: skipping, clipping, learning, and a resume that is exact to the bit."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from corpora.errors import InputError
from engine.checkpoint import ResumeRecord, WeightsNote, load_resume, load_weights, restore, save_resume, save_weights
from engine.evaluation import Evaluator
from engine.folder import ModelFolder
from engine.model import LanguageModel
from engine.settings import CELLS, Cell, ModelConfig, TrainingConfig
from engine.streams import Shape
from engine.training import Trainer

CPU = torch.device("cpu")
# A text with something to learn: each token is the previous one plus 1 or 2.
TOKENS = (np.cumsum(np.random.default_rng(0).integers(1, 3, 1200)) % 17).astype(np.uint16)


def trainer_of(cell: Cell = "gru", *, clip: float = 1.0, dropout: float = 0.2, tied: bool = False) -> Trainer:
    torch.manual_seed(0)
    config = ModelConfig(cell=cell, vocabulary=17, layers=2, hidden=12, embedding=8, dropout=dropout, tied=tied)
    training = TrainingConfig(steps=100, learning_rate=2e-2, clip=clip)
    return Trainer(LanguageModel(config), TOKENS, training, CPU, Shape(4, 16))


def weights_of(trainer: Trainer) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in trainer.model.parameters()]


def record_of(trainer: Trainer) -> ResumeRecord:
    return ResumeRecord(
        checkpoint="x",
        step=trainer.step,
        tokens=trainer.tokens,
        elapsed=0.0,
        epoch=trainer.streams.epoch,
        column=trainer.streams.column,
        batch=4,
        length=16,
        threads=1,
        device="cpu",
        best=None,
        next_evaluation=0.0,
    )


@pytest.mark.parametrize("cell", CELLS)
def test_training_learns_a_text_with_structure(cell: Cell) -> None:
    trainer = trainer_of(cell, dropout=0.0)
    evaluator = Evaluator(TOKENS, 10_000, CPU)
    before = evaluator.loss(trainer.model)
    for step in range(250):
        trainer.advance(step / 250)
    assert before > 2.5
    assert evaluator.loss(trainer.model) < 1.0  # ln 2 = 0.69 is all that there is to know


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("tied", [False, True])
def test_a_resume_in_the_middle_of_an_epoch_equals_an_uninterrupted_run_to_the_bit(
    tmp_path: Path, cell: Cell, tied: bool
) -> None:
    folder = ModelFolder(tmp_path)
    whole = trainer_of(cell, tied=tied)
    for step in range(70):
        whole.advance(step / 100)

    first = trainer_of(cell, tied=tied)
    for step in range(31):
        first.advance(step / 100)
    assert first.streams.column > 0 and first.streams.epoch > 0
    save_resume(folder, first, record_of(first))

    second = trainer_of(cell, tied=tied)
    torch.manual_seed(99)
    record, tensors = load_resume(folder)
    restore(second, record, tensors, folder.resume_path)
    for step in range(31, 70):
        second.advance(step / 100)
    assert all(torch.equal(a, b) for a, b in zip(weights_of(whole), weights_of(second), strict=True))


def test_a_loss_that_is_not_finite_skips_the_step_and_spares_the_weights() -> None:
    trainer = trainer_of()
    trainer.advance(0.1)
    before = weights_of(trainer)
    trainer.carried = trainer.carried.map(lambda part: part * math.nan)
    step = trainer.advance(0.1)
    assert step.skipped
    assert math.isnan(step.loss)
    assert all(torch.equal(a, b) for a, b in zip(before, weights_of(trainer), strict=True))
    after = trainer.advance(0.1)
    assert not after.skipped
    assert math.isfinite(after.loss)


def test_the_norm_is_reported_before_clipping_and_the_step_uses_it_clipped() -> None:
    trainer = trainer_of(clip=1e-3)
    step = trainer.advance(0.5)
    left = math.sqrt(sum(float(p.grad.square().sum()) for p in trainer.parameters if p.grad is not None))
    assert step.clipped
    assert step.gradient_norm > 1e-2
    assert left == pytest.approx(1e-3, rel=1e-4)
    assert math.sqrt(sum(n * n for n in step.gradient_norms.values())) == pytest.approx(step.gradient_norm)
    assert list(step.gradient_norms) == ["embedding", "layer 1", "layer 2", "decoder"]


def test_now_and_then_a_stream_goes_on_from_the_zero_state_and_the_others_from_their_own() -> None:
    trainer = trainer_of()
    restarts = 0
    for step in range(200):
        trainer.step = step
        trainer.carried = trainer.carried.map(torch.ones_like)
        trainer._restart_some()
        rows = torch.stack([part.min(dim=1).values for part in trainer.carried.tensors()])  # (parts, B)
        assert torch.equal(rows, rows[:1].expand_as(rows))  # a stream restarts in all its layers at once
        restarts += int((rows[0] == 0).sum())
    assert 4 <= restarts <= 40  # 2 % of 800


def test_an_evaluation_of_a_short_text_counts_every_token() -> None:
    trainer = trainer_of()
    tokens = TOKENS[:300]
    evaluator = Evaluator(tokens, 10_000, CPU)
    assert evaluator.tokens == 299
    trainer.model.eval()
    ids = torch.from_numpy(tokens.astype(np.int64))[:, None]
    with torch.no_grad():
        logits, _ = trainer.model(ids[:-1], trainer.model.zero_state(1))
    expected = torch.nn.functional.cross_entropy(logits[:, 0], ids[1:, 0])
    assert evaluator.loss(trainer.model) == pytest.approx(float(expected), rel=1e-5)


def test_an_evaluation_reads_no_more_than_its_limit_and_spreads_over_the_text() -> None:
    evaluator = Evaluator(np.zeros(1_000_000, dtype=np.uint16), 32_768, CPU)
    assert evaluator.tokens == 32_768
    assert evaluator._starts[0] == 0
    assert evaluator._starts[-1] + evaluator.length == 999_999


def test_weights_survive_saving_and_loading(tmp_path: Path) -> None:
    folder, trainer = ModelFolder(tmp_path), trainer_of(tied=True)
    save_weights(folder, trainer.model, WeightsNote(step=3, tokens=9, validation_loss=2.0))
    model, note = load_weights(folder, trainer.model.config, CPU)
    assert (note.step, note.validation_loss) == (3, 2.0)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), trainer.model.parameters(), strict=True))
    assert model.decoder.weight is model.embedding.weight


def test_weights_of_another_architecture_are_refused_by_name(tmp_path: Path) -> None:
    folder, trainer = ModelFolder(tmp_path), trainer_of()
    save_weights(folder, trainer.model, WeightsNote(step=3, tokens=9, validation_loss=2.0))
    huge = ModelConfig(cell="gru", vocabulary=17, layers=2, hidden=8192, embedding=8)
    with pytest.raises(InputError, match="does not fit its model"):
        load_weights(folder, huge, CPU)


@pytest.mark.parametrize("keep", [0, 7, 100, 2000])
def test_truncated_files_are_refused_with_a_sentence(tmp_path: Path, keep: int) -> None:
    folder, trainer = ModelFolder(tmp_path), trainer_of()
    save_weights(folder, trainer.model, WeightsNote(step=3, tokens=9, validation_loss=2.0))
    save_resume(folder, trainer, record_of(trainer))
    for path in (folder.weights_path, folder.resume_path):
        path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="damaged"):
        load_weights(folder, trainer.model.config, CPU)
    with pytest.raises(InputError, match="damaged"):
        load_resume(folder)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("cell", CELLS)
def test_training_learns_on_cuda_as_well(cell: Cell) -> None:
    torch.manual_seed(0)
    cuda = torch.device("cuda")
    config = ModelConfig(cell=cell, vocabulary=17, layers=2, hidden=32, embedding=16)
    trainer = Trainer(LanguageModel(config), TOKENS, TrainingConfig(steps=150, learning_rate=1e-2), cuda, Shape(4, 16))
    for step in range(150):
        assert not trainer.advance(step / 150).skipped
    assert Evaluator(TOKENS, 10_000, cuda).loss(trainer.model) < 1.0
