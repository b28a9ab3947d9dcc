"""What the operating system counts that one training step needs, in a process of its own."""

import subprocess
import sys

import msgspec

from engine.settings import ModelConfig

PROGRAM = """
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


def peak_over_baseline(config: ModelConfig, batch: int, length: int) -> float:
    """Bytes that one step of this shape needs over what the process holds before it. Only Linux counts them so."""
    arguments = [msgspec.json.encode(config).decode(), str(batch), str(length)]
    found = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    return 1024.0 * float(found.stdout)
