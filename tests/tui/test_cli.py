"""The program as a whole: help, version, exit codes, and what is said when something goes wrong."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from textual.app import App

from corpora.version import __version__
from engine.presets import CLIP_BY_VALUE
from engine.settings import TrainingConfig
from tests.tui.cli_tools import VERSES, make_model
from tui.app import PantoumApp
from tui.cli import main
from tui.commandline import opening, shelf
from tui.commandline.output import printable

COMMANDS = [
    [], ["write"], ["corpus"], ["corpus", "add"], ["corpus", "list"], ["corpus", "show"], ["corpus", "remove"],
    ["corpus", "restore"], ["corpus", "starter"], ["train"], ["resume"], ["models"], ["show"], ["stop"], ["sample"],
    ["infill"], ["score"], ["next"], ["copied"], ["engine"], ["keys"],
]  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PANTOUM_DEBUG", raising=False)
    return tmp_path / "home"


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_the_version_is_told_without_importing_anything_slow() -> None:
    done = python("import sys, tui.cli; tui.cli.main(['--version']); print('typer' in sys.modules)")
    assert done.stdout.split("\n")[:2] == [f"pantoum {__version__}", "False"]


def test_the_version_is_an_option_among_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version", "models"]) == 0
    assert capsys.readouterr().out == f"pantoum {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(" ".join(["Usage: pantoum", *command]))
    assert "..." not in said.partition("Commands:")[2]  # no one-line summary is cut short
    usage, _, rest = said.partition("\n")
    assert not any(mark in usage for mark in ("[[", "{"))
    assert not any(kind in rest for kind in ("<str>", "<path>", "<list", "<int>", "<float>"))


def test_the_help_of_clip_has_both_of_its_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"[default: {TrainingConfig().clip:g}; {CLIP_BY_VALUE:g} with --clip-by value]" in said


def test_what_one_begins_with_is_listed_first_and_the_engine_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.partition("Commands:")[2].strip().splitlines()]
    assert listed[:4] == ["corpus", "train", "write", "sample"] and listed[-1] == "engine"
    assert sorted(listed) == sorted(set(listed)) and len(listed) == 28


def test_help_loads_no_screens_no_numbers_and_no_torch() -> None:
    heavy = {"torch", "numpy", "textual", "tokenizers", "rich", "asyncio"}
    done = python(f"import sys, tui.cli; tui.cli.main(['train', '--help']); print({heavy} & set(sys.modules))")
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["train"],
        ["train", "x.txt"],
        ["sample", "m", "--top-k", "many"],
        ["train", "x", "--unit", "verse"],
    ],
)
def test_wrong_usage_exits_with_2_and_says_so_plainly(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Usage: pantoum" in said.err
    assert "Traceback" not in said.err
    assert "─" not in said.err


def test_wrong_input_is_one_line_on_stderr_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "nobody"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("There is no model named 'nobody'.")
    assert said.err.count("\n") == 1


def test_a_fault_of_pantoum_itself_is_one_line_and_its_details_are_kept(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*, json: bool) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr(shelf, "list_models", broken)
    assert main(["models"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "a wheel came off" in said
    assert str(home / "errors.log") in said
    assert "Traceback" in (home / "errors.log").read_text()


def test_the_traceback_is_shown_to_whoever_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*, json: bool) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setenv("PANTOUM_DEBUG", "1")
    monkeypatch.setattr(shelf, "list_models", broken)
    with pytest.raises(RuntimeError):
        main(["models"])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EFBIG])
def test_trouble_with_the_disk_names_the_file_and_the_remedy(
    number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*, json: bool) -> None:
        raise OSError(number, os.strerror(number), "/somewhere/status.json")

    monkeypatch.setattr(shelf, "list_models", full)
    assert main(["models"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"/somewhere/status.json: {os.strerror(number)}. ")
    assert len(said) > len(f"/somewhere/status.json: {os.strerror(number)}. \n")


def test_ctrl_c_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*, json: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shelf, "list_models", interrupted)
    assert main(["models"]) == 130


def test_the_app_says_that_it_needs_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    assert "need a terminal" in capsys.readouterr().err


def test_an_app_that_fails_leaves_one_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(app: PantoumApp) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr(opening, "is_terminal", lambda stream: True)
    monkeypatch.setattr(PantoumApp, "on_mount", broken)
    monkeypatch.setattr(PantoumApp, "run", lambda app, mouse: App.run(app, headless=True, mouse=mouse))
    assert main([]) == 1
    said = capsys.readouterr().err
    assert "a wheel came off" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["."], "is a folder"),
        (["nowhere/draft.txt"], "there is no folder"),
        (["draft.txt", "-m", "nobody"], "There is no model named 'nobody'."),
        (["~nobody-of-that-name/draft.txt"], "there is no user of that name"),
        ([f"{'n' * 300}/draft.txt"], "there is no folder"),
    ],
)
def test_what_cannot_be_opened_is_said_before_any_screen(
    arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opening, "is_terminal", lambda stream: True)
    monkeypatch.setattr(PantoumApp, "run", lambda app, mouse: pytest.fail("the app was opened"))
    assert main(["write", *arguments]) == 1
    assert sentence in capsys.readouterr().err


def test_a_library_folder_that_is_a_file_is_explained(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write_text("I am in the way")
    text = tmp_path / "verses.txt"
    text.write_text(VERSES)
    assert main(["corpus", "add", str(text)]) == 1
    said = capsys.readouterr().err
    assert str(home) in said
    assert "PANTOUM_HOME" in said


def test_a_reader_that_closes_the_pipe_early_is_nothing_to_complain_about() -> None:
    for number in range(40):
        make_model(f"model {number}")
    program = subprocess.Popen(
        [sys.executable, "-m", "tui.cli", "models", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.close()
    assert program.stderr.read() == b""
    program.stderr.close()
    assert program.wait(timeout=60) == 0


def test_a_full_disk_while_a_corpus_is_added_is_one_clear_line(tmp_path: Path, home: Path) -> None:
    text = tmp_path / "long.txt"
    text.write_text(VERSES * 200)
    small_files = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    small_files += "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)); "
    done = python(f"{small_files}import sys, tui.cli; sys.exit(tui.cli.main(['corpus', 'add', {str(text)!r}]))")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert list((home / "corpora").iterdir()) == []


def test_control_codes_in_a_text_cannot_reach_the_terminal() -> None:
    assert printable("a\x1b[2Jb\tc\nd\x9b1m") == "a\ufffd[2Jb\tc\nd\ufffd1m"


def test_an_error_on_a_terminal_has_no_escape_sequences(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["corpus", "add", "/nowhere/\x1b[2J.txt"]) == 1
    assert "/nowhere/\N{REPLACEMENT CHARACTER}[2J.txt can't be read" in capsys.readouterr().err
