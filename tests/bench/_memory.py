"""What the operating system counts that a training needs, in a process of its own: one step, or a whole short run."""

import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from corpora.library import CorpusLibrary
from engine.folder import ModelLibrary
from engine.records import CorpusReference
from engine.settings import ModelConfig, TrainingConfig
from tests.bench._prose import prose
from tests.corpora.memory import peak_memory

STEP = """
import re, sys
from pathlib import Path
import msgspec, numpy as np, torch
from engine.model import LanguageModel
from engine.settings import ModelConfig, TrainingConfig
from engine.shapes import Shape
from engine.training import Trainer

config = msgspec.json.decode(sys.argv[1], type=ModelConfig)
torch.set_num_threads(1)
tokens = np.random.default_rng(0).integers(0, config.vocabulary, 200_000).astype(np.uint16)
training = TrainingConfig(steps=1, ema=0.998)
model = LanguageModel(config)
Trainer(model, tokens, training, torch.device("cpu"), Shape(2, 4)).advance(0.5)  # all that is made only once
trainer = Trainer(model, tokens, training, torch.device("cpu"), Shape(int(sys.argv[2]), int(sys.argv[3])))
status = Path("/proc/self/status")
kilobytes = lambda name: int(re.search(name + r":\\s*(\\d+)", status.read_text())[1])
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew at what is held now
before = kilobytes("VmRSS")
trainer.advance(0.5)
print(kilobytes("VmHWM") - before)
"""
RUN = """
from engine import trainer

if trainer.main([sys.argv[1]]):
    sys.exit(Path(sys.argv[1], "status.json").read_text())
"""
TEXT = 400_000  # characters, of which a tenth are enough for the largest pieces that an evaluation reads


def peak_over_baseline(config: ModelConfig, batch: int, length: int) -> float:
    """Bytes that one step of this shape needs over what the process holds before it. Only Linux counts them so."""
    arguments = [msgspec.json.encode(config).decode(), str(batch), str(length)]
    found = subprocess.run([sys.executable, "-c", STEP, *arguments], capture_output=True, text=True, check=True)
    return 1024.0 * float(found.stdout)


def peak_of_run(config: ModelConfig, training: TrainingConfig) -> tuple[float, ModelConfig]:
    """Bytes that the trainer's process holds at most in a whole run with its evaluations, checkpoints and results; and
    the model with its vocabulary."""
    with tempfile.TemporaryDirectory() as home:
        text = Path(home) / "prose.txt"
        text.write_text(prose(TEXT), encoding="utf-8")
        corpus = CorpusLibrary(Path(home)).add([text]).corpus
        made = ModelLibrary(Path(home)).create(
            "measured", model=config, training=training, corpus=CorpusReference.of(corpus)
        )
        peak = 1e6 * peak_memory(RUN, str(made.path))
        return peak, made.record().model
