"""The documentation is true where a program can tell: commands, options, keys, files and names that it shows exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tui.commandline.app import app
from tui.commands.key_names import key_names
from tui.commands.keymap import read_keymap
from tui.commands.registry import all_commands, key_groups
from tui.training.catalogue import SETTINGS

ROOT = Path(__file__).parents[1]
PAGES = tuple(
    str(path.relative_to(ROOT)) for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
)
FLOORS = ("corpora", "engine", "tui")
COLUMNS = 120  # of prose, as of code
CODE_COLUMNS = 160  # of a command, which can't be broken
CELL = 240  # characters of a table's cell: what is longer is a paragraph and stands beneath the table
PATH = re.compile(r"(?:(?:corpora|engine|tui|tests|docs|\.ci)/[\w./-]*|[\w-]+\.(?:toml|md)|Makefile|constraints\.txt)")
OF_THE_HOME = {"keys.toml"}  # files of Pantoum's folder, not of the repository
DOTTED = re.compile(r"(?:corpora|engine|tui|tests)(?:\.\w+)+")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def spans(page: str) -> list[str]:
    """What a page has between backticks, code blocks left out."""
    prose = re.sub(r"^```.*?^```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


# --- commands ---


def shown_commands() -> list[str]:
    """Every command line of ours in the pages and in the commands' own help."""
    lines = []
    for page in PAGES:
        lines += re.findall(r"^(?:\$ | {4}).*?(pantoum [^|#<\n]*)", text_of(page), re.MULTILINE)
        lines += [span for span in spans(page) if span.startswith("pantoum ")]
    for path in sorted((ROOT / "tui" / "commandline").glob("*.py")):
        lines += re.findall(
            r"^ {6}(?:\w[^`\n]*\| )?(pantoum \w[^|<\n]*)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    return sorted({re.split(r" {3,}", line)[0].strip() for line in lines} - {"pantoum"})


@pytest.mark.parametrize("line", shown_commands())
def test_a_command_that_is_shown_exists_with_its_options(line: str) -> None:
    command: Any = typer.main.get_command(app)
    words = shlex.split(re.sub(r"[\[\]]", "", line))[1:]
    while words and hasattr(command, "commands") and re.match(r"[a-z]", words[0]):
        assert words[0] in command.commands, f"there is no command {words[0]}"
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= known | {"-", "--help"}


def test_every_command_is_in_the_readme() -> None:
    readme = text_of("README.md")
    root: Any = typer.main.get_command(app)
    assert [name for name in root.commands if f"`pantoum {name}" not in readme] == []


def test_every_setting_is_explained_in_the_usage_page() -> None:
    usage = text_of("docs/usage.md")
    assert [setting.flag for setting in SETTINGS.values() if not re.search(rf"{setting.flag}\b(?!-)", usage)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_program_that_a_page_runs_is_there(page: str) -> None:
    text = text_of(page)
    modules = set(re.findall(r"-m ((?:corpora|engine|tui|tests)(?:\.\w+)+)", text))
    assert [name for name in sorted(modules) if not module_file(name)] == []
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    wanted = set(re.findall(r"(?:`|^\$ )make ([a-z]+)", text, re.MULTILINE))
    assert wanted <= targets


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_of_the_environment_that_a_page_names_is_read_somewhere(page: str) -> None:
    code = [path.read_text(encoding="utf-8") for floor in (*FLOORS, "tests") for path in (ROOT / floor).rglob("*.py")]
    read = set(re.findall(r"\bPANTOUM_[A-Z_]+", "\n".join(text for text in code if "test_docs" not in text)))
    assert set(re.findall(r"\bPANTOUM_[A-Z_]+", text_of(page))) <= read


def test_every_variable_of_the_environment_is_in_the_usage_page() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
    between_processes = {"PANTOUM_STARTED", "PANTOUM_ASKED", "PANTOUM_STOP_AFTER"}
    read = set(re.findall(r"\bPANTOUM_[A-Z_]+\b", code)) - between_processes
    assert [name for name in sorted(read) if f"`{name}`" not in text_of("docs/usage.md")] == []


# --- keys ---


def test_the_example_of_keys_of_ones_own_can_be_used_as_it_stands(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```", text_of("docs/usage.md"), re.MULTILINE | re.DOTALL)
    (tmp_path / "keys.toml").write_text(example, encoding="utf-8")
    keymap = read_keymap(tmp_path / "keys.toml", key_groups())
    assert (list(keymap.problems), keymap.doubts()) == ([], [])
    assert len(keymap.keys) == example.count(" = ")


def shown_keys() -> set[str]:
    """The keys that the usage page names, ``1`` to ``7`` all of them."""
    text = text_of("docs/usage.md")
    keys = {key for span in spans("docs/usage.md") for key in (span, *span.split())}
    for before, first, last in re.findall(r"`([^`\d]*)(\d)` (?:to|…) `\1(\d)`", text):
        keys |= {f"{before}{digit}" for digit in range(int(first), int(last) + 1)}
    return keys | ({"⏎"} if "Enter" in text else set()) | ({"del"} if "`delete`" in text else set())


def test_every_key_of_the_app_is_on_the_usage_page() -> None:
    """But for the editor's own, of which F1 has the list."""
    shown = shown_keys()
    commands = [each for screen, group in all_commands().items() if screen != "editor" for each in group]
    assert [(each.id, key) for each in commands for key in key_names(each.keys).split() if key not in shown] == []


@pytest.mark.parametrize("page", ["README.md", "docs/usage.md"])
def test_every_key_that_a_page_names_does_something(page: str) -> None:
    keys = {key for group in all_commands().values() for each in group for key in key_names(each.keys).split()}
    named = {key for span in spans(page) for key in span.split() if re.fullmatch(r"F\d+|(?:ctrl|alt|shift)\+\S+", key)}
    assert sorted(named - keys - {"ctrl+enter"}) == []  # which is named as one that most terminals don't send


# --- places ---


def anchors(page: Path) -> set[str]:
    """The names of a page's headings in links, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_place_that_a_page_links_to_is_there(page: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", text_of(page)):
        if "://" not in link:
            name, _, anchor = link.partition("#")
            target = (ROOT / page).parent / name if name else ROOT / page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def named_paths(page: str) -> Iterator[str]:
    for span in spans(page):
        if PATH.fullmatch(span) and span not in OF_THE_HOME and not re.search(r"/[A-Z]+$", span):
            yield span


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    """By its path from the root, or from the folder of the page."""
    places = (ROOT, (ROOT / page).parent)
    missing = [name for name in named_paths(page) if not any((place / name).exists() for place in places)]
    assert missing == []


def module_file(name: str) -> Path | None:
    path = ROOT.joinpath(*name.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.exists()), None)


def is_there(name: str) -> bool:
    """Whether this is a module, or something that one defines."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        if file := module_file(".".join(parts[:count])):
            code = file.read_text(encoding="utf-8")
            rest = parts[count:]
            return all(re.search(rf"^\s*(?:def |class |async def )?{part}\b", code, re.MULTILINE) for part in rest)
    return False


@pytest.mark.parametrize("page", PAGES)
def test_every_name_of_the_code_that_a_page_gives_is_there(page: str) -> None:
    assert [span for span in spans(page) if DOTTED.fullmatch(span) and not is_there(span)] == []


def test_the_map_of_the_code_has_every_folder_of_it() -> None:
    page = text_of("docs/architecture.md")
    folders = sorted({f"{path.parent.relative_to(ROOT)}/" for floor in FLOORS for path in (ROOT / floor).rglob("*.py")})
    assert [folder for folder in folders if f"`{folder}" not in page] == []


def test_the_map_of_the_engine_has_every_module_of_it_and_no_other() -> None:
    table = text_of("docs/architecture.md").partition("| room | files in `engine/` |")[2].partition("\n\n")[0]
    rows = [row for row in table.splitlines() if row.startswith("| ") and "engine/" not in row]
    named = [name for row in rows for name in re.findall(r"[a-z_]+", row.split("|")[2])]
    assert sorted(named) == sorted(path.stem for path in (ROOT / "engine").glob("[a-z]*.py"))


def test_every_page_is_in_the_index() -> None:
    index = text_of("docs/README.md")
    pages = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    assert [name for name in pages if name != "README.md" and f"]({name}" not in index] == []


def test_every_benchmark_is_on_the_page_of_measurements() -> None:
    page = text_of("docs/performance.md")
    programs = sorted(path.stem for path in (ROOT / "tests" / "bench").glob("[a-z]*.py"))
    assert [name for name in programs if not re.search(rf"python -m tests\.bench\.{name}\b", page)] == []


# --- reading ---


def lines_of(page: str) -> Iterator[tuple[int, str, bool]]:
    """Each line of a page with its number, and whether it is code."""
    code = False
    for number, line in enumerate(text_of(page).splitlines(), 1):
        if line.startswith("```"):
            code = not code
        yield number, line, code or line.startswith("    ")


@pytest.mark.parametrize("page", PAGES)
def test_lines_can_be_read_without_scrolling(page: str) -> None:
    too_long = [
        f"{page}:{number}"
        for number, line, code in lines_of(page)
        if not line.startswith("|") and len(line) > (CODE_COLUMNS if code else COLUMNS)
    ]
    assert too_long == []


@pytest.mark.parametrize("page", PAGES)
def test_cells_of_tables_can_be_read(page: str) -> None:
    too_long = [
        f"{page}:{number}"
        for number, line, code in lines_of(page)
        if line.startswith("|") and not code and max(len(cell) for cell in line.split("|")) > CELL
    ]
    assert too_long == []
