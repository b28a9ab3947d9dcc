"""Several ranks that train one model: two processes on this machine, as ``torchrun`` starts them."""

import contextlib
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from corpora.errors import InputError
from corpora.files import append_line
from engine.checkpoint import ResumeRecord
from engine.crew import Crew, Order
from engine.evaluation import Evaluator
from engine.folder import ModelFolder
from engine.model import LanguageModel
from engine.rank_training import Leader
from engine.ranks import ALONE, Place, RankLostError, place
from engine.records import ControlLine
from engine.settings import ModelConfig, TrainingConfig
from engine.shapes import MIN_STEPS, Shape, fit, fit_ranks
from engine.streams import Streams
from tests.engine.conftest import Home, make_home
from tests.engine.test_run import wait_until

BUDGET = 400  # steps, of which every run here takes a few: so an evaluation happens only now and then
EVERYTHING: dict[str, Any] = {
    "bidirectional": True,
    "softmax": "adaptive",
    "layers": 2,
    "accumulate": 2,
    "restart": 0.2,
    "ema": 0.9,
    "activation_regularisation": 1.0,
}
# Wide and many enough for compiled time steps on each rank.
PEEPHOLES: dict[str, Any] = {"cell": "lstm-peephole", "peephole": "full", "hidden": 32}


def folder_of(home: Home, name: str, *, batch: int, steps: int = BUDGET, **settings: Any) -> ModelFolder:
    # Nothing is left to the presets, which may choose by the batch.
    plain = {"hidden": 24, "length": 16, "learning_rate": 8e-3, "horizon": 1.0, "dropout": 0.0, "sample_length": 0}
    chosen: dict[str, Any] = {**plain, **settings}
    return home.run_folder(name, steps=steps, batch=batch, **chosen)


def on_two_ranks(home: Home, *runs: tuple[ModelFolder, int]) -> None:
    """Two ranks train these folders one after the other, each for so many further steps."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in runs]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in sockets]
    arguments = [f"{folder.path}={steps}={port}" for (folder, steps), port in zip(runs, ports, strict=True)]
    names = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "PANTOUM_HOME": str(home.root)}
    names["PANTOUM_ASKED"] = "0"  # what was asked before they start is for them
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.engine.several_runs", *arguments],
            env={**os.environ, **names, "RANK": str(rank), "LOCAL_RANK": str(rank), "PANTOUM_THREADS": "2"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)


def curve(folder: ModelFolder) -> list[tuple[int, int, float, float, float]]:
    """Step, tokens, loss, gradient norm and learning rate of every step."""
    return [
        (line.step, line.tokens, line.loss, line.gradient_norm or math.nan, line.learning_rate)
        for line in folder.metrics().read_all()
        if line.loss is not None  # an evaluation at a stop has a line of its own
    ]


def resume_record(folder: ModelFolder) -> ResumeRecord:
    return msgspec.json.decode(folder.resume_record_path.read_bytes(), type=ResumeRecord)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with what two ranks trained together."""
    home = make_home(tmp_path_factory.mktemp("ranks") / "home")
    plain = folder_of(home, "plain", batch=3)
    everything = folder_of(home, "everything", batch=4, **EVERYTHING)
    peepholes = folder_of(home, "peepholes", batch=8, **PEEPHOLES)
    dropped: dict[str, Any] = {"dropout": 0.3, "weight_dropout": 0.2, "cell": "lstm"}
    whole, halves = (folder_of(home, name, batch=3, **dropped) for name in ("whole", "halves"))
    odd = folder_of(home, "odd", batch=5)
    changed = folder_of(home, "changed", batch=4)
    ask_for_a_change(changed)
    assert home.train(odd, stop_after=6) == 0
    alone = (plain, 11), (everything, 20), (peepholes, 10), (odd, 5), (changed, 8)
    on_two_ranks(home, *alone, (whole, 20), (halves, 9), (halves, 11))
    return home


def ask_for_a_change(folder: ModelFolder) -> None:
    """Whenever it is started: it happens after its first step."""
    line = ControlLine(request="change", time=0.0, setting="learning_rate", value=0.001)
    append_line(folder.control_path, line)


