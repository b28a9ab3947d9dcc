"""One step after another: skipping, clipping, learning, and a resume that is exact to the bit."""

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch

from corpora.errors import InputError
from engine.checkpoint import ResumeRecord, load_resume, restore, save_resume
from engine.evaluation import Evaluator
from engine.folder import ModelFolder
from engine.model import LanguageModel
from engine.settings import CELLS, Cell, ModelConfig, Precision, TrainingConfig
from engine.shapes import Shape
from engine.training import Trainer
from engine.weights import WeightsNote, load_weights, save_weights

CPU = torch.device("cpu")
# A text with something to learn: each token is the previous one plus 1 or 2.
TOKENS = (np.cumsum(np.random.default_rng(0).integers(1, 3, 1200)) % 17).astype(np.uint16)


def trainer_of(cell: Cell = "gru", **settings: object) -> Trainer:
    """`settings` are by name in `ModelConfig` or `TrainingConfig`, but for the number of `streams`."""
    torch.manual_seed(0)
    streams = settings.pop("streams", 4)
    assert isinstance(streams, int)
    base = {"vocabulary": 17, "layers": 2, "hidden": 12, "embedding": 8, "dropout": 0.2}
    for_model = {name: settings.pop(name) for name in ModelConfig.__struct_fields__ if name in settings}
    config = msgspec.convert({"cell": cell, **base, **for_model}, ModelConfig)
    training = msgspec.convert({"steps": 100, "learning_rate": 2e-2, **settings}, TrainingConfig)
    return Trainer(LanguageModel(config), TOKENS, training, CPU, Shape(streams, 16))


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
        batch=trainer.streams.shape.batch,
        length=16,
        threads=1,
        device="cpu",
        best=None,
        next_evaluation=0.0,
        rate_scale=trainer.rate_scale,
        average_updates=trainer.average.updates if trainer.average else 0,
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
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"tied": True},
        {"bidirectional": True},
        {"ema": 0.9, "schedule": "one-cycle"},
        {"residual": True, "layer_norm": True, "weight_dropout": 0.3, "embedding_dropout": 0.1},
        {"softmax": "adaptive", "activation_regularisation": 1.0, "temporal_regularisation": 1.0},
        {"streams": 16, "hidden": 32},  # as compiled steps take them
        {"streams": 16, "hidden": 32, "peephole": "full"},
    ],
    ids=lambda settings: " ".join(settings) or "plain",
)
def test_a_resume_in_the_middle_of_an_epoch_equals_an_uninterrupted_run_to_the_bit(
    tmp_path: Path, cell: Cell, settings: dict[str, object]
) -> None:
    if "peephole" in settings and cell != "lstm-peephole":
        pytest.skip("has no peepholes")
    folder = ModelFolder(tmp_path)
    whole = trainer_of(cell, **settings)
    for step in range(70):
        whole.advance(step / 100)

    first = trainer_of(cell, **settings)
    for step in range(31):
        first.advance(step / 100)
    assert first.streams.column > 0 and first.streams.epoch > 0
    save_resume(folder, first, record_of(first))

    second = trainer_of(cell, **settings)
    torch.manual_seed(99)
    record, tensors = load_resume(folder)
    restore(second, record, tensors, folder.resume_path)
    for step in range(31, 70):
        second.advance(step / 100)
    assert all(torch.equal(a, b) for a, b in zip(weights_of(whole), weights_of(second), strict=True))
    if whole.average is not None and second.average is not None:
        assert all(torch.equal(a, b) for a, b in zip(whole.average.tensors, second.average.tensors, strict=True))


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


def test_clipping_by_value_cuts_each_number_and_leaves_the_small_ones() -> None:
    free, cut = trainer_of(clip=100.0, dropout=0.0), trainer_of(clip=1e-3, clip_by="value", dropout=0.0)
    assert not free.advance(0.5).clipped
    assert cut.advance(0.5).clipped
    for a, b in zip(free.parameters, cut.parameters, strict=True):
        assert a.grad is not None and b.grad is not None
        assert torch.allclose(b.grad, a.grad.clamp(-1e-3, 1e-3), atol=1e-7)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_batch_in_parts_gives_the_gradients_and_the_states_of_the_whole_batch(bidirectional: bool) -> None:
    whole, parts = (trainer_of(dropout=0.0, accumulate=n, bidirectional=bidirectional) for n in (1, 3))
    for step in range(3):
        one, other = whole.advance(step / 100), parts.advance(step / 100)
        assert one.loss == pytest.approx(other.loss, rel=1e-5)
        assert one.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-4)
    for a, b in zip(whole.carried.tensors(), parts.carried.tensors(), strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_the_average_follows_its_definition_and_swapping_is_undone() -> None:
    trainer = trainer_of(ema=0.5)
    assert trainer.average is not None
    expected = [weight.double() for weight in weights_of(trainer)]
    for step in range(12):
        trainer.advance(step / 100)
        decay = min(0.5, (2.0 + step) / (11.0 + step))
        expected = [
            decay * old + (1 - decay) * new
            for old, new in zip(expected, map(torch.Tensor.double, trainer.parameters), strict=True)
        ]
    own = weights_of(trainer)
    with trainer.average.swapped():
        for value, wanted in zip(weights_of(trainer), expected, strict=True):
            assert torch.allclose(value.double(), wanted, atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(own, weights_of(trainer), strict=True))


def test_going_back_to_good_weights_halves_the_rate_and_forgets_the_moments() -> None:
    trainer = trainer_of(ema=0.9)
    good = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    before = trainer.advance(0.5).learning_rate
    for _ in range(5):
        trainer.advance(0.5)
    trainer.return_to(good)
    assert all(torch.equal(value, good[name]) for name, value in trainer.model.state_dict().items())
    assert not trainer.optimizer.state
    assert all(float(part.abs().sum()) == 0.0 for part in trainer.carried.tensors())
    assert trainer.advance(0.5).learning_rate == pytest.approx(before / 2)


def test_a_bidirectional_model_learns_all_three_predictions() -> None:
    trainer = trainer_of("gru", dropout=0.0, bidirectional=True)
    evaluator = Evaluator(TOKENS, 10_000, CPU)
    before = evaluator.losses(trainer.model)
    for step in range(300):
        done = trainer.advance(step / 300)
    after = evaluator.losses(trainer.model)
    assert before.back is not None and before.both is not None and after.back is not None and after.both is not None
    assert before.ahead > 2.5 and before.back > 2.5
    assert after.ahead < 1.0 and after.back < 1.0
    # Steps of 1 or 2: from both neighbours a token is certain half of the time, so ln 2 / 2 = 0.35 is all there is.
    assert after.both < 0.6
    assert set(done.losses) == {"ahead", "back", "both"}


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


def save(folder: ModelFolder, trainer: Trainer) -> None:
    model = trainer.model
    save_weights(folder, model.config, model.state_dict(), WeightsNote(step=3, tokens=9, validation_loss=2.0))


def test_weights_survive_saving_and_loading(tmp_path: Path) -> None:
    folder, trainer = ModelFolder(tmp_path), trainer_of(tied=True)
    save(folder, trainer)
    model, note = load_weights(folder, trainer.model.config, CPU)
    assert (note.step, note.validation_loss) == (3, 2.0)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), trainer.model.parameters(), strict=True))
    assert model.decoder.weight is model.embedding.weight


