"""What tokens and words of a passage cost."""

import math

import pytest
import torch

from corpora.tokenizers import Unit, train_tokenizer
from engine.context import read_context
from engine.decoder import Decoder
from engine.jobs import Job, JobCancelled
from engine.model import LanguageModel
from engine.scoring import total_nats
from engine.settings import ModelConfig
from engine.surprisal import token_nats, token_spans, word_spans
from tests.texts import prose

TEXT = "The river's edge, well-known to him. É行く — 🙂 and so on."


@pytest.mark.parametrize("unit", ["char", "word", "bpe"])
def test_spans_cover_a_passage_and_cost_what_scoring_it_does(unit: Unit) -> None:
    tokenizer = train_tokenizer(unit, [prose(4000)])
    torch.manual_seed(0)
    decoder = Decoder(LanguageModel(ModelConfig(vocabulary=tokenizer.vocabulary, hidden=12, embedding=8)).eval())
    context = read_context(decoder, tokenizer, "", lambda ids: decoder.prefill(ids, decoder.zero_state()))
    ids = tokenizer.encode(TEXT)
    nats = list(token_nats(decoder, context, ids, Job()))
    spans = token_spans(tokenizer, ids, nats, 10)
    words = word_spans(spans, lambda place: TEXT[place - 10])
    for found in (spans, words):
        assert [span.start for span in found] == [10, *(span.end for span in found[:-1])]
        assert found[-1].end == 10 + len(TEXT)
        assert sum(span.bits for span in found) * math.log(2) == pytest.approx(total_nats(decoder, [ids])[0], rel=1e-4)


def test_a_word_has_the_marks_before_it_and_keeps_its_apostrophes() -> None:
    tokenizer = train_tokenizer("char", [TEXT * 10])
    ids = tokenizer.encode(TEXT)
    words = word_spans(token_spans(tokenizer, ids, [1.0] * len(ids), 0), TEXT.__getitem__)
    assert [TEXT[word.start : word.end] for word in words] == [
        "The", " river's", " edge", ", well-known", " to", " him", ". É", "行", "く", " — 🙂 and", " so", " on", ".",
    ]  # fmt: skip


def test_a_cancelled_passage_is_read_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = train_tokenizer("char", [prose(1000)])
    decoder = Decoder(LanguageModel(ModelConfig(vocabulary=tokenizer.vocabulary, hidden=8, embedding=8)).eval())
    context = read_context(decoder, tokenizer, "", lambda ids: decoder.prefill(ids, decoder.zero_state()))
    job = Job()
    nats = token_nats(decoder, context, tokenizer.encode(prose(1000)), job)
    next(nats)
    job.cancel()
    with pytest.raises(JobCancelled):
        list(nats)
