"""Numbers that are too small for all of float32's digits count as zero in a trainer, on every thread of it."""

import subprocess
import sys

import pytest
import torch

from engine.run import Run
from engine.subnormals import flushed
from tests.engine.conftest import Home

PROGRAM = """
import torch
from engine.subnormals import flushed
torch.set_num_threads(2)
with flushed():
    small = torch.full((1 << 20,), 2e-38)  # so many that two threads share them
    print((small * 0.1).count_nonzero().item())
    first = torch.nn.Parameter(torch.ones(1 << 14))
    optimizer = torch.optim.AdamW([first], fused=True)
    for step in range(900):
        first.grad = torch.full_like(first, float(step == 0))
        optimizer.step()
    moment = optimizer.state[first]["exp_avg"]
    print(moment.count_nonzero().item())
print((torch.tensor(2e-38) * 0.1).count_nonzero().item())
"""


def tiny() -> bool:
    return bool(torch.tensor(2e-38) * 0.1)


pytestmark = pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor keeps such numbers")


def test_they_are_zero_on_all_threads_and_for_so_long_only() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["0", "0", "1"]


def test_a_trainer_has_none(fresh_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    train = Run.train

    def watched(run: Run) -> None:
        found.append(tiny())
        train(run)

    monkeypatch.setattr(Run, "train", watched)
    assert fresh_home.train(fresh_home.run_folder("small", steps=2)) == 0
    assert found == [False]
    assert tiny()


def test_what_goes_wrong_inside_leaves_the_rest_as_it_was() -> None:
    with pytest.raises(ZeroDivisionError), flushed():
        assert not tiny()
        1 / 0  # noqa: B018
    assert tiny()