def test_weights_of_another_architecture_are_refused_by_name(tmp_path: Path) -> None:
    folder, trainer = ModelFolder(tmp_path), trainer_of()
    save(folder, trainer)
    huge = ModelConfig(cell="gru", vocabulary=17, layers=2, hidden=8192, embedding=8)
    with pytest.raises(InputError, match="does not fit its model"):
        load_weights(folder, huge, CPU)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    folder, trainer = ModelFolder(tmp_path), trainer_of()
    with torch.no_grad():
        trainer.parameters[1][3] = math.nan
    save(folder, trainer)
    with pytest.raises(InputError, match="damaged"):
        load_weights(folder, trainer.model.config, CPU)


def test_weights_of_the_first_format_are_read_under_their_new_names(tmp_path: Path) -> None:
    folder, trainer = ModelFolder(tmp_path), trainer_of(tied=True, embedding=12)
    save(folder, trainer)
    with safetensors.safe_open(folder.weights_path, framework="pt") as file:
        old = {name.replace("ahead.layers.", "layers."): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert "layers.1.core.weight_hh_l0" in old
    note = '{"format": 1, "step": 3, "tokens": 9, "validation_loss": 2.0}'
    safetensors.torch.save_file(old, folder.weights_path, metadata={"pantoum": note})
    model, _ = load_weights(folder, trainer.model.config, CPU)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), trainer.model.parameters(), strict=True))


@pytest.mark.parametrize("keep", [0, 7, 100, 2000])
def test_truncated_files_are_refused_with_a_sentence(tmp_path: Path, keep: int) -> None:
    folder, trainer = ModelFolder(tmp_path), trainer_of()
    save(folder, trainer)
    save_resume(folder, trainer, record_of(trainer))
    for path in (folder.weights_path, folder.resume_path):
        path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="damaged"):
        load_weights(folder, trainer.model.config, CPU)
    with pytest.raises(InputError, match="damaged"):
        load_resume(folder)


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"length": -4}, {"step": -7}, {"column": -1}, {"threads": 0}])
def test_a_checkpoint_of_a_place_that_can_not_be_is_damaged(tmp_path: Path, wrong: dict[str, int]) -> None:
    folder, trainer = ModelFolder(tmp_path), trainer_of()
    save_resume(folder, trainer, msgspec.structs.replace(record_of(trainer), **wrong))
    with pytest.raises(InputError, match=r"resume\.safetensors is damaged"):
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


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("cell", CELLS)
def test_training_in_fp16_learns_with_dropped_recurrent_weights(cell: Cell) -> None:
    torch.manual_seed(0)
    cuda = torch.device("cuda")
    config = ModelConfig(cell=cell, vocabulary=17, hidden=64, embedding=16, weight_dropout=0.2)
    training = TrainingConfig(steps=200, learning_rate=1e-2, precision="fp16")
    trainer = Trainer(LanguageModel(config), TOKENS, training, cuda, Shape(4, 16))
    skipped = sum(trainer.advance(step / 200).skipped for step in range(200))
    assert skipped < 20  # a scale for float16 is found by a few overflows
    assert Evaluator(TOKENS, 10_000, cuda, "fp16").loss(trainer.model) < 1.0


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["float32", "bf16", "fp16"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_training_learns_in_every_precision(precision: Precision, bidirectional: bool) -> None:
    torch.manual_seed(0)
    cuda = torch.device("cuda")
    config = ModelConfig(vocabulary=17, layers=2, hidden=32, embedding=16, bidirectional=bidirectional)
    training = TrainingConfig(steps=200, learning_rate=1e-2, precision=precision, ema=0.9, accumulate=2)
    trainer = Trainer(LanguageModel(config), TOKENS, training, cuda, Shape(4, 16))
    skipped = sum(trainer.advance(step / 200).skipped for step in range(200))
    assert skipped < 20  # a scale for float16 is found by a few overflows
    assert Evaluator(TOKENS, 10_000, cuda, precision).loss(trainer.model) < 1.0
