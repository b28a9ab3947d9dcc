"""The floors as they are when the program runs: what each of them pulls into memory."""

import subprocess
import sys

import pytest

IMPORT_ALL = """
import importlib, pkgutil, sys
for root in sys.argv[1:]:
    package = importlib.import_module(root)
    for module in pkgutil.walk_packages(package.__path__, root + "."):
        importlib.import_module(module.name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The top-level packages in memory after running `code` in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("floor", "forbidden"),
    [
        ("corpora", {"torch", "textual", "rich", "typer", "engine", "tui"}),
        ("engine", {"textual", "rich", "typer", "tui"}),
        ("tui", {"torch", "safetensors"}),
    ],
)
def test_a_floor_loads_nothing_of_what_it_must_not_know(floor: str, forbidden: set[str]) -> None:
    assert loaded_by(IMPORT_ALL, floor) & forbidden == set()


def test_the_command_line_loads_no_screens_until_the_app_is_opened() -> None:
    code = "import sys, tui.cli, tui.commandline.app; print(*{name.partition('.')[0] for name in sys.modules})"
    assert loaded_by(code) & {"textual", "numpy", "tokenizers", "rich", "asyncio"} == set()