@pytest.fixture
def ranks(two: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of that home."""
    shutil.copytree(two.root, tmp_path / "ranks")
    yield Home(tmp_path / "ranks")


def folder_in(home: Home, name: str) -> ModelFolder:
    return ModelFolder(home.root / "models" / name)


@pytest.mark.slow
def test_two_ranks_learn_at_every_step_what_one_learns_with_twice_the_batch(ranks: Home) -> None:
    one = folder_of(ranks, "one", batch=8, **EVERYTHING)
    assert ranks.train(one, stop_after=20, stream=Evaluator.STREAM) == 0
    expected, found = curve(one), curve(folder_in(ranks, "everything"))
    assert [line[0] for line in found] == list(range(1, 21))
    np.testing.assert_allclose(found, expected, rtol=2e-5)
    ends = [folder.metrics().read_all()[-1] for folder in (one, folder_in(ranks, "everything"))]
    for name in ("raw_validation_loss", "averaged_validation_loss", "both_validation_loss"):
        assert getattr(ends[1], name) == pytest.approx(getattr(ends[0], name), rel=2e-5)
    assert ends[1].losses == pytest.approx(ends[0].losses, rel=2e-5)


@pytest.mark.slow
def test_two_ranks_learn_the_same_in_compiled_time_steps_and_full_peepholes(ranks: Home) -> None:
    one = folder_of(ranks, "one", batch=16, **PEEPHOLES)
    assert ranks.train(one, stop_after=10) == 0
    found = curve(folder_in(ranks, "peepholes"))
    assert len(found) == 10
    np.testing.assert_allclose(found, curve(one), rtol=2e-5)


@pytest.mark.slow
def test_a_changed_learning_rate_is_taken_by_every_rank(ranks: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANTOUM_ASKED", "0")
    one = folder_of(ranks, "one", batch=8)
    ask_for_a_change(one)
    assert ranks.train(one, stop_after=8) == 0
    both = folder_in(ranks, "changed")
    assert [change.step for change in both.record().changes] == [1]
    np.testing.assert_allclose(curve(both), curve(one), rtol=2e-5)


@pytest.mark.slow
def test_what_two_ranks_began_one_rank_ends_as_if_it_had_been_alone(ranks: Home) -> None:
    one, both = folder_of(ranks, "one", batch=6), folder_in(ranks, "plain")
    assert ranks.train(one, stop_after=20) == 0
    assert (resume_record(both).batch, resume_record(both).ranks) == (6, 2)
    assert ranks.train(both, stop_after=9) == 0
    np.testing.assert_allclose(curve(both), curve(one), rtol=2e-5)
    assert resume_record(both).ranks == 1
    assert both.record().notices == ()


@pytest.mark.slow
def test_two_ranks_resume_exactly_each_with_its_own_dropout_masks(ranks: Home) -> None:
    whole, halves = folder_in(ranks, "whole"), folder_in(ranks, "halves")
    assert curve(whole) == curve(halves)
    assert len(curve(whole)) == 20
    with contextlib.ExitStack() as stack:
        one, other = (stack.enter_context(safe_open(f.resume_path, framework="pt")) for f in (whole, halves))
        assert one.keys() == other.keys()
        for name in one.keys():  # noqa: SIM118
            assert torch.equal(one.get_tensor(name), other.get_tensor(name)), name
        assert not torch.equal(one.get_tensor("rng.cpu"), one.get_tensor("rng.cpu.1"))


@pytest.mark.slow
def test_a_batch_that_two_ranks_cannot_share_becomes_the_nearest_that_they_can_and_it_says_so(ranks: Home) -> None:
    odd = folder_in(ranks, "odd")
    record = resume_record(odd)
    assert (record.batch, record.step, record.ranks) == (6, 11, 2)
    assert any("6 streams instead of 5" in notice for notice in odd.record().notices)
    (tokens,) = (np.load(path, mmap_mode="r") for path in (ranks.root / "corpora" / "prose").glob("tokens-*-train.npy"))
    before, after = (Streams(tokens, Shape(batch, 16), 0) for batch in (5, 6))
    assert record.epoch == 0
    assert record.column == round(6 / before.steps_per_epoch * after.steps_per_epoch) * 16 + 5 * 16


@pytest.mark.slow
def test_a_killed_rank_ends_the_run_at_once_with_all_saved_and_a_sentence(fresh_home: Home) -> None:
    folder = folder_of(fresh_home, "lost", batch=3, steps=1_000_000)
    command = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "engine.trainer"]
    launcher = subprocess.Popen(
        [sys.executable, "-m", *command, str(folder.path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        wait_until(lambda: folder.status().step > 20 or launcher.poll() is not None, "some steps")
        leader = folder.status().pid
        children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
        (other,) = {int(child) for child in children} - {leader}
        os.kill(other, signal.SIGKILL)
        wait_until(lambda: folder.status().state == "failed", "the end", seconds=10)
        status = folder.status()
        assert "A rank was lost" in status.error and "resume" in status.error
        assert f"step {status.step:,} is saved" in status.error
        assert launcher.wait(timeout=20) != 0
    finally:
        launcher.kill()
        launcher.communicate()
    record = resume_record(folder)
    assert (record.step, record.batch) == (status.step, 6)
    assert fresh_home.train(folder, stop_after=2) == 0  # one rank goes on where two were
    assert folder.status().step == status.step + 2


class LonelyCrew(Crew):
    """Rank 0's side of two ranks, of which the other is lost in the middle of a step."""

    def __init__(self, lost_at: int) -> None:
        self.place = Place(0, 2)
        self.orders: list[Order] = []
        self._lost_at = lost_at

    def order(self, order: Order, progress: float = 0.0) -> None:
        self.orders.append(order)

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        if len(self.orders) == self._lost_at:
            raise RankLostError
        return values


class DeafCrew(LonelyCrew):
    """The same, whose other rank is lost as soon as it has been told what comes."""

    def share(self, value: torch.Tensor) -> torch.Tensor:
        raise RankLostError

    def send(self, message: bytes) -> None:
        raise RankLostError


def test_a_step_in_which_a_rank_is_lost_leaves_everything_as_after_the_step_before() -> None:
    model = LanguageModel(ModelConfig(vocabulary=17, hidden=12, embedding=8, dropout=0.2))
    tokens = (np.cumsum(np.random.default_rng(0).integers(1, 3, 1200)) % 17).astype(np.uint16)
    training = TrainingConfig(steps=100, restart=0.5)
    cut = Leader(model, tokens, training, torch.device("cpu"), Shape(4, 16), Place(0, 2))
    cut.crew = crew = LonelyCrew(lost_at=6)
    for step in range(5):
        cut.advance(step / 100)
    where, random = (cut.streams.epoch, cut.streams.column), torch.get_rng_state()
    weights = [parameter.detach().clone() for parameter in cut.parameters]
    states = [part.clone() for part in cut.carried.tensors()]
    with pytest.raises(RankLostError):
        cut.advance(0.05)
    assert (cut.step, cut.tokens) == (5, 5 * 4 * 16)
    assert (cut.streams.epoch, cut.streams.column) == where
    assert all(torch.equal(a, b) for a, b in zip(weights, cut.parameters, strict=True))
    orders = len(crew.orders)
    everywhere = cut.collect()
    assert len(crew.orders) == orders  # nobody is asked any more
    assert torch.equal(everywhere.random[0]["cpu"], random)
    for mine, of_all in zip(states, everywhere.carried, strict=True):
        assert torch.equal(of_all, torch.cat((mine, torch.zeros_like(mine))))


def test_a_rank_that_is_lost_while_weights_or_settings_are_shared_is_asked_for_nothing_more() -> None:
    tokens = np.zeros(1200, np.uint16)
    model = LanguageModel(ModelConfig(vocabulary=17, hidden=12, embedding=8))
    shape = Shape(4, 16)
    uses: list[Callable[[Leader], None]] = [
        lambda leader: leader.return_to(dict(leader.model.state_dict())),
        lambda leader: leader.adopt(learning_rate=1e-3, dropout=0.0, rate_scale=1.0),
    ]
    for use in uses:
        cut = Leader(model, tokens, TrainingConfig(steps=100), torch.device("cpu"), shape, Place(0, 2))
        cut.crew = crew = DeafCrew(lost_at=0)
        with pytest.raises(RankLostError):
            use(cut)
        orders = len(crew.orders)
        cut.collect()
        assert len(crew.orders) == orders


def test_only_what_torchrun_sets_makes_a_process_one_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    assert place() == ALONE
    for name, value in zip(names, ("5", "6", "1", "2"), strict=True):
        assert place() == ALONE
        monkeypatch.setenv(name, value)
    assert place() == Place(rank=5, ranks=6, local_rank=1, local_ranks=2)
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert place() == ALONE


@given(st.integers(40, 5000), st.integers(1, 64), st.integers(1, 16), st.integers(1, 8))
def test_ranks_share_a_batch_equally_within_what_the_text_can_feed(n: int, b: int, t: int, ranks: int) -> None:
    whole = fit(n, b, t)
    try:
        shape = fit_ranks(n, whole, ranks)
    except InputError:
        assert ranks * whole.length * MIN_STEPS > n - 1
        return
    assert shape.length == whole.length
    assert shape.batch % ranks == 0
    assert shape.batch == whole.batch or shape.batch * shape.length * MIN_STEPS <= n - 1


def test_a_run_of_one_process_never_loads_what_only_several_need() -> None:
    code = "import sys, engine.trainer_process; print('engine.distributed' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
