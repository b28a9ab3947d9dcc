"""Steps in a fixed shape at fixed addresses, as a CUDA graph wants them; on a CPU they are done where CUDA replays."""

import threading

import pytest
import torch
from torch import Tensor

from engine.decoder import Decoder
from engine.recorded_steps import ROWS, Recorded, RecordedSteps, record_on_cuda, run_again
from engine.settings import CELLS, Cell, Softmax
from engine.stack import State
from tests.engine.test_model import model_of


def fixed(decoder: Decoder) -> RecordedSteps:
    def work(ids: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        hidden, after = decoder.advance(ids, state)
        return hidden, decoder.logits(hidden), after

    return RecordedSteps(work, decoder.zero_state(ROWS), run_again)


@torch.inference_mode()
def stepped(step: RecordedSteps, ids: Tensor, state: State) -> tuple[list[Tensor], State]:
    found = []
    for row in ids:
        _, logits, state = step(row, state)
        found.append(logits)
    return found, state


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("batch", [1, 3, ROWS, ROWS + 5, 2 * ROWS])
def test_any_number_of_rows_goes_through_one_shape(cell: Cell, batch: int) -> None:
    model = model_of(cell)
    decoder = Decoder(model)
    ids = torch.randint(23, (12, batch))
    expected, end = model(ids, model.zero_state(batch))
    found, state = stepped(fixed(decoder), ids, decoder.zero_state(batch))
    assert torch.allclose(torch.stack(found), expected, atol=1e-4)
    for layer, wanted in zip(state, end, strict=True):
        for part, right in zip(layer, wanted, strict=True):
            assert part.is_contiguous()  # cuDNN, which reads on from there, wants it so
            assert torch.allclose(part, right, atol=1e-4)


def test_a_row_gets_the_same_bits_whatever_stands_beside_it() -> None:
    decoder = Decoder(model_of("lstm"))
    ids = torch.randint(23, (20, 32))
    many, _ = stepped(fixed(decoder), ids, decoder.zero_state(32))
    alone, _ = stepped(fixed(decoder), ids[:, 7:8], decoder.zero_state(1))
    assert all(torch.equal(row[7], single[0]) for row, single in zip(many, alone, strict=True))


@torch.inference_mode()
def test_what_a_step_returned_stays_as_it_was() -> None:
    decoder = Decoder(model_of("gru"))
    step = fixed(decoder)
    first, second = torch.tensor([3, 4]), torch.tensor([5, 6])
    hidden, logits, state = step(first, decoder.zero_state(2))
    kept = [hidden.clone(), logits.clone(), *(part.clone() for layer in state for part in layer)]
    step(second, state)
    assert all(torch.equal(a, b) for a, b in zip(kept, [hidden, logits, *(p for s in state for p in s)], strict=True))


def test_it_is_recorded_once_and_only_when_it_is_used() -> None:
    decoder = Decoder(model_of("lstm"))
    recordings = []

    def record(work: object) -> Recorded:
        recordings.append(work)
        return run_again(work)  # type: ignore[arg-type]

    step = RecordedSteps(decoder._step, decoder.zero_state(ROWS), record)
    assert not recordings
    stepped(step, torch.randint(23, (4, 2)), decoder.zero_state(2))
    stepped(step, torch.randint(23, (4, 5)), decoder.zero_state(5))
    assert len(recordings) == 1


def test_steps_that_can_not_be_recorded_are_done_all_the_same() -> None:
    def refuse(work: object) -> Recorded:
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    model = model_of("lstm", layer_norm=True)
    decoder = Decoder(model)
    ids = torch.randint(23, (6, 2))
    expected, _ = model(ids, model.zero_state(2))
    found, _ = stepped(RecordedSteps(decoder._step, decoder.zero_state(ROWS), refuse), ids, decoder.zero_state(2))
    assert torch.allclose(torch.stack(found), expected, atol=1e-4)


def test_threads_never_mix_their_streams() -> None:
    decoder = Decoder(model_of("lstm"))
    step = fixed(decoder)
    ids = [torch.randint(23, (60, batch)) for batch in (2, 3, 70)]
    alone = [stepped(step, part, decoder.zero_state(part.shape[1]))[0] for part in ids]
    together: dict[int, list[Tensor]] = {}

    def go(number: int) -> None:
        together[number] = stepped(step, ids[number], decoder.zero_state(ids[number].shape[1]))[0]

    threads = [threading.Thread(target=go, args=(number,)) for number in range(len(ids))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, expected in enumerate(alone):
        assert all(torch.equal(a, b) for a, b in zip(together[number], expected, strict=True))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("softmax", ["full", "adaptive"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_graph_steps_to_the_logits_of_the_training_forward(cell: Cell, softmax: Softmax) -> None:
    model = model_of(cell, softmax=softmax).cuda()
    decoder = Decoder(model)
    ids = torch.randint(23, (40, 3), device="cuda")
    expected, _ = model(ids, model.zero_state(3))
    state = decoder.zero_state(3)
    alone = [tuple(part[:1] for part in layer) for layer in state]
    for t, row in enumerate(ids):
        logits, state = decoder.step(row, state)
        single, alone = decoder.step(row[:1], alone)
        assert torch.allclose(logits, expected[t], atol=1e-4)
        assert torch.equal(single[0], logits[0])


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@torch.inference_mode()
def test_a_step_is_recorded_and_not_only_done_on_cuda() -> None:
    decoder = Decoder(model_of("lstm").cuda())
    work = lambda: decoder._step(torch.zeros(ROWS, dtype=torch.int64, device="cuda"), decoder.zero_state(ROWS))[:2]  # noqa: E731
    results, replay = record_on_cuda(work)  # raises where it can't
    replay()
    assert torch.isfinite(results[1]).all()
