"""Compiled kernels against numpy, and models stepped by them against the training forward."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.tokenizers import train_tokenizer
from engine import compiled, gates
from engine.choosing import Chooser, _kernel, choose_rows
from engine.decoder import Decoder
from engine.generation import Continuation
from engine.model import LanguageModel
from engine.row_reader import PART
from engine.settings import Cell, Dials, ModelConfig
from engine.sums import SHARED, BytesSums

pytestmark = pytest.mark.skipif(not compiled.usable(), reason="numba is not installed")
CELLS: list[Cell] = ["lstm", "gru", "lstm-peephole", "rnn-tanh"]


def rows(*shape: int, seed: int = 0, scale: float = 1.0) -> gates.Array:
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("scale", [0.1, 3.0, 1000.0])
@pytest.mark.parametrize("streams", [1, 5])
@pytest.mark.parametrize("hidden", [1, 16, 37])
def test_gates_are_those_of_numpy_also_where_they_are_saturated(scale: float, streams: int, hidden: int) -> None:
    quick = gates.gates()
    sums, other = rows(streams, 4 * hidden, scale=scale), rows(streams, 3 * hidden, seed=1, scale=scale)
    cell, looks = rows(streams, hidden, seed=2), rows(3, hidden, seed=3)
    pairs = [
        *zip(quick.lstm(sums, cell), gates.lstm(sums.copy(), cell), strict=True),
        *zip(quick.peephole(sums, cell, looks), gates.peephole(sums.copy(), cell, looks), strict=True),
        (quick.gru(other, sums[:, : 3 * hidden].copy(), cell), gates.gru(other, sums[:, : 3 * hidden].copy(), cell)),
        (quick.tanh(sums), gates.tanh(sums.copy())),
    ]
    for found, wanted in pairs:
        assert np.isfinite(found).all()
        assert np.allclose(found, wanted, atol=2e-6)


@pytest.mark.parametrize("streams", [*range(1, 10), 15, 32])
@pytest.mark.parametrize("width", [5, 64, 200])
@pytest.mark.parametrize("inputs", [0, 3, 48])
def test_products_with_bytes_are_the_exact_sums_of_what_was_rounded(streams: int, width: int, inputs: int) -> None:
    weight, x, h = rows(50, inputs + width), np.tanh(rows(streams, inputs)), np.tanh(rows(streams, width, seed=1))
    plus = rows(1 if inputs else streams, 50, seed=2)
    scales = np.abs(weight).max(1) / 127.0
    whole = np.rint(weight / scales[:, None]).astype(np.int64)
    both = np.concatenate((x, h), axis=1)
    steps = np.floor(np.clip(both, -1, 1) * np.float32(127) + np.float32(128.5)).astype(np.int64) - 128
    wanted = (steps @ whole.T) * scales / 127.0 + plus
    bias = torch.from_numpy(plus[0]) if inputs else None
    sums = BytesSums(torch.from_numpy(weight), bias, inputs)
    assert np.allclose(sums(x if inputs else plus, h), wanted, atol=1e-5)


def test_a_stream_gets_the_same_bits_whatever_is_beside_it_and_however_many_threads() -> None:
    weight, h = torch.from_numpy(rows(2048, 1024, scale=0.1)), np.tanh(rows(32, 1024, seed=1))
    plus = rows(32, 2048, seed=2)
    product = BytesSums(weight, None, 0)
    whole = product(plus, h)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert np.array_equal(product(plus, h), whole)
    finally:
        torch.set_num_threads(threads)
    for count in range(1, 32):
        assert np.array_equal(product(plus[:count].copy(), h[:count].copy()), whole[:count])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 3])
def test_a_model_in_bytes_stays_near_the_training_forward(cell: Cell, layers: int) -> None:
    torch.manual_seed(1)
    config = ModelConfig(cell=cell, layers=layers, hidden=48, embedding=20, vocabulary=30)
    model = LanguageModel(config).eval()
    if cell == "lstm-peephole":
        with torch.no_grad():
            for layer in model.ahead.each():
                layer.get_parameter("peepholes").normal_(std=0.3)
    ids = torch.randint(30, (40, 3))
    with torch.no_grad():
        expected, _ = model(ids, model.zero_state(3))
    decoder = Decoder(model, packing="int8")
    assert decoder.batched_rows
    state = decoder.zero_state(3)
    for row, wanted in zip(ids, expected, strict=True):
        logits, state = decoder.step(row, state)
        assert torch.allclose(logits, wanted, atol=0.06)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("packing", ["float32", "fp16", "int8"])
def test_a_stream_is_stepping_bit_for_bit(cell: Cell, packing: str) -> None:
    torch.manual_seed(1)
    model = LanguageModel(ModelConfig(cell=cell, layers=2, hidden=32, embedding=16, vocabulary=20)).eval()
    decoder = Decoder(model, packing=packing)  # type: ignore[arg-type]
    read, state = decoder.stream(decoder.zero_state()), decoder.zero_state()
    for token in (3, 7, 7, 0, 19):
        logits, state = decoder.step(torch.tensor([token]), state)
        assert np.array_equal(read(token), logits[0].numpy())


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 63, 64, 200])
@pytest.mark.parametrize(("threads", "hidden"), [(1, 32), (2, 20)])
def test_reading_in_bytes_is_stepping_bit_for_bit(
    cell: Cell, layers: int, length: int, threads: int, hidden: int
) -> None:
    torch.manual_seed(1)
    model = LanguageModel(ModelConfig(cell=cell, layers=layers, hidden=hidden, embedding=16, vocabulary=20)).eval()
    decoder, ids = Decoder(model, packing="int8"), torch.randint(20, (length, 1))
    logits, state, tops = decoder.start_logits(), decoder.zero_state(), []
    for row in ids:
        logits, state = decoder.step(row, state)
        tops.append(state[-1][0])
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        read, after = decoder.prefill(ids, decoder.zero_state())
        outputs, end = decoder.read_stream(ids[:, 0], decoder.zero_state())
    finally:
        torch.set_num_threads(before)
    if cell in ("lstm", "gru"):
        assert torch.equal(read, logits)
        assert torch.equal(outputs, torch.cat(tops))
        for found in (after, end):
            assert all(torch.equal(a, b) for x, y in zip(found, state, strict=True) for a, b in zip(x, y, strict=True))
    else:
        assert torch.allclose(read, logits, atol=0.06)
        assert torch.equal(outputs, decoder.read(ids, decoder.zero_state())[0][:, 0])


DIALS = st.builds(
    Dials,
    temperature=st.sampled_from([0.0, 0.3, 0.8, 1.0, 2.0]),
    top_k=st.integers(0, 12),
    top_p=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
    min_p=st.sampled_from([0.0, 0.05, 0.5]),
    typical=st.sampled_from([0.2, 0.9, 1.0]),
    repetition=st.sampled_from([1.0, 1.3, 5.0]),
)


@given(dials=DIALS, seed=st.integers(0, 10_000), streams=st.integers(1, 4), banned=st.sets(st.integers(0, 8)))
@settings(deadline=None)
def test_tokens_are_chosen_as_numpy_chooses_them(dials: Dials, seed: int, streams: int, banned: set[int]) -> None:
    rng = np.random.default_rng(seed)
    logits = (3.0 * rng.standard_normal((streams, 10))).astype(np.float32)
    recent = rng.integers(-1, 10, (streams, 64))
    numbers = rng.random(streams)
    spelling = np.array(sorted(banned), dtype=np.int64)
    tokens, nats = _kernel()(logits, recent, spelling, dials, numbers)
    wanted, costs = choose_rows(logits, recent, spelling, dials, numbers)
    # A number that falls on the very edge between two tokens may go to either.
    moved = [choose_rows(logits, recent, spelling, dials, numbers + d)[0] for d in (-1e-5, 1e-5)]
    assert all(token in (a, *each) for token, a, *each in zip(tokens, wanted, *moved, strict=True))
    same = tokens == wanted
    assert np.allclose(nats[same], costs[same], atol=1e-5)
    assert not banned & set(tokens.tolist())


@pytest.mark.parametrize("size", [1, 7, 90, 3000])
@pytest.mark.parametrize("scale", [0.0, 0.05, 3.0, 40.0])
@pytest.mark.parametrize("temperature", [0.01, 0.8, 2.0])
def test_the_likeliest_tokens_are_those_of_a_sort_of_all(size: int, scale: float, temperature: float) -> None:
    from engine.compiled.choosing import _leading

    rng = np.random.default_rng(size)
    keys = np.round(scale * rng.standard_normal(size), 1).astype(np.float32)  # many are equal
    keys[rng.random(size) < 0.1] = -np.inf  # banned
    keys[size // 2] = 0.0
    p = np.exp((keys - keys.max()) / np.float32(temperature))
    p /= p.sum()
    wanted = np.argsort(-keys, kind="stable")
    for count, share in ((0, 0.1), (0, 0.9), (0, 0.9999), (1, 0.0), (40, 0.0), (size, 0.0), (40, 0.9)):
        order = _leading(keys, np.float32(temperature), p, count, share)
        assert np.array_equal(order, wanted[: len(order)])
        assert len(order) >= min(count, size)
        assert len(order) == size or p[order].sum() >= share - 1e-5


def test_a_chooser_forgets_what_lies_further_back_than_the_penalty_looks() -> None:
    dials = Dials(temperature=0.0, repetition=100.0)
    logits = np.array([[1.0, 0.5, 0.0]], dtype=np.float32)
    chooser = Chooser([[0]])
    assert chooser.choose(logits, dials, np.array([0.5]))[0][0] == 1
    for _ in range(64):  # nothing but the last token, until the first is out of sight
        chooser.choose(np.array([[-50.0, -50.0, 50.0]], dtype=np.float32), dials, np.array([0.5]))
    assert chooser.choose(logits, dials, np.array([0.5]))[0][0] == 0


@pytest.mark.timeout(60)
def test_reading_deep_and_wide_models_never_waits_for_a_helper_that_waits() -> None:
    """Layers are read by helpers, and products of many rows are shared with helpers: of these there may be one."""
    torch.manual_seed(1)
    model = LanguageModel(ModelConfig(cell="gru", layers=4, hidden=320, embedding=16, vocabulary=20)).eval()
    decoder, ids = Decoder(model, packing="int8"), torch.randint(20, (300, 1))
    assert PART * 3 * 320 * 320 > SHARED
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone, _ = decoder.prefill(ids, decoder.zero_state())
        torch.set_num_threads(2)
        read, _ = decoder.prefill(ids, decoder.zero_state())
    finally:
        torch.set_num_threads(before)
    assert torch.equal(read, alone)


def test_kernels_work_on_processors_that_cannot_multiply_bytes_at_once() -> None:
    program = """
