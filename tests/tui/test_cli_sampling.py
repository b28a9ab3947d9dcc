"""`pantoum sample`, `infill` and `score`, with a service that only pretends."""

import io
import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.cli_tools import SERVICE, fake_service, make_model
from tui.cli import main
from tui.commandline import filling, serving

PROGRAM = """
import signal
import sys
from tests.tui.cli_tools import fake_service
from tui.cli import main
from tui.commandline import serving
serving.connect = fake_service
# Whoever started the tests may have had Ctrl-C ignored, as shells do for what runs in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(serving, "connect", fake_service)
    monkeypatch.chdir(tmp_path)
    make_model("bard")
    return tmp_path / "home"


def give(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def sampled(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["sample", "bard", *options]) == 0
    return capsys.readouterr().out


def test_the_prompt_comes_first_and_the_line_is_ended(capsys: pytest.CaptureFixture[str]) -> None:
    said = sampled(capsys, "--prompt", "Once", "-n", "20", "--seed", "1")
    assert said.startswith("Once")
    assert said.endswith("!\n")
    assert len(said) == len("Once") + 20 + len("!\n")


def test_the_same_seed_gives_the_same_text_and_another_another(capsys: pytest.CaptureFixture[str]) -> None:
    one = sampled(capsys, "--seed", "1")
    assert sampled(capsys, "--seed", "1") == one
    assert sampled(capsys, "--seed", "2") != one


def test_without_a_seed_every_sample_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    assert sampled(capsys) != sampled(capsys)


def test_seed_text_is_another_name_for_prompt(capsys: pytest.CaptureFixture[str]) -> None:
    assert sampled(capsys, "--seed-text", "Once", "-n", "3").startswith("Once")


def test_the_prompt_can_come_from_stdin_in_any_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, "夏草や\n👩\u200d🚀 ".encode())
    assert sampled(capsys, "--prompt", "-", "-n", "3").startswith("夏草や\n👩\u200d🚀 ")


def test_bytes_that_are_no_text_in_a_prompt_do_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    assert sampled(capsys, "--prompt", "a\udcffb", "-n", "3").startswith("a\ufffdb")


def test_a_sample_as_json_says_what_made_it(capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(sampled(capsys, "--json", "--prompt", "Once", "-n", "9", "--seed", "4", "--top-k", "5"))
    assert (made["model"], made["prompt"], made["seed"], made["reason"]) == ("bard", "Once", 4, "length")
    assert made["dials"]["top_k"] == 5
    assert len(made["text"]) == 10


@pytest.mark.parametrize(
    "options",
    [["--temperature", "-1"], ["--top-p", "0"], ["--min-p", "1"], ["--top-k", "-4"], ["--temperature", "nan"]],
)
def test_a_dial_out_of_its_range_is_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "bard", *options]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "must be" in said.err


@pytest.mark.parametrize("seed", ["-1", str(2**63)])
def test_a_seed_that_no_generator_takes_is_refused(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "bard", "--seed", seed]) == 1
    assert capsys.readouterr().err.startswith("seed is ")


def test_a_model_without_weights_is_refused_with_the_services_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    make_model("wordless")
    assert main(["sample", "wordless", "--prompt", "Once"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "wordless has no weights yet: train it first.\n"


def test_a_service_that_is_killed_is_one_line_after_what_it_had_written(capsys: pytest.CaptureFixture[str]) -> None:
    make_model("mortal")
    assert main(["sample", "mortal", "--prompt", "Once", "-n", "50"]) == 1
    said = capsys.readouterr()
    assert len(said.out) == len("Once") + 10 + len("\n")
    assert said.err.startswith("The engine stopped")
    assert said.err.count("\n") == 1


def test_a_fault_of_the_service_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    make_model("faulty")
    assert main(["sample", "faulty", "-n", "5"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_what_grows_backwards_stands_before_the_prompt_the_last_token_first(capsys: pytest.CaptureFixture[str]) -> None:
    forward = sampled(capsys, "-n", "20", "--seed", "1").removesuffix("!\n")
    assert sampled(capsys, "--prompt", "Once", "--backward", "-n", "20", "--seed", "1") == f"!{forward[::-1]}Once\n"


def test_a_backward_sample_as_json_has_what_grew_apart_from_the_prompt(capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(sampled(capsys, "--json", "--prompt", "Once", "--backward", "-n", "9", "--seed", "4"))
    assert (made["backward"], made["prompt"], len(made["text"])) == (True, "Once", 10)
    assert made["text"].startswith("!")


def test_what_had_grown_when_the_service_died_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    make_model("mortal")
    assert main(["sample", "mortal", "--prompt", "Once", "--backward", "-n", "50"]) == 1
    said = capsys.readouterr()
    assert said.out.endswith("Once\n")
    assert len(said.out) == 10 + len("Once\n")
    assert said.err.startswith("The engine stopped")


def infilled(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["infill", "bard", *options]) == 0
    return capsys.readouterr().out


def test_on_a_pipe_takes_are_bare_with_a_blank_line_between(capsys: pytest.CaptureFixture[str]) -> None:
    said = infilled(capsys, "--left", "In the ", "--right", " of it", "--length", "7", "-k", "2", "--seed", "1")
    takes = said.removesuffix("\n").split("\n\n")
    assert [len(take) for take in takes] == [7, 7]
    assert "\x1b" not in said


def test_takes_as_json_say_what_made_them_and_what_they_cost(capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(infilled(capsys, "--left", "In the ", "--right", " of it", "--json", "--seed", "4", "-k", "2"))
    assert (made["model"], made["left"], made["right"], made["seed"]) == ("bard", "In the ", " of it", 4)
    assert [list(take) for take in made["takes"]] == [["text", "gap_bits", "right_bits", "score"]] * 2
    assert len(made["takes"][0]["text"]) == 60  # the longest, where nothing is said


def test_on_a_terminal_takes_stand_between_their_contexts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(filling, "is_terminal", lambda: True)
    bare = infilled(capsys, "--left", "In the ", "--right", " of it", "-n", "5", "-k", "1", "--seed", "1", "--json")
    text = json.loads(bare)["takes"][0]["text"]
    shown = infilled(capsys, "--left", "In\x1b the ", "--right", " of it", "-n", "5", "-k", "1", "--seed", "1")
    assert shown.splitlines() == ["1  20.5 bits, and 30.2 for what follows", f"In\ufffd the {text} of it"]


def test_one_side_of_a_gap_can_come_from_stdin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, "夏草や ".encode())
    made = json.loads(infilled(capsys, "--left", "-", "--right", "a\udcff", "--json"))
    assert (made["left"], made["right"]) == ("夏草や ", "a\ufffd")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "give --left, --right or both"),
        (["--left", "a", "--length", "3", "--max-length", "4"], "either --length or --max-length"),
        (["--left", "-", "--right", "-"], "Only one side"),
        (["--left", "a", "--temperature", "-1"], "temperature"),
        (["--left", "a", "--seed", "-1"], "seed is"),
    ],
)
def test_a_gap_that_cannot_be_filled_is_refused(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["infill", "bard", *options]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err


def endless() -> "subprocess.Popen[bytes]":
    make_model("endless")
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "sample", "endless"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )


def test_ctrl_c_ends_the_line_and_exits_with_130() -> None:
    program = endless()
    assert program.stdout is not None
    assert program.stdout.read(5)  # it streams: this comes while it goes on
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=60)
    assert program.returncode == 130
    assert out.endswith(b"\n")
    assert b"Traceback" not in err


def test_a_reader_that_has_enough_ends_the_sample_quietly() -> None:
    program = endless()
    assert program.stdout is not None
    assert program.stdout.read(5)
    program.stdout.close()
    assert program.wait(timeout=60) == 0
    assert program.stderr is not None
    assert program.stderr.read() == b""
    program.stderr.close()


def test_an_engine_of_ones_own_is_asked_by_the_models_name_and_sent_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("PANTOUM_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PANTOUM_ENGINE", shlex.join(SERVICE))
    assert main(["sample", "far-away", "-n", "5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "far-away"
    (tmp_path / "new.txt").write_text("Füße\n", encoding="utf-8")
    assert main(["score", "far-away", str(tmp_path / "new.txt"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == 7


def test_a_score_as_json_has_exactly_the_agreed_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new.txt").write_text("Füße\n", encoding="utf-8")
    assert main(["score", "bard", "new.txt", "--json"]) == 0
    scored = json.loads(capsys.readouterr().out)
    assert list(scored) == [
        "tokens",
        "characters",
        "bytes",
        "nats_per_token",
        "bits_per_character",
        "bits_per_byte",
        "perplexity",
    ]
    assert (scored["characters"], scored["bytes"]) == (5, 7)


def test_a_score_for_people_is_aligned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new.txt").write_text("words", encoding="utf-8")
    assert main(["score", "bard", "new.txt"]) == 0
    assert "bits per character  2.1640\n" in capsys.readouterr().out


def test_stdin_is_scored_as_a_file_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    give(monkeypatch, "Füße\n".encode())
    assert main(["score", "bard", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == 7


def test_another_encoding_is_scored_as_the_text_that_it_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "L'été s'achève à la forêt, où la fée rêve près du château. " * 9
    (tmp_path / "old.txt").write_bytes(text.encode("latin-1"))
    assert main(["score", "bard", "old.txt", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["bytes"] == len(text.encode())
    assert "not UTF-8" in said.err


@pytest.mark.parametrize("name", ["nowhere.txt", "."])
def test_what_is_no_file_cannot_be_scored(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "bard", name]) == 1
    assert capsys.readouterr().err.startswith(f"{name} is not ")
