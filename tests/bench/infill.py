"""Whether the right context makes a filled gap better: a forward and a bidirectional model on text they never saw.

Both are trained on the first 90 % of a text, for as many steps each. From the rest gaps are cut, and the true middle
is compared with what else might stand there:

- ``true middle first``: how often it ranks first among ten, nine of them other middles of the same length from the
  held-out text. Without the right context by p(middle | left); with it as `pantoum infill` ranks.
- ``one character``: bits of a single missing character given the left context, and given both. Both are exact. The
  forward model's p(x | left, right) is p(x | left) p(right | left, x), summed over every x of its alphabet to
  normalise; the bidirectional one predicts it from both sides at once (a pseudo-likelihood where several characters
  are multiplied, but for one missing character simply its probability).
- ``a middle``: bits a character of the whole middle. Given both contexts that is
  p(middle | left) p(right | left, middle) / Z with Z = E[p(right | left, m)] over the model's own middles m. The sum
  over all m is out of reach, so Z is the mean over 63 middles drawn from the model and the true one. Because the true
  one is among them the gain can never exceed log2 64 = 6 bits a gap, and where the true middle is a typical one the
  bits are too high rather than too low (as in Oord et al. 2018, contrastive predictive coding).
- ``right context after``: bits a character of the right context after the best fill, after the best fill of a model
  that was not shown it, and after the true middle.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from corpora.library import CorpusLibrary
from corpora.starters import add_starter
from engine.folder import ModelLibrary
from engine.gap import JUDGED, Gap
from engine.infilling import fill
from engine.models import LoadedModel, Models
from engine.presets import plan
from engine.proposals import Drawing
from engine.ranking import Limits, make_take
from engine.records import CorpusReference
from engine.settings import Dials
from tests.bench._report import Figure, parser, report

CONTEXT = 200  # characters on each side
MIDDLE = 12  # characters
DISTRACTORS = 9
SAMPLES = 64  # middles over which Z is taken, the true one among them


@dataclass(frozen=True)
class Case:
    """A gap cut from held-out text."""

    left: str
    middle: str
    right: str
    others: tuple[str, ...]  # middles from elsewhere


def main() -> None:
    options = parser(__doc__)
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    options.add_argument("--text", type=Path, help="the text to train on (default: Python's manual)")
    options.add_argument("--steps", type=int, default=1500, help="budget of each model (default: 1500)")
    options.add_argument("--minutes", type=float, help="budget of each model in minutes instead")
    options.add_argument(
        "--gaps", type=int, default=200, help="gaps to cut; a quarter of them are filled (default: 200)"
    )
    chosen = options.parse_args()
    torch.set_num_threads(1)
    budget = {"minutes": chosen.minutes} if chosen.minutes else {"steps": chosen.steps}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        whole = text_of(home, chosen.text)
        cut = int(0.9 * len(whole))
        (home / "first.txt").write_text(whole[:cut], encoding="utf-8")
        cases = cut_gaps(whole[cut:], chosen.gaps)
        figures = []
        for name, bidirectional in (("forward", False), ("bidirectional", True)):
            train(home, name, bidirectional=bidirectional, **budget)
            figures += figures_of(name, Models(home).get(name), cases)
    report(figures, as_json=chosen.json)


def text_of(home: Path, path: Path | None) -> str:
    if path is not None:
        return path.read_text(encoding="utf-8")
    return add_starter(CorpusLibrary(home), "manual").corpus.text_path.read_text(encoding="utf-8")


def train(
    home: Path, name: str, *, bidirectional: bool, steps: int | None = None, minutes: float | None = None
) -> None:
    corpus = CorpusLibrary(home).add([home / "first.txt"], name="first").corpus
    made = plan(characters=corpus.record.characters, steps=steps, minutes=minutes, seed=1, bidirectional=bidirectional)
    folder = ModelLibrary(home).create(
        name, model=made.model, training=made.training, corpus=CorpusReference.of(corpus)
    )
    environment = {**os.environ, "PANTOUM_HOME": str(home)}
    command = [sys.executable, "-P", "-m", "engine.trainer", str(folder.path)]
    subprocess.run(command, env=environment, capture_output=True, check=True)


def cut_gaps(held_out: str, count: int) -> list[Case]:
    """Gaps at places drawn from a fixed seed."""
    rng = np.random.default_rng(0)

    def middle(place: int) -> str:
        return held_out[place : place + MIDDLE]

    places = rng.integers(CONTEXT, len(held_out) - CONTEXT - MIDDLE, count).tolist()
    return [
        Case(
            held_out[place - CONTEXT : place],
            middle(place),
            held_out[place + MIDDLE : place + MIDDLE + CONTEXT],
            tuple(middle(other) for other in rng.integers(0, len(held_out) - MIDDLE, DISTRACTORS).tolist()),
        )
        for place in places
    ]


def figures_of(name: str, model: LoadedModel, cases: Sequence[Case]) -> list[Figure]:
    """All figures of one model; what knows the right context must be better than what doesn't."""
    first = np.mean([ranked_first(model, case) for case in cases], axis=0) * 100
    one = np.mean([bits_of_one(model, case) for case in cases], axis=0)
    middle = np.mean([bits_of_middle(model, case, seed) for seed, case in enumerate(cases)], axis=0)
    after = np.mean(
        [bits_after(model, case, seed) for seed, case in enumerate(cases[: max(1, len(cases) // 4)])], axis=0
    )
    bits = "bits a character"
    return [
        Figure(f"{name}: true middle first, left context only", first[0], "% of gaps"),
        Figure(f"{name}: true middle first, both contexts", first[1], "% of gaps", at_least=first[0]),
        Figure(f"{name}: one character, left context only", one[0], bits),
        Figure(f"{name}: one character, both contexts", one[1], bits, at_most=one[0]),
        Figure(f"{name}: a middle, left context only", middle[0], bits),
        Figure(f"{name}: a middle, both contexts, at most", middle[1], bits, at_most=middle[0]),
        Figure(f"{name}: right context after a fill that ignored it", after[0], bits),
        Figure(f"{name}: right context after the best fill", after[1], bits, at_most=after[0]),
        Figure(f"{name}: right context after the true middle", after[2], bits),
    ]


def ranked_first(model: LoadedModel, case: Case) -> tuple[bool, bool]:
    """Whether the true middle is the best of all, by the left context and by both."""
    middles = [case.middle, *(other for other in case.others if other != case.middle)]
    judged = Gap(model, case.left, case.right).judge(middles)
    rates = dict.fromkeys(judged[0].costs, 0.0)  # all are of one length
    left = [judgement.costs["ahead"].gap for judgement in judged]
    both = [make_take(judgement, rates, Limits(MIDDLE, MIDDLE)).score for judgement in judged]
    return int(np.argmin(left)) == 0, int(np.argmin(both)) == 0


@torch.inference_mode()
def bits_of_one(model: LoadedModel, case: Case) -> tuple[float, float]:
    """Bits of the middle's first character: after the left context, and between both."""
    missing, right = case.middle[0], (case.middle + case.right)[1:]
    gap = Gap(model, case.left, right)
    [token] = model.tokenizer.encode(missing).tolist()
    ahead = gap.edge("ahead").hidden
    left = -torch.log_softmax(model.decoder.logits(ahead)[0], 0)[token].item()
    if model.back_decoder is not None:
        both = -torch.log_softmax(model.decoder.model.logits(ahead, gap.edge("back").hidden)[0], 0)[token].item()
    else:
        pieces = [model.tokenizer.decode([each]) for each in range(model.tokenizer.vocabulary)]
        alphabet = sorted({missing, *(piece for piece in pieces if len(piece) == 1 and piece.isprintable()), "\n"})
        costs = [judgement.costs["ahead"] for judgement in gap.judge(alphabet)]
        joint = -np.array([cost.gap + cost.beyond for cost in costs])
        both = float(np.logaddexp.reduce(joint) - joint[alphabet.index(missing)])
    return left / math.log(2), both / math.log(2)


def bits_of_middle(model: LoadedModel, case: Case, seed: int) -> tuple[float, float]:
    """Bits a character of the middle: after the left context, and between both."""
    gap = Gap(model, case.left, case.right)
    costs = [judgement.costs["ahead"] for judgement in gap.judge([case.middle, *drawn_middles(gap, seed)])]
    log_z = np.logaddexp.reduce([-cost.beyond for cost in costs]) - math.log(len(costs))
    both = costs[0].gap + costs[0].beyond + log_z
    return costs[0].gap / math.log(2) / MIDDLE, float(both) / math.log(2) / MIDDLE


@torch.inference_mode()
def drawn_middles(gap: Gap, seed: int) -> list[str]:
    """Middles drawn from the forward side as it is, one fewer than `SAMPLES`."""
    decoder, tokenizer = gap.model.decoder, gap.model.tokenizer
    drawing = Drawing(tokenizer, Dials(temperature=1.0, spell=True), seed, decoder.device)
    draw = drawing.after(gap.context("ahead"), SAMPLES - 1)
    hidden, state = gap.edge("ahead").spread(SAMPLES - 1)
    ids = []
    for _ in range(MIDDLE):
        ids.append(draw(decoder.logits(hidden)))
        hidden, state = decoder.advance(ids[-1], state)
    return [tokenizer.decode(column) for column in torch.stack(ids).t().tolist()]


def bits_after(model: LoadedModel, case: Case, seed: int) -> tuple[float, float, float]:
    """Bits a character of the right context after a fill that ignored it, after the best fill, after the truth."""
    limits = Limits(MIDDLE, MIDDLE)
    texts = [
        fill(model, case.left, right, limits, takes=1, dials=Dials(), seed=seed)[0].text for right in ("", case.right)
    ]
    judged = Gap(model, case.left, case.right[:JUDGED]).judge([*texts, case.middle])
    ignored, best, true = (judgement.costs["ahead"].beyond / math.log(2) / JUDGED for judgement in judged)
    return ignored, best, true


if __name__ == "__main__":
    main()