import torch
from engine.compiled.dots import HAS_VNNI
from engine.compiled.trial import works
from engine.decoder import Decoder
from engine.model import LanguageModel
from engine.settings import ModelConfig
print(HAS_VNNI, works())
model = LanguageModel(ModelConfig(cell="lstm", layers=2, hidden=20, embedding=8, vocabulary=12)).eval()
decoder, ids = Decoder(model, packing="int8"), torch.randint(12, (70, 1))
state = decoder.zero_state()
for row in ids:
    logits, state = decoder.step(row, state)
print(decoder.batched_rows, torch.equal(decoder.prefill(ids, decoder.zero_state())[0], logits))
"""
    plain = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=plain)
    assert done.stdout.split() == ["False", "True", "True", "True"]


def test_without_numba_everything_works_as_well() -> None:
    program = """
import sys
sys.modules["numba"] = None
import torch
from engine import compiled
from engine.decoder import Decoder
from engine.model import LanguageModel
from engine.settings import ModelConfig
assert not compiled.usable()
model = LanguageModel(ModelConfig(cell="lstm", layers=2, hidden=16, embedding=8, vocabulary=12)).eval()
for packing in ("float32", "int8"):
    decoder = Decoder(model, packing=packing)
    assert not decoder.batched_rows
    decoder.stream(decoder.zero_state())(3)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_text_is_the_same_each_time_and_with_weights_of_bytes() -> None:
    tokenizer = train_tokenizer("char", ["the quick brown fox jumps over the lazy dog. " * 20])
    torch.manual_seed(0)
    model = LanguageModel(
        ModelConfig(cell="lstm", layers=2, hidden=32, embedding=16, vocabulary=tokenizer.vocabulary)
    ).eval()

    def written() -> str:
        continuation = Continuation(
            Decoder(model, packing="int8"), tokenizer, "the ", dials=Dials(top_p=0.9), seed=3, length=200
        )
        return "".join(piece.text for piece in continuation) + continuation.tail

    assert written() == written()


def test_code_compiled_from_other_sources_goes(tmp_path: Path) -> None:
    from engine.compiled.jit import forget_stale

    source, code = tmp_path / "dots.py", tmp_path / "__pycache__" / "products.nbc"
    code.parent.mkdir()
    source.write_text("one")
    forget_stale(tmp_path)
    code.touch()
    forget_stale(tmp_path)
    assert code.exists()
    source.write_text("another")
    forget_stale(tmp_path)
    assert not code.exists()
