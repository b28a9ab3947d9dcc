"""How much memory a piece of work takes, measured from outside, and a large text to work on."""

import itertools
import random
import subprocess
import sys
import textwrap
from pathlib import Path

_MEASURE = """
import re, resource, sys
from pathlib import Path
def peak():
    # Not getrusage where there is a choice: its figure includes what the parent had before it started this process.
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
"""


def peak_memory(program: str, *arguments: str) -> float:
    """Runs Python source in a process of its own with `arguments`; the most memory that it held, in MB.

    Raises `subprocess.CalledProcessError` where the program fails.
    """
    source = _MEASURE + textwrap.dedent(program) + "\nprint(peak())"
    result = subprocess.run([sys.executable, "-c", source, *arguments], stdout=subprocess.PIPE, check=True, text=True)
    return int(result.stdout.split()[-1]) / 1e6


def invented_prose(characters: int, seed: int = 0) -> str:
    """Sentences of invented words, whose frequencies fall as those of a language do (Zipf)."""
    source = random.Random(seed)
    syllables = ("ba", "ri", "ton", "mel", "sha", "or", "qui", "est", "lin", "ve", "dra", "mo", "th", "en")
    words = ["".join(source.choices(syllables, k=source.randint(1, 4))) for _ in range(30_000)]
    weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(words))))
    parts: list[str] = []
    length = 0
    while length < characters:
        sentence = " ".join(source.choices(words, cum_weights=weights, k=source.randint(4, 14))).capitalize() + ".\n"
        parts.append(sentence)
        length += len(sentence)
    return "".join(parts)[:characters]


def write_large_text(path: Path, megabytes: int) -> None:
    """A file of that size; no two of its megabytes are the same."""
    block = invented_prose(4_000_000)
    with path.open("w", encoding="utf-8") as file:
        for number in range(megabytes):
            start = number * 7919 % 3_000_000
            file.write(f"Chapter {number}\n".ljust(20) + block[start : start + 999_980])
