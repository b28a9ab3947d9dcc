"""Files of tensors as the safetensors library reads them, written without a copy."""

import errno
import os
import tracemalloc
from pathlib import Path

import pytest
import safetensors
import torch

from engine.tensor_file import write_tensors


def test_the_library_reads_what_was_written(tmp_path: Path) -> None:
    tensors = {
        "b.weight": torch.randn(3, 5),
        "a.turned": torch.randn(4, 6).t(),
        "step": torch.tensor(7.0),
        "none": torch.zeros(0, 3),
        "random": torch.arange(11, dtype=torch.uint8),
        "größe": torch.arange(4),
        "half": torch.randn(3, dtype=torch.float16),
        "brain": torch.randn(5).to(torch.bfloat16),
        "learnt": torch.nn.Parameter(torch.randn(2)),
    }
    write_tensors(tmp_path / "file", tensors, {"note": '{"one": "„two“"}'})
    with safetensors.safe_open(tmp_path / "file", framework="pt") as file:
        assert file.metadata() == {"note": '{"one": "„two“"}'}
        assert set(file.keys()) == set(tensors)
        for name, tensor in tensors.items():
            found = file.get_tensor(name)
            assert found.dtype == tensor.dtype
            assert torch.equal(found, tensor)


def test_writing_takes_next_to_no_memory(tmp_path: Path) -> None:
    tensors = {str(number): torch.randn(1 << 20) for number in range(8)}
    tracemalloc.start()
    try:
        write_tensors(tmp_path / "file", tensors, {})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "file").stat().st_size > 1 << 25
    assert peak < 1 << 20


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full_says_so_and_the_file_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_tensors(path, {"old": torch.ones(2)}, {})
    before = path.read_bytes()
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (full, str(tmp_path / "new")))
    with pytest.raises(OSError) as refused:
        write_tensors(path, {"new": torch.ones(1 << 20)}, {})
    assert refused.value.errno == errno.ENOSPC
    assert path.read_bytes() == before
