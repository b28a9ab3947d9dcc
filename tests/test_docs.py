"""The commands that the documentation shows exist, with the options that it gives them."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tui.commandline.app import app
from tui.training.catalogue import SETTINGS

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/usage.md", "docs/distributed.md", "CONTRIBUTING.md")


def shown_commands() -> list[str]:
    """Every command line of ours in the pages and in the commands' own help."""
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in PAGES]
    lines = [line for page in pages for line in re.findall(r"^\$ .*?(pantoum [^|#<\n]*)", page, re.MULTILINE)]
    for path in sorted((ROOT / "tui" / "commandline").glob("*.py")):
        lines += re.findall(
            r"^ {6}(?:\w[^`\n]*\| )?(pantoum \w[^|<\n]*)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    return sorted({re.split(r" {3,}", line)[0].strip() for line in lines} - {"pantoum"})


@pytest.mark.parametrize("line", shown_commands())
def test_a_command_that_is_shown_exists_with_its_options(line: str) -> None:
    command: Any = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, f"there is no command {words[0]}"
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in parameter.opts} | {"-"}
    assert {word for word in words if word.startswith("-")} <= known


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    root: Any = typer.main.get_command(app)
    assert [name for name in root.commands if f"`pantoum {name}" not in readme] == []


def anchors(page: Path) -> set[str]:
    """The names of a page's headings in links, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_place_that_a_page_links_to_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if "://" not in link:
            name, _, anchor = link.partition("#")
            target = (ROOT / page).parent / name if name else ROOT / page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_every_setting_is_explained_in_the_usage_page() -> None:
    usage = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
    assert [setting.flag for setting in SETTINGS.values() if not re.search(rf"{setting.flag}\b(?!-)", usage)] == []
